// The quieter parts of a report: measures, and what it all rests on.

import { el, section } from "../lib/dom.js";
import { decimal, duration, known, percent } from "../lib/format.js";
import { CHANNEL, explain, MODALITIES, STATUS } from "../lib/labels.js";

/** @import { Modality, ModalityResult, Quality } from "#api" */
/** @typedef {[name: string, value: string, remark?: string | null, unit?: string]} Tile a figure as it is shown */
/** @typedef {[name: string, value: number | null | undefined, write: (value: number) => string, remark?: string, unit?: string]} Measure a figure that may be missing, and how it is written */

/**
 * Return the tiles of the figures that are there.
 * @param {Measure[]} measures
 * @returns {Tile[]}
 */
export const measured = (measures) =>
  measures.flatMap(([name, value, write, remark, unit]) => (known(value) ? [[name, write(value), remark, unit]] : []));

/**
 * Show figures with their names and a remark each.
 * @param {Tile[]} tiles
 */
export function tileList(tiles) {
  return el("dl", { class: "tiles" }, tiles.map(([name, value, remark, unit]) =>
    el("div", { class: "tile" }, el("dt", {}, name), el("dd", {}, value, unit && el("span", { class: "unit" }, ` ${unit}`)),
      remark && el("dd", { class: "remark" }, remark))));
}

/**
 * Say what each part of a report was made from, and by what.
 * @param {Partial<Record<Modality, ModalityResult>>} parts
 */
export function basisSection(parts) {
  return section("What this rests on",
    el("ul", { class: "basis" }, MODALITIES.map((modality) => parts[modality]).filter(known).map(basisItem)));
}

/** @param {ModalityResult} part */
function basisItem(part) {
  const models = (part.models ?? []).map((model) => `${model.name.replaceAll("_", " ")} ${model.version}`).join(", ");
  const elapsed = part.elapsed_s ?? 0;
  return el("li", { class: "basis-item" },
    el("p", { class: "basis-head" }, el("strong", {}, CHANNEL[part.modality]), el("span", { class: `state state-${part.status}` }, STATUS[part.status])),
    part.status === "succeeded" && part.quality && el("p", {}, coverage(part.modality, part.quality)),
    part.status !== "succeeded" && el("p", {}, part.reason ?? explain(part.error_code)),
    !part.voice && (part.quality?.reasons ?? []).map((reason) => el("p", { class: "reason" }, reason.detail)),
    models && el("p", { class: "hint" }, `Models: ${models}. Analysed in ${elapsed < 0.1 ? "under " : ""}${decimal(Math.max(0.1, elapsed))} s.`));
}

/**
 * @param {Modality} modality
 * @param {Quality} quality
 */
function coverage(modality, quality) {
  const what = { text: "of the text could be used", audio: "of the time was speech", video: "of the frames showed a face" }[modality];
  const length = quality.duration_s ? `, ${duration(quality.duration_s)} long` : "";
  return `${percent(quality.coverage)} ${what}${length}.`;
}
