// The report of one answer.

import { el, section } from "../lib/dom.js";
import { known, list, percent } from "../lib/format.js";
import { CHANNEL, EMOTIONS, explain, lowering, MODALITIES } from "../lib/labels.js";
import { agreement, emotionTable } from "./charts.js";
import { comparisonSection } from "./comparison.js";
import { faceSection } from "./face.js";
import { basisSection } from "./sections.js";
import { timeline } from "./timeline.js";
import { togetherSection } from "./together.js";
import { voiceSection } from "./voice.js";
import { wordSections } from "./words.js";

/** @import { ChannelWeight, Fused, Modality, ModalityResult, Notice, Report } from "#api" */
/** @typedef {Partial<Record<Modality, ModalityResult>>} Parts of a report */

/**
 * Where a notice is shown, by its code; the others are told at the top.
 * @type {Record<string, string | undefined>}
 */
const BESIDE = { traits_from_text_weak: "traits", acted_speech: "emotions", labelled_photographs: "emotions" };
const MENTIONED_FROM = 0.15;

/** @type {Modality[]} */
const EMOTIONAL = ["audio", "video"];

/**
 * Show the report of one answer.
 * @param {Report} report
 */
export function reportView(report) {
  /** @type {Parts} */
  const parts = report.modalities;
  const { text, audio, video } = parts;
  const heard = audio?.status === "succeeded" ? audio : undefined;
  /** @param {string | undefined} place */
  const notices = (place) => (report.warnings ?? []).filter((notice) => BESIDE[notice.code] === place);
  return el("div", { class: "report" },
    general(notices(undefined), text),
    failures(parts),
    report.fused.emotions && emotionSection(report.fused, report.fused.emotions, parts, notices("emotions")),
    (heard || video?.status === "succeeded") && timelineSection(parts),
    togetherSection(report.timeline),
    wordSections(text, report.fused.traits, notices("traits")),
    heard?.voice && voiceSection(heard.voice, heard.quality),
    faceSection(video),
    comparisonSection(report.benchmark ?? {}),
    basisSection(parts));
}

/**
 * Show notices in small print.
 * @param {Notice[]} notices
 */
export const fineprint = (notices) =>
  notices.length > 0 && el("ul", { class: "fineprint" }, notices.map((notice) => el("li", {}, notice.detail)));

/**
 * @param {Notice[]} notices
 * @param {ModalityResult | undefined} text
 */
function general(notices, text) {
  const texts = notices.map((notice) => notice.detail);
  if (text?.error_code === "transcription_unavailable") texts.push(text.reason ?? explain(text.error_code));
  return texts.length > 0 && el("aside", { class: "notice", "aria-label": "Before you read on" }, texts.map((line) => el("p", {}, line)));
}

/**
 * Say what could not be analysed, and what to do about it. Channels that the answer never had are left out.
 * @param {Parts} parts
 */
function failures(parts) {
  const shown = MODALITIES.map((modality) => parts[modality]).filter(known).filter((part) => part.status === "failed");
  return shown.length > 0 && el("aside", { class: "notice amber", "aria-label": "Not analysed" },
    shown.map((part) => el("p", {}, el("strong", {}, `${CHANNEL[part.modality]}: `), part.reason ?? explain(part.error_code))));
}

/**
 * Name the emotions that are worth a mention, most perceived first, in a sentence.
 * @param {Record<string, number>} emotions share of each
 */
export function headline(emotions) {
  const ranked = EMOTIONS.map((emotion) => ({ emotion, share: emotions[emotion] })).sort((a, b) => b.share - a.share);
  const named = ranked.filter(({ share }, index) => index === 0 || share >= MENTIONED_FROM).slice(0, 3);
  return `Perceived most: ${list(named.map(({ emotion, share }) => `${emotion} (${percent(share)})`))}.`;
}

/**
 * @param {Fused} fused
 * @param {Record<string, number>} together the emotions of voice and face
 * @param {Parts} parts
 * @param {Notice[]} notices
 */
function emotionSection({ congruence, channels = [] }, together, parts, notices) {
  const columns = EMOTIONAL.flatMap((modality) => {
    const part = parts[modality];
    return part?.emotions && part.status === "succeeded" ? [{ title: CHANNEL[modality], scores: part.emotions }] : [];
  });
  const shown = columns.length > 1 ? [{ title: "Together", scores: together, strong: true }, ...columns] : columns;
  return section("How you came across",
    el("p", { class: "lead" }, headline(together)),
    el("div", { class: known(congruence) ? "with-aside" : "" },
      emotionTable(shown),
      known(congruence) && agreementFigure(congruence, channels)),
    lessSure(parts.audio),
    fineprint(notices));
}

/**
 * Say that the sound made the voice's emotions less sure, and why.
 * @param {ModalityResult | undefined} part
 */
function lessSure(part) {
  const why = part?.status === "succeeded" ? lowering(part.quality?.reasons ?? []) : [];
  return why.length > 0 && el("p", { class: "reason" }, `What the voice says is less sure than usual because of ${list(why)}.`);
}

/**
 * @param {number} congruence 0..1
 * @param {ChannelWeight[]} channels
 */
function agreementFigure(congruence, channels) {
  const weights = channels.map(({ modality, weight }) => `${CHANNEL[modality].toLowerCase()} ${percent(weight)}`);
  return el("figure", { class: "agreement-figure" },
    agreement(congruence),
    el("figcaption", {},
      el("strong", {}, `Voice and face agree to ${percent(congruence)}. `),
      `${percent(1)} means that both give the same picture, ${percent(0)} that they have nothing in common. `,
      `Together weighs them by how reliable each is: ${list(weights)}.`));
}

/** @param {Parts} parts */
function timelineSection(parts) {
  const lanes = EMOTIONAL.flatMap((modality) => {
    const segments = parts[modality]?.timeline ?? [];
    return segments.length > 0 ? [{ modality, segments, summary: parts[modality]?.timeline_summary, blinks: parts[modality]?.face?.blinks }] : [];
  });
  if (!lanes.length) return null;
  const ends = lanes.flatMap((lane) => lane.segments.map((segment) => segment.end_s));
  const durations = EMOTIONAL.map((modality) => parts[modality]?.quality?.duration_s ?? 0);
  return section("Over time",
    el("p", { class: "hint" }, "The taller, the surer. Gaps are where there was no speech, or no face."),
    lessSure(parts.audio),
    timeline(lanes, Math.max(0.1, ...ends, ...durations)));
}
