// Small charts. Every number is also text, so nothing is told by colour or length alone.

import { el, svg } from "../lib/dom.js";
import { capital, percent, whole } from "../lib/format.js";
import { CHANNEL, EMOTIONS, TRAIT_NAMES, TRAITS } from "../lib/labels.js";

/** @import { Emotion, Estimate, Trait } from "#api" */
/** @typedef {{ low: number, high: number }} Interval */

/**
 * Show emotions by channel, as a table whose cells draw themselves.
 * @param {{ title: string, scores: Partial<Record<Emotion, number>>, strong?: boolean }[]} columns
 */
export function emotionTable(columns) {
  const head = el("tr", {}, el("th", { scope: "col" }, "Perceived emotion"),
    columns.map((column) => el("th", { scope: "col" }, column.title)));
  const rows = EMOTIONS.map((emotion) =>
    el("tr", { class: `emotion-${emotion}` },
      el("th", { scope: "row" }, el("span", { class: "swatch", "aria-hidden": "true" }), capital(emotion)),
      columns.map((column) => shareCell(column.scores[emotion] ?? 0, column.strong))));
  const longest = Math.max(...columns.flatMap((column) => Object.values(column.scores)));
  return el("table", { class: "bars", vars: { "--full": fullLength(longest) } },
    el("caption", { class: "visually-hidden" }, "Share of each perceived emotion, by channel"),
    el("thead", {}, head), el("tbody", {}, rows));
}

/**
 * Return what a bar of full length stands for: the next tenth above the longest one, and never less than one half.
 * @param {number} longest
 */
export const fullLength = (longest) => Math.max(0.5, Math.ceil(longest * 10 - 1e-9) / 10);

/**
 * @param {number} share
 * @param {boolean} [strong]
 */
function shareCell(share, strong) {
  return el("td", { class: strong ? "strong" : null },
    el("span", { class: "cell" },
      el("span", { class: "track", "aria-hidden": "true" }, el("span", { class: "bar", vars: { "--share": share } })),
      el("span", { class: "number" }, percent(share))));
}

/**
 * Show traits around their midpoint: which way an answer leans, and how far.
 * @param {Partial<Record<Trait, number>>} traits
 * @param {Partial<Record<Trait, Interval>>} intervals those that are known
 */
export function traitList(traits, intervals = {}) {
  const items = TRAIT_NAMES.map((trait) => {
    const value = traits[trait];
    if (value === undefined) return null;
    const words = TRAITS[trait];
    return el("li", { class: "trait" },
      el("p", { class: "trait-head" }, el("span", { class: "trait-name" }, words.name),
        el("span", { class: "number" }, percent(value), range(intervals[trait]))),
      el("div", { class: "lean", "aria-hidden": "true", vars: { "--from": Math.min(value, 0.5), "--to": Math.max(value, 0.5) } },
        band(intervals[trait]), el("span", { class: "lean-bar" }), el("span", { class: "lean-middle" })),
      el("p", { class: "poles" }, el("span", {}, words.low), el("span", {}, words.high)),
      el("p", { class: "visually-hidden" }, leaning(value, words)));
  });
  return el("ul", { class: "traits" }, items);
}

/**
 * Show scores with the band that they may lie in.
 * @param {[name: string, estimate: Estimate][]} rows
 */
export function estimateList(rows) {
  return el("ul", { class: "traits estimates" }, rows.map(([name, estimate]) =>
    el("li", { class: "trait" },
      el("p", { class: "trait-head" }, el("span", { class: "trait-name" }, name),
        el("span", { class: "number" }, hundred(estimate.value), range(estimate, hundred))),
      el("div", { class: "lean", "aria-hidden": "true" }, band(estimate), el("span", { class: "dot", vars: { "--at": estimate.value } })))));
}

/** @param {number} share */
const hundred = (share) => whole(100 * share);

/**
 * @param {Interval | undefined} interval
 * @param {(share: number) => string} write
 */
const range = (interval, write = percent) =>
  interval && el("span", { class: "range" }, ` (${write(interval.low)} to ${write(interval.high)})`);

/** @param {Interval | undefined} interval */
const band = (interval) =>
  interval && el("span", { class: "lean-range", vars: { "--from": interval.low, "--to": interval.high } });

/**
 * Tell whether a trait leans far enough from the midpoint to be called a direction.
 * @param {number} value
 */
export const leans = (value) => Math.abs(value - 0.5) >= 0.05;

/**
 * @param {number} value
 * @param {{ low: string, high: string }} words
 */
function leaning(value, words) {
  if (!leans(value)) return "Close to the midpoint: no clear direction.";
  return `Leaning towards ${value > 0.5 ? words.high : words.low}.`;
}

/**
 * Draw two circles whose overlap grows with the agreement of voice and face.
 * @param {number} congruence 0..1
 */
export function agreement(congruence) {
  const radius = 46;
  const distance = 2 * radius * (1 - congruence);
  const middle = 110;
  const label = `Voice and face agree to ${percent(congruence)}.`;
  return svg("svg", { class: "agreement", viewBox: "0 0 220 120", role: "img", "aria-label": label },
    svg("circle", { class: "circle-voice", cx: middle - distance / 2, cy: 60, r: radius }),
    svg("circle", { class: "circle-face", cx: middle + distance / 2, cy: 60, r: radius }),
    distance > radius && [
      svg("text", { x: middle - distance / 2 - 8, y: 64, "text-anchor": "middle" }, CHANNEL.audio),
      svg("text", { x: middle + distance / 2 + 8, y: 64, "text-anchor": "middle" }, CHANNEL.video),
    ]);
}

/**
 * Show shares as bars with their names and figures.
 * @param {[name: string, share: number, written: string][]} rows
 */
export function shareBars(rows) {
  const longest = Math.max(...rows.map(([, share]) => share));
  return el("ul", { class: "share-bars", vars: { "--full": fullLength(longest) } }, rows.map(([name, share, text]) =>
    el("li", {}, el("span", { class: "share-name" }, name),
      el("span", { class: "track", "aria-hidden": "true" }, el("span", { class: "bar", vars: { "--share": share } })),
      el("span", { class: "number" }, text))));
}

/**
 * Draw a score on the scale from 0 to 1 among others: eight of ten, the middle four, their middle, and you.
 * @param {number} value
 * @param {number[]} deciles the nine scores between the others' tenths
 */
export function amongOthers(value, deciles) {
  /**
   * @param {string} name
   * @param {number} from
   * @param {number} to
   */
  const span = (name, from, to) => el("span", { class: name, vars: { "--from": deciles[from], "--to": deciles[to] } });
  return el("div", { class: "among", "aria-hidden": "true" },
    span("among-most", 0, 8), span("among-middle", 2, 6),
    el("span", { class: "among-half", vars: { "--at": deciles[4] } }),
    el("span", { class: "among-dot", vars: { "--at": value } }));
}
