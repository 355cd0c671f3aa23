// The quieter parts of a report: measures, and what it all rests on.

import { el, section } from "../lib/dom.js";
import { decimal, duration, percent } from "../lib/format.js";
import { CHANNEL, MODALITIES, STATUS, explain } from "../lib/labels.js";

/** Figures with their names and a remark each: `[name, value, remark?, unit?]`. */
export function tileList(tiles) {
  return el("dl", { class: "tiles" }, tiles.map(([name, value, remark, unit]) =>
    el("div", { class: "tile" }, el("dt", {}, name), el("dd", {}, value, unit && el("span", { class: "unit" }, ` ${unit}`)),
      remark && el("dd", { class: "remark" }, remark))));
}

export function basisSection(parts) {
  return section("What this rests on",
    el("ul", { class: "basis" }, MODALITIES.filter((modality) => parts[modality]).map((modality) => basisItem(modality, parts[modality]))));
}

function basisItem(modality, part) {
  const models = part.models.map((model) => `${model.name.replaceAll("_", " ")} ${model.version}`).join(", ");
  const covered = part.quality && part.status === "succeeded";
  return el("li", { class: "basis-item" },
    el("p", { class: "basis-head" }, el("strong", {}, CHANNEL[modality]), el("span", { class: `state state-${part.status}` }, STATUS[part.status])),
    covered && el("p", {}, coverage(modality, part.quality)),
    part.status !== "succeeded" && el("p", {}, part.reason ?? explain(part.error_code)),
    !part.voice && (part.quality?.reasons ?? []).map((reason) => el("p", { class: "reason" }, reason.detail)),
    models && el("p", { class: "hint" }, `Models: ${models}. Analysed in ${part.elapsed_s < 0.1 ? "under " : ""}${decimal(Math.max(0.1, part.elapsed_s))} s.`));
}

function coverage(modality, quality) {
  const what = { text: "of the text could be used", audio: "of the time was speech", video: "of the frames showed a face" }[modality];
  const length = quality.duration_s ? `, ${duration(quality.duration_s)} long` : "";
  return `${percent(quality.coverage)} ${what}${length}.`;
}
