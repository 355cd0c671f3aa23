// The report of an interview: the whole beside its questions, with small plots.

import { el, section } from "../lib/dom.js";
import { capital, duration, list, percent, plural, when, whole } from "../lib/format.js";
import { EMOTIONS, STATUS, TRAITS, scoreName } from "../lib/labels.js";
import { fineprint, headline } from "../report/report.js";

const RANKED_AT_MOST = 3;

/**
 * @param {object} report of the interface
 * @param {(questionId: string) => void} onAnswer to answer a question, or answer it again
 */
export function interviewReportView(report, onAnswer) {
  const { overall } = report;
  return el("div", { class: "columns interview" },
    el("div", { class: "whole" }, overall.reported > 0 ? wholeCard(report) : emptyCard(report)),
    section("Question by question",
      el("ol", { class: "asked" }, report.answers.map((answer, place) => questionRow(answer, place, onAnswer)))));
}

function emptyCard({ warnings }) {
  return section("All answers together",
    el("p", { class: "lead" }, "Nothing to show yet. The first analysed answer appears here."),
    fineprint(warnings));
}

function wholeCard({ overall, answers, warnings }) {
  const each = (kind, name) => answers.map((answer) => answer[kind]?.[name]).filter((value) => value !== undefined);
  const traits = Object.entries(TRAITS).filter(([trait]) => overall.traits?.[trait]);
  return section("All answers together",
    el("p", { class: "lead" }, `From the answers to ${overall.reported} of ${plural(overall.questions, "question", "questions")}.`),
    overall.emotions && el("div", { class: "part" },
      el("h3", {}, `Perceived emotions of ${from(overall.emotions)}, by seconds of speech and face`),
      el("p", {}, headline(values(overall.emotions))),
      spreadList(EMOTIONS.map((emotion) => [capital(emotion), overall.emotions[emotion], each("emotions", emotion), `emotion-${emotion}`]))),
    overall.congruence && el("p", { class: "part" }, `Voice and face agree to ${percent(overall.congruence.value)} on average${between(overall.congruence)}.`),
    overall.traits && el("div", { class: "part" },
      el("h3", {}, `Traits from ${from(overall.traits)}, by words`),
      spreadList(traits.map(([trait, words]) => [words.name, overall.traits[trait], each("traits", trait)]))),
    el("p", { class: "hint" }, "The dot is the mean and each tick one answer. The band is where the mean would lie 95 times of 100 with other answers: wide where answers differ, and missing where they are too few to tell."),
    fineprint(warnings));
}

const from = (scores) => plural(Object.values(scores)[0].answers, "answer", "answers");
const values = (scores) => Object.fromEntries(Object.entries(scores).map(([name, score]) => [name, score.value]));
const between = (score) => (score.answers > 1 ? ` (from ${percent(score.lowest)} to ${percent(score.highest)})` : "");

/**
 * Scores over several answers.
 * @param {[string, object, number[], string?][]} rows name, score, each answer's own, and a class for its colour
 */
function spreadList(rows) {
  return el("ul", { class: "spreads" }, rows.map(([name, score, ticks, className]) =>
    el("li", { class: className ?? null },
      el("span", { class: "share-name" }, name),
      spreadTrack(score, ticks),
      el("span", { class: "number" }, percent(score.value), el("span", { class: "visually-hidden" }, `${between(score)}${interval(score)}`)))));
}

const interval = (score) => (score.low === null ? "" : `, band from ${percent(score.low)} to ${percent(score.high)}`);

function spreadTrack(score, ticks) {
  return el("span", { class: "spread-track", "aria-hidden": "true" },
    score.low !== null && el("span", { class: "spread-band", vars: { "--from": score.low, "--to": score.high } }),
    score.answers > 1 && ticks.map((at) => el("span", { class: "spread-tick", vars: { "--at": at } })),
    el("span", { class: "spread-dot", vars: { "--at": score.value } }));
}

function questionRow(answer, place, onAnswer) {
  const open = answer.status === "unanswered";
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
    answer.notices.map((notice) => el("p", { class: "reason" }, notice.detail)),
    standing(answer.benchmark),
    el("p", { class: "asked-links" },
      answer.report && el("a", { href: answerAddress(answer.assessment), "aria-label": `Report: ${answer.text}` }, "Its own report"),
      again,
      answer.earlier.map((id, index) => el("a", { href: answerAddress(id) }, `Earlier answer${answer.earlier.length > 1 ? ` ${index + 1}` : ""}`))));
}

const answerAddress = (id) => `#/answers/${encodeURIComponent(id)}`;

/** All seven emotions in one bar; the words below it say the same. */
function emotionStrip(emotions) {
  return el("div", { class: "strip-plot" },
    el("div", { class: "strip", "aria-hidden": "true" }, EMOTIONS.map((emotion) =>
      el("span", { class: `emotion-${emotion}`, vars: { "--share": emotions[emotion] } }))),
    el("p", { class: "hint" }, headline(emotions)));
}

function traitPlot(traits) {
  return el("ul", { class: "mini-traits" }, Object.entries(TRAITS).filter(([trait]) => traits[trait] !== undefined).map(([trait, words]) =>
    el("li", {},
      el("span", { class: "share-name" }, words.name),
      el("span", { class: "spread-track", "aria-hidden": "true" }, el("span", { class: "spread-dot", vars: { "--at": traits[trait] } })),
      el("span", { class: "number" }, percent(traits[trait])))));
}

/** How much was said and seen, and how much that counts in the whole. */
function measured(answer) {
  const parts = [
    answer.words !== null && plural(answer.words, "word", "words"),
    answer.speech_s !== null && `${duration(answer.speech_s)} of speech`,
    answer.face_s !== null && `${duration(answer.face_s)} with a face`,
    answer.share_of_words !== null && `${percent(answer.share_of_words)} of the traits`,
    answer.share_of_seconds !== null && `${percent(answer.share_of_seconds)} of the emotions`,
    answer.answered_at && when(answer.answered_at),
  ].filter(Boolean);
  return parts.length > 0 && el("p", { class: "hint" }, parts.join(" · "));
}

/** The scores that lie furthest from the middle of those who answered the same question. */
function standing(benchmark) {
  const ranked = Object.entries(benchmark).filter(([, entry]) => entry.percentile !== null)
    .sort(([, a], [, b]) => Math.abs(b.percentile - 50) - Math.abs(a.percentile - 50)).slice(0, RANKED_AT_MOST);
  if (!ranked.length) return null;
  const told = ranked.map(([name, entry]) => `${scoreName(name)} ${whole(entry.percentile)}`);
  return el("p", { class: "hint" }, `Percentiles beside others who answered this question, the furthest from the middle: ${list(told)}.`);
}
