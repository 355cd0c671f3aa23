// Why a label was given: which times and frequencies of the sound carried it, as a picture and as a table.

import { el, svg } from "../lib/dom.js";
import { capital, hertz, moment, percent } from "../lib/format.js";
import { fitted, widest } from "../lib/picture.js";

/** @import { SalienceMap } from "#api" */

const MIN_LEFT = 44;
const GAP = 8;
const TOP = 20;
const ROW = 20;
const AXIS = 38;
/** Cells from here on carry a sign, so that nothing is told by colour alone. */
const SIGNED_FROM = 0.5;
const TOLD_FROM = 0.1;

/**
 * Show which times and frequencies each map's label came from.
 * @param {SalienceMap[]} maps
 */
export function salienceFigures(maps) {
  const shown = maps.filter((map) => map.relevance[0]?.length);
  return shown.length > 0 && [
    el("h3", {}, "What carried the label"),
    el("p", {}, "For the clearest moment of each emotion that was perceived longest: what changes within one small region of the sound was "
      + "levelled out, the model was asked again, and the region coloured by how much less, or more, likely the label became (occlusion)."),
    el("p", { class: "hint" }, "It shows what the model relied on. It does not show what you felt, nor that such sounds mean an emotion; and regions that say the same can stand in for one another."),
    el("div", { class: "salience-list" }, shown.map(figure)),
  ];
}

/**
 * Return when a slot begins, in seconds of the recording.
 * @param {SalienceMap} map
 * @param {number} slot
 */
export const slotStart = (map, slot) => map.start_s + ((map.end_s - map.start_s) * slot) / map.relevance[0].length;

/**
 * Write `390–1,200 Hz` for bands `low` up to and without `high`.
 * @param {SalienceMap} map
 * @param {number} low
 * @param {number} high
 */
export function frequencies(map, low, high) {
  if (low === 0 && high === map.relevance.length) return "all frequencies";
  return `${hertz(map.band_edges_hz[low])}–${hertz(map.band_edges_hz[high])} Hz`;
}

/** @param {SalienceMap} map */
function figure(map) {
  const period = `${moment(map.start_s)} to ${moment(map.end_s)}`;
  return el("figure", { class: "salience" },
    el("p", { class: "salience-title" }, el("strong", {}, `Why “${map.label}”`), ` ${period}, ${percent(map.confidence)} confidence`),
    legend(map),
    fitted("salience-frame", (width) => picture(map, width)),
    map.summary && el("figcaption", {}, map.summary),
    table(map));
}

/** @param {SalienceMap} map */
function legend({ label }) {
  /**
   * @param {string} kind
   * @param {string} sign
   * @param {string} words
   */
  const item = (kind, sign, words) => el("li", {}, el("span", { class: `sign-swatch ${kind}` }, sign), words);
  return el("ul", { class: "legend", "aria-hidden": "true" }, item("for", "+", `spoke for “${label}”`), item("against", "−", "spoke against it"));
}

/**
 * @param {SalienceMap} map
 * @param {number} width in pixels
 */
function picture(map, width) {
  const bands = map.relevance.length;
  const edges = map.band_edges_hz.map(hertz);
  const left = Math.max(MIN_LEFT, widest(["Hz", ...edges]) + GAP);
  const floor = TOP + bands * ROW;
  const step = (width - left - 1) / map.relevance[0].length;
  const words = `What spoke for and against “${map.label}”, by time and frequency. ${map.summary ?? ""} The table below has every region that counts.`;
  return svg("svg", { viewBox: `0 0 ${width} ${floor + AXIS}`, width, height: floor + AXIS, role: "img", "aria-label": words },
    svg("text", { class: "axis-name", x: left - 6, y: 14, "text-anchor": "end" }, "Hz"),
    edges.map((edge, index) => svg("text", { x: left - 6, y: floor - index * ROW + 4, "text-anchor": "end" }, edge)),
    map.relevance.map((row, band) => row.map((value, slot) =>
      cell({ value, x: left + slot * step, y: floor - (band + 1) * ROW, width: step, title: cellWords(map, band, slot) }))),
    svg("rect", { class: "border", x: left, y: TOP, width: step * map.relevance[0].length, height: bands * ROW }),
    timeTicks(map, { left, step, floor, width }),
    svg("text", { class: "axis-name", x: (left + width) / 2, y: floor + 34, "text-anchor": "middle" }, map.end_s < 60 ? "seconds" : "minutes : seconds"));
}

/** @param {{ value: number, x: number, y: number, width: number, title: string }} cell */
function cell({ value, x, y, width, title }) {
  const kind = value < 0 ? "against" : "for";
  const [middle, centre, arm] = [x + width / 2, y + ROW / 2, Math.min(4, width / 4)];
  const across = `M${middle - arm} ${centre}H${middle + arm}`;
  return svg("g", { class: kind }, svg("title", {}, title),
    svg("rect", { x, y, width, height: ROW, "fill-opacity": Math.abs(value) }),
    Math.abs(value) >= SIGNED_FROM && svg("path", { class: "sign", d: value < 0 ? across : `${across}M${middle} ${centre - arm}V${centre + arm}` }));
}

/**
 * Draw the axis of time: as many labels as there is room for, the last one within the picture.
 * @param {SalienceMap} map
 * @param {{ left: number, step: number, floor: number, width: number }} place where the axis begins, how wide a slot is, where the axis lies, and how wide the picture is, in pixels
 */
function timeTicks(map, { left, step, floor, width }) {
  const labels = Array.from({ length: map.relevance[0].length + 1 }, (_, slot) => moment(slotStart(map, slot)).replace(/ s$/, ""));
  const label = widest(labels);
  // a label that would end outside moves in by half its width, towards the one before it
  const every = Math.max(1, Math.ceil((1.5 * label + GAP) / step));
  return labels.map((text, slot) => {
    if (slot % every !== 0) return null;
    const x = left + slot * step;
    const last = x + label / 2 > width;
    return svg("g", { class: "tick" },
      svg("line", { x1: x, x2: x, y1: floor, y2: floor + 4 }),
      svg("text", { x: last ? width : x, y: floor + 17, "text-anchor": last ? "end" : "middle" }, text));
  });
}

/** @param {number} value */
const side = (value) => (value < 0 ? "against" : "for");
/**
 * @param {SalienceMap} map
 * @param {number} slot
 */
const period = (map, slot) => `${moment(slotStart(map, slot))} to ${moment(slotStart(map, slot + 1))}`;

/**
 * @param {SalienceMap} map
 * @param {number} band
 * @param {number} slot
 */
function cellWords(map, band, slot) {
  const value = map.relevance[band][slot];
  return `${period(map, slot)}, ${frequencies(map, band, band + 1)}: ${percent(Math.abs(value))} of the strongest, ${side(value)} “${map.label}”`;
}

/** @param {SalienceMap} map */
function table(map) {
  const cells = map.relevance.flatMap((row, band) => row.map((value, slot) => ({ value, band, slot })))
    .filter(({ value }) => Math.abs(value) >= TOLD_FROM)
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  const name = `${capital(map.label)} at ${moment(map.start_s)}: regions by strength`;
  return el("details", { class: "more" }, el("summary", {}, "The picture as a table"),
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": name },
      el("table", { class: "plain-table" },
        el("thead", {}, el("tr", {}, ["Time", "Frequency", "Spoke", "Strength"].map((title) => el("th", { scope: "col" }, title)))),
        el("tbody", {}, cells.map(({ value, band, slot }) => el("tr", {},
          el("td", {}, period(map, slot)), el("td", {}, frequencies(map, band, band + 1)), el("td", {}, side(value)), el("td", {}, percent(Math.abs(value)))))))),
    el("p", { class: "hint" }, `In parts of the strongest region; regions below ${percent(TOLD_FROM)} are left out.`));
}
