// The quieter parts of a report: words, measures, comparison, and what it all rests on.

import { percentileTrack } from "./charts.js";
import { el, section } from "./dom.js";
import { capital, decimal, degrees, duration, percent, plural, whole } from "./format.js";
import { CHANNEL, MODALITIES, STATUS, TRAITS, explain, scoreName } from "./labels.js";

const TRAIT_WORDS_SHOWN = 4;

export function wordsSection(text) {
  const repeated = text.frequent_words.filter((word) => word.count > 1);
  const most = Math.max(1, ...repeated.map((word) => word.count));
  return section("Your words",
    el("p", { class: "lead" }, `${plural(text.words, "word", "words")} in ${plural(text.sentences, "sentence", "sentences")}.`),
    repeated.length > 0 && [
      el("h3", {}, "Used most"),
      el("ul", { class: "words" }, repeated.map(({ term, count }) =>
        el("li", { vars: { "--share": count / most } }, el("span", { class: "word" }, term), el("span", { class: "number" }, `${whole(count)}×`)))),
    ],
    text.trait_words.length > 0 && traitWords(text.trait_words));
}

function traitWords(words) {
  const groups = Object.keys(TRAITS).map((trait) => {
    const own = words.filter((word) => word.trait === trait).sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight));
    if (!own.length) return null;
    const side = (title, chosen) => chosen.length > 0 && el("span", {}, `${title} `, el("em", {}, chosen.map((word) => word.term).join(", ")));
    return [
      el("dt", {}, TRAITS[trait].name),
      el("dd", {},
        side("up:", own.filter((word) => word.weight > 0).slice(0, TRAIT_WORDS_SHOWN)),
        side("down:", own.filter((word) => word.weight < 0).slice(0, TRAIT_WORDS_SHOWN))),
    ];
  });
  return el("details", { class: "more" }, el("summary", {}, "Words that moved the estimates"), el("dl", { class: "trait-words" }, groups));
}

export function faceSection(part) {
  const tiles = faceTiles(part?.face);
  return tiles.length > 0 && section("Your face", tileList(tiles));
}

/** Figures with their names and a remark each: `[name, value, remark?, unit?]`. */
export function tileList(tiles) {
  return el("dl", { class: "tiles" }, tiles.map(([name, value, remark, unit]) =>
    el("div", { class: "tile" }, el("dt", {}, name), el("dd", {}, value, unit && el("span", { class: "unit" }, ` ${unit}`)),
      remark && el("dd", { class: "remark" }, remark))));
}

function faceTiles(face) {
  if (!face) return [];
  const seen = face.frames_analysed ? face.frames_with_face / face.frames_analysed : 0;
  const tiles = [["Face in view", percent(seen), `of ${plural(face.frames_analysed, "frame", "frames")} looked at`]];
  if (face.max_faces > 1) tiles.push(["Faces at once", whole(face.max_faces), "the largest was followed"]);
  if (face.blink_rate_per_min !== null) {
    tiles.push(["Blinks", `${decimal(face.blink_rate_per_min)} / min`, `${whole(face.blinks.length)} in all`]);
  }
  if (face.head_pose_mean) tiles.push(...poseTiles(face.head_pose_mean, face.head_pose_sd));
  return tiles;
}

function poseTiles(mean, sd) {
  const spread = (axis) => (sd ? `varies by ${whole(sd[axis])}°` : null);
  const turned = Math.round(mean.yaw_deg) === 0 ? "straight" : mean.yaw_deg > 0 ? "to your left" : "to your right";
  const raised = Math.round(mean.pitch_deg) === 0 ? "level" : mean.pitch_deg > 0 ? "upwards" : "downwards";
  const note = (words, axis) => [words, spread(axis)].filter(Boolean).join(", ");
  return [
    ["Head turned", degrees(mean.yaw_deg), note(turned, "yaw_deg")],
    ["Head raised", degrees(mean.pitch_deg), note(raised, "pitch_deg")],
    ["Head tilted", degrees(mean.roll_deg), note("", "roll_deg")],
  ];
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
