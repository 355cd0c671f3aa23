// What carried an emotion in the face: shares by place over a schematic face, by region as bars, and in words.

import { el, svg } from "../lib/dom.js";
import { moment, percent } from "../lib/format.js";
import { shareBars } from "./charts.js";

/** Side of the drawing, which stands for the square that the model sees. */
const SIDE = 96;
const STRONGEST = 0.75;
/** @import { FaceActivation, FaceRegion } from "#api" */

/**
 * The regions in the order in which they lie on a face.
 * @type {FaceRegion[]}
 */
const REGIONS = ["forehead", "brows", "eyes", "nose", "cheeks", "mouth", "chin", "around"];

/** Draws a face of average proportions; features where the landmarks of faces lie in that square on average. */
const FACE = [
  "M48 7.6C66 7.6 82 20 82 43C82 60 78 76 69 86C62 94 55 96 48 96C41 96 34 94 27 86C18 76 14 60 14 43C14 20 30 7.6 48 7.6Z",
  "M19 28Q26 21 40.5 24.500M77 28Q70 21 55.5 24.5",
  "M25 36.500Q32 31 39 36.7Q32 40.5 25 36.500ZM71 36.500Q64 31 57 36.7Q64 40.5 71 36.500Z",
  "M44.5 41Q45 50 42 57Q41 61 45 60.500Q48 62.5 51 60.500Q55 61 54 57Q51 50 51.5 41",
  "M35 70.500Q43 66.5 48 68.500Q53 66.5 61 70.500Q48 82 35 70.500ZM35 70.500Q48 73.5 61 70.5",
];
const PUPILS = [[32, 36], [64, 36]];

/**
 * Show where in the face each map's label came from.
 * @param {FaceActivation[]} maps
 */
export function activationFigures(maps) {
  return maps.length > 0 && [
    el("h3", {}, "What carried the label"),
    el("p", {}, "At the surest moment of each emotion that was perceived longest: the stronger the colour, the more this place of the face "
      + "spoke for the label, more than for the others (class activation map)."),
    el("p", { class: "hint" }, "The drawing stands for every face; no picture of you is kept. It shows roughly what the model relied on, "
      + "to a few centimetres, and leans towards the middle of the face. It does not show what you felt."),
    el("div", { class: "activation-list" }, maps.map(figure)),
  ];
}

/**
 * @param {FaceActivation} map
 * @param {number} index of its figure
 */
function figure(map, index) {
  return el("figure", { class: `activation emotion-${map.label}` },
    el("p", { class: "salience-title" }, el("strong", {}, `Why “${map.label}”`), ` at ${moment(map.time_s)}, ${percent(map.probability)} probability`),
    el("div", { class: "activation-parts" },
      picture(map, index),
      shareBars(REGIONS.filter((name) => map.regions[name] !== undefined)
        .map((name) => [name === "around" ? "around it" : name, map.regions[name], percent(map.regions[name])]))),
    map.summary && el("figcaption", {}, map.summary));
}

/**
 * @param {FaceActivation} map
 * @param {number} index of its figure
 */
function picture(map, index) {
  const [rows, columns] = [map.grid.length, map.grid[0].length];
  const [height, width] = [SIDE / rows, SIDE / columns];
  const largest = Math.max(...map.grid.flat());
  const id = `soften-${index}`;
  const cells = map.grid.flatMap((row, y) => row.map((share, x) => share > 0 && svg("rect", {
    x: x * width, y: y * height, width, height, "fill-opacity": STRONGEST * (share / largest),
  })));
  return svg("svg", { class: "activation-face", viewBox: `0 0 ${SIDE} ${SIDE}`, role: "img", "aria-label": `A schematic face. ${map.summary ?? ""}` },
    svg("filter", { id, x: 0, y: 0, width: 1, height: 1 }, svg("feGaussianBlur", { stdDeviation: width / 4 })),
    svg("g", { class: "heat", filter: `url(#${id})` }, cells),
    ["halo", "features"].map((kind) => svg("g", { class: kind },
      FACE.map((d) => svg("path", { d })), PUPILS.map(([cx, cy]) => svg("circle", { cx, cy, r: 2 })))));
}
