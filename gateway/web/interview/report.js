// The report of an interview: the whole beside its questions, with small plots.

import { el, section } from "../lib/dom.js";
import { capital, duration, known, list, percent, plural, when, whole } from "../lib/format.js";
import { EMOTIONS, STATUS, scoreName, TRAITS } from "../lib/labels.js";
import { fineprint, headline } from "../report/report.js";

/** @import { BenchmarkEntry, InterviewAnswer, InterviewReport, InterviewScore } from "#api" */
/** @typedef {Record<string, InterviewScore>} Scores by emotion or by trait */

const RANKED_AT_MOST = 3;

/**
 * @param {InterviewReport} report
 * @param {(questionId: string) => void} onAnswer to answer a question, or answer it again
 */
export function interviewReportView(report, onAnswer) {
  const { overall } = report;
  return el("div", { class: "columns interview" },
    el("div", { class: "whole" }, overall.reported > 0 ? wholeCard(report) : emptyCard(report)),
    section("Question by question",
      el("ol", { class: "asked" }, report.answers.map((answer, place) => questionRow(answer, place, onAnswer)))));
}

/** @param {InterviewReport} report */
function emptyCard({ warnings = [] }) {
  return section("All answers together",
    el("p", { class: "lead" }, "Nothing to show yet. The first analysed answer appears here."),
    fineprint(warnings));
}

/** @param {InterviewReport} report */
function wholeCard({ overall, answers, warnings = [] }) {
  return section("All answers together",
    el("p", { class: "lead" }, `From the answers to ${overall.reported} of ${plural(overall.questions, "question", "questions")}.`),
    overall.emotions && emotionPart(overall.emotions, answers),
    overall.congruence && el("p", { class: "part" }, `Voice and face agree to ${percent(overall.congruence.value)} on average${between(overall.congruence)}.`),
    overall.traits && traitPart(overall.traits, answers),
    el("p", { class: "hint" }, "The dot is the mean and each tick one answer. The band is where the mean would lie 95 times of 100 with other answers: wide where answers differ, and missing where they are too few to tell."),
    fineprint(warnings));
}

/**
 * @param {Scores} scores
 * @param {InterviewAnswer[]} answers
 */
function emotionPart(scores, answers) {
  return el("div", { class: "part" },
    el("h3", {}, `Perceived emotions of ${from(scores)}, by seconds of speech and face`),
    el("p", {}, headline(values(scores))),
    spreadList(EMOTIONS.map((emotion) => [
      capital(emotion), scores[emotion], answers.map((answer) => answer.emotions?.[emotion]).filter(known), `emotion-${emotion}`,
    ])));
}

/**
 * @param {Scores} scores
 * @param {InterviewAnswer[]} answers
 */
function traitPart(scores, answers) {
  return el("div", { class: "part" },
    el("h3", {}, `Traits from ${from(scores)}, by words`),
    spreadList(Object.entries(TRAITS).filter(([trait]) => scores[trait]).map(([trait, words]) => [
      words.name, scores[trait], answers.map((answer) => answer.traits?.[trait]).filter(known),
    ])));
}

/** @param {Scores} scores */
const from = (scores) => plural(Object.values(scores)[0].answers, "answer", "answers");

/** @param {Scores} scores */
const values = (scores) => Object.fromEntries(Object.entries(scores).map(([name, score]) => [name, score.value]));

/** @param {InterviewScore} score */
const between = (score) => (score.answers > 1 ? ` (from ${percent(score.lowest)} to ${percent(score.highest)})` : "");

/**
 * Draw scores over several answers.
 * @param {[string, InterviewScore, number[], string?][]} rows name, score, each answer's own, and a class for its colour
 */
function spreadList(rows) {
  return el("ul", { class: "spreads" }, rows.map(([name, score, ticks, className]) =>
    el("li", { class: className },
      el("span", { class: "share-name" }, name),
      spreadTrack(score, ticks),
      el("span", { class: "number" }, percent(score.value), el("span", { class: "visually-hidden" }, `${between(score)}${interval(score)}`)))));
}

/** @param {InterviewScore} score */
const interval = ({ low, high }) => (known(low) && known(high) ? `, band from ${percent(low)} to ${percent(high)}` : "");

/**
 * @param {InterviewScore} score
 * @param {number[]} ticks
 */
function spreadTrack({ answers, value, low, high }, ticks) {
  return el("span", { class: "spread-track", "aria-hidden": "true" },
    known(low) && known(high) && el("span", { class: "spread-band", vars: { "--from": low, "--to": high } }),
    answers > 1 && ticks.map((at) => el("span", { class: "spread-tick", vars: { "--at": at } })),
    el("span", { class: "spread-dot", vars: { "--at": value } }));
}

/**
 * @param {InterviewAnswer} answer
 * @param {number} place from 0
 * @param {(questionId: string) => void} onAnswer
 */
function questionRow(answer, place, onAnswer) {
  const open = answer.status === "unanswered";
  const earlier = answer.earlier ?? [];
  const again = el("button", { class: "link", type: "button", "aria-label": `${open ? "Answer" : "Answer again"}: ${answer.text}`,
    on: { click: () => onAnswer(answer.question) } }, open ? "Answer this question" : "Answer again");
  return el("li", { class: "asked-question" },
    el("p", { class: "asked-head" },
      el("span", { class: "asked-place" }, `Question ${place + 1}`),
      el("span", { class: `state state-${answer.status}` }, STATUS[answer.status] ?? answer.status)),
    el("h3", { class: "asked-text" }, answer.text),
    answer.emotions && emotionStrip(answer.emotions),
    answer.traits && traitPlot(answer.traits),
    measured(answer),
    (answer.notices ?? []).map((notice) => el("p", { class: "reason" }, notice.detail)),
    standing(answer.benchmark ?? {}),
    el("p", { class: "asked-links" },
      answer.report && answer.assessment && el("a", { href: answerAddress(answer.assessment), "aria-label": `Report: ${answer.text}` }, "Its own report"),
      again,
      earlier.map((id, index) => el("a", { href: answerAddress(id) }, `Earlier answer${earlier.length > 1 ? ` ${index + 1}` : ""}`))));
}

/** @param {string} id */
const answerAddress = (id) => `#/answers/${encodeURIComponent(id)}`;

/**
 * Draw all seven emotions in one bar; the words below it say the same.
 * @param {Record<string, number>} emotions share of each
 */
function emotionStrip(emotions) {
  return el("div", { class: "strip-plot" },
    el("div", { class: "strip", "aria-hidden": "true" }, EMOTIONS.map((emotion) =>
      el("span", { class: `emotion-${emotion}`, vars: { "--share": emotions[emotion] } }))),
    el("p", { class: "hint" }, headline(emotions)));
}

/** @param {Record<string, number>} traits value of each */
function traitPlot(traits) {
  return el("ul", { class: "mini-traits" }, Object.entries(TRAITS).filter(([trait]) => traits[trait] !== undefined).map(([trait, words]) =>
    el("li", {},
      el("span", { class: "share-name" }, words.name),
      el("span", { class: "spread-track", "aria-hidden": "true" }, el("span", { class: "spread-dot", vars: { "--at": traits[trait] } })),
      el("span", { class: "number" }, percent(traits[trait])))));
}

/**
 * Say how much was said and seen, and how much that counts in the whole.
 * @param {InterviewAnswer} answer
 */
function measured(answer) {
  const parts = [
    known(answer.words) && plural(answer.words, "word", "words"),
    known(answer.speech_s) && `${duration(answer.speech_s)} of speech`,
    known(answer.face_s) && `${duration(answer.face_s)} with a face`,
    known(answer.share_of_words) && `${percent(answer.share_of_words)} of the traits`,
    known(answer.share_of_seconds) && `${percent(answer.share_of_seconds)} of the emotions`,
    answer.answered_at && when(answer.answered_at),
  ].filter(Boolean);
  return parts.length > 0 && el("p", { class: "hint" }, parts.join(" · "));
}

/**
 * Name the scores that lie furthest from the middle of those who answered the same question.
 * @param {Record<string, BenchmarkEntry>} benchmark
 */
function standing(benchmark) {
  const ranked = Object.entries(benchmark)
    .flatMap(([name, { percentile }]) => (known(percentile) ? [{ name, percentile }] : []))
    .sort((a, b) => Math.abs(b.percentile - 50) - Math.abs(a.percentile - 50)).slice(0, RANKED_AT_MOST);
  if (!ranked.length) return null;
  const told = ranked.map(({ name, percentile }) => `${scoreName(name)} ${whole(percentile)}`);
  return el("p", { class: "hint" }, `Percentiles beside others who answered this question, the furthest from the middle: ${list(told)}.`);
}
