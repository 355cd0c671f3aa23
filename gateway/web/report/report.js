// The report of one answer.

import { agreement, emotionTable } from "./charts.js";
import { comparisonSection } from "./comparison.js";
import { el, section } from "../lib/dom.js";
import { faceSection } from "./face.js";
import { list, percent } from "../lib/format.js";
import { CHANNEL, EMOTIONS, MODALITIES, explain, lowering } from "../lib/labels.js";
import { basisSection } from "./sections.js";
import { timeline } from "./timeline.js";
import { togetherSection } from "./together.js";
import { voiceSection } from "./voice.js";
import { wordSections } from "./words.js";

const BESIDE = { traits_from_text_weak: "traits", acted_speech: "emotions", labelled_photographs: "emotions" };
const MENTIONED_FROM = 0.15;

export function reportView(report) {
  const parts = report.modalities;
  const done = (modality) => parts[modality]?.status === "succeeded";
  const notices = (place) => (report.warnings ?? []).filter((notice) => BESIDE[notice.code] === place);
  return el("div", { class: "report" },
    general(notices(undefined), parts.text),
    failures(parts),
    report.fused.emotions && emotionSection(report, notices("emotions")),
    (done("audio") || done("video")) && timelineSection(parts),
    togetherSection(report.timeline),
    wordSections(parts.text, report.fused.traits, notices("traits")),
    done("audio") && parts.audio.voice && voiceSection(parts.audio),
    faceSection(parts.video),
    comparisonSection(report.benchmark ?? {}),
    basisSection(parts));
}

export const fineprint = (notices) =>
  notices.length > 0 && el("ul", { class: "fineprint" }, notices.map((notice) => el("li", {}, notice.detail)));

function general(notices, text) {
  const texts = notices.map((notice) => notice.detail);
  if (text?.error_code === "transcription_unavailable") texts.push(text.reason ?? explain(text.error_code));
  return texts.length > 0 && el("aside", { class: "notice", "aria-label": "Before you read on" }, texts.map((line) => el("p", {}, line)));
}

/** What could not be analysed, and what to do about it. Channels that the answer never had are left out. */
function failures(parts) {
  const shown = MODALITIES.filter((modality) => parts[modality]?.status === "failed");
  return shown.length > 0 && el("aside", { class: "notice amber", "aria-label": "Not analysed" },
    shown.map((modality) => el("p", {}, el("strong", {}, `${CHANNEL[modality]}: `), parts[modality].reason ?? explain(parts[modality].error_code))));
}

/** The emotions worth a mention, most perceived first, in a sentence. */
export function headline(emotions) {
  const ranked = EMOTIONS.map((emotion) => [emotion, emotions[emotion]]).sort((a, b) => b[1] - a[1]);
  const named = ranked.filter(([, share], index) => index === 0 || share >= MENTIONED_FROM).slice(0, 3);
  return `Perceived most: ${list(named.map(([emotion, share]) => `${emotion} (${percent(share)})`))}.`;
}

function emotionSection(report, notices) {
  const { fused, modalities: parts } = report;
  const columns = ["audio", "video"]
    .filter((modality) => parts[modality]?.emotions && parts[modality].status === "succeeded")
    .map((modality) => ({ title: CHANNEL[modality], scores: parts[modality].emotions }));
  const shown = columns.length > 1 ? [{ title: "Together", scores: fused.emotions, strong: true }, ...columns] : columns;
  return section("How you came across",
    el("p", { class: "lead" }, headline(fused.emotions)),
    el("div", { class: fused.congruence === null ? "" : "with-aside" },
      emotionTable(shown),
      fused.congruence !== null && agreementFigure(fused)),
    lessSure(parts.audio),
    fineprint(notices));
}

/** That the sound made the voice's emotions less sure, and why. */
function lessSure(part) {
  const why = part?.status === "succeeded" ? lowering(part.quality?.reasons ?? []) : [];
  return why.length > 0 && el("p", { class: "reason" }, `What the voice says is less sure than usual because of ${list(why)}.`);
}

function agreementFigure({ congruence, channels }) {
  const weights = channels.map(({ modality, weight }) => `${CHANNEL[modality].toLowerCase()} ${percent(weight)}`);
  return el("figure", { class: "agreement-figure" },
    agreement(congruence),
    el("figcaption", {},
      el("strong", {}, `Voice and face agree to ${percent(congruence)}. `),
      `${percent(1)} means that both give the same picture, ${percent(0)} that they have nothing in common. `,
      `Together weighs them by how reliable each is: ${list(weights)}.`));
}

function timelineSection(parts) {
  const lanes = ["audio", "video"]
    .filter((modality) => parts[modality]?.timeline?.length)
    .map((modality) => ({ modality, segments: parts[modality].timeline, blinks: parts[modality].face?.blinks }));
  if (!lanes.length) return null;
  const ends = lanes.flatMap((lane) => lane.segments.map((segment) => segment.end_s));
  const durations = ["audio", "video"].map((modality) => parts[modality]?.quality?.duration_s ?? 0);
  return section("Over time",
    el("p", { class: "hint" }, "The taller, the surer. Gaps are where there was no speech, or no face."),
    lessSure(parts.audio),
    timeline(lanes, Math.max(0.1, ...ends, ...durations)));
}
