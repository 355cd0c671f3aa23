// The quieter parts of a report: measures, comparison, and what it all rests on.

import { percentileTrack } from "./charts.js";
import { el, section } from "./dom.js";
import { capital, decimal, duration, percent, plural } from "./format.js";
import { CHANNEL, MODALITIES, STATUS, explain, scoreName } from "./labels.js";

/** Figures with their names and a remark each: `[name, value, remark?, unit?]`. */
export function tileList(tiles) {
  return el("dl", { class: "tiles" }, tiles.map(([name, value, remark, unit]) =>
    el("div", { class: "tile" }, el("dt", {}, name), el("dd", {}, value, unit && el("span", { class: "unit" }, ` ${unit}`)),
      remark && el("dd", { class: "remark" }, remark))));
}

export function comparisonSection(benchmark) {
  const entries = Object.entries(benchmark);
  if (!entries.length) return null;
  const ranked = entries.filter(([, entry]) => entry.percentile !== null);
  if (!ranked.length) {
    const others = Math.max(...entries.map(([, entry]) => entry.n));
    const soFar = others === 0 ? "Nobody else has answered this question under the same conditions yet."
      : `Only ${plural(others, "other person has", "other people have")} answered this question under the same conditions.`;
    return section("Beside others",
      el("p", { class: "lead" }, "No comparison yet."),
      el("p", { class: "hint" }, `${soFar} A comparison needs more people, so that it gives nobody away.`));
  }
  const row = ([name, entry]) => el("tr", {},
    el("th", { scope: "row" }, capital(scoreName(name))),
    el("td", {}, percent(entry.value)),
    el("td", {}, entry.cohort_mean === null ? "–" : percent(entry.cohort_mean)),
    el("td", {}, entry.percentile === null ? "too few others" : percentileTrack(entry.percentile)));
  return section("Beside others",
    el("p", { class: "lead" }, "Against others who answered the same question; your own earlier answers are left out."),
    el("table", { class: "plain-table compare" },
      el("thead", {}, el("tr", {}, ["Score", "You", "Average", "Percentile"].map((title) => el("th", { scope: "col" }, title)))),
      el("tbody", {}, entries.map(row))),
    el("p", { class: "hint" }, `A percentile of 70 means that 70 of 100 others scored lower. ${plural(Math.max(...ranked.map(([, entry]) => entry.n)), "other person", "other people")} so far.`));
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
