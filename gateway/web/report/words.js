// What the words tell: traits by self-report and by impression, the transcript, and how it was put.

import { el, section } from "../lib/dom.js";
import { clock, decimal, known, list, percent, plural, whole } from "../lib/format.js";
import { languageName, scoreName, TRAIT_NAMES, TRAITS } from "../lib/labels.js";
import { estimateList, leans, traitList } from "./charts.js";
import { measured, tileList } from "./sections.js";

/** @import { Estimate, Fluency, Impression, ModalityResult, Notice, SpokenWord, TextMeasures, Trait, Transcript, WordCount } from "#api" */

const TERMS_SHOWN = 4;
const UNSURE_BELOW = 0.5;
const OPEN_LINES = 8;
const INVITATION = "“I would invite this person”";

/**
 * Show everything about the words.
 * @param {ModalityResult | undefined} part
 * @param {Partial<Record<Trait, number>> | null | undefined} traits
 * @param {Notice[]} notices that belong to the traits
 */
export function wordSections(part, traits, notices) {
  if (!part || (part.status !== "succeeded" && !part.text && !part.transcript)) return null;
  const cards = [
    traits && selfReportSection(traits, part.trait_intervals ?? undefined, notices),
    part.impression && impressionSection(part.impression),
    part.text && wordsSection(part.text, part.transcript?.fluency),
  ].filter(known);
  return [part.transcript && transcriptSection(part.transcript), cards.length > 0 && el("div", { class: cards.length > 1 ? "columns even" : "" }, cards)];
}

/**
 * @param {Partial<Record<Trait, number>>} traits
 * @param {Partial<Record<Trait, Estimate>> | undefined} intervals
 * @param {Notice[]} notices
 */
function selfReportSection(traits, intervals, notices) {
  return section("Traits, from your words",
    el("p", { class: "lead" }, "An estimate of how you would describe yourself."),
    !Object.values(traits).some(leans) && el("p", {}, "Your words give no clear direction: every estimate lies close to the midpoint."),
    traitList(traits, intervals),
    el("p", { class: "hint" }, "A share above one half means that people who write like this more often rate themselves high; the line marks the midpoint.",
      intervals && " The pale band is where the estimate would fall 95 times of 100 with other essays to learn from."),
    notices.length > 0 && el("ul", { class: "fineprint" }, notices.map((notice) => el("li", {}, notice.detail))));
}

/** @param {Impression} impression */
function impressionSection({ traits, interview }) {
  /** @type {[string, Estimate][]} */
  const rows = TRAIT_NAMES.filter((trait) => traits[trait]).map((trait) => [TRAITS[trait].name, traits[trait]]);
  return section("How the words come across",
    el("p", { class: "lead" }, "An estimate of what strangers would say after fifteen seconds of such words."),
    estimateList([...rows, [INVITATION, interview]]),
    el("p", { class: "hint" }, "0 to 100, where most people lie between 40 and 65. The band holds 95 of 100 people with such words, ",
      "and it is wide: words alone say little about an impression. It is not how you are, and no ground for a decision."));
}

/** @param {Transcript} transcript */
function transcriptSection(transcript) {
  const words = transcript.words ?? [];
  const lines = linesOf(transcript);
  const fillers = new Set((transcript.fluency?.filler_words ?? []).map((word) => word.term));
  const shown = lines.length > 0 ? lines.map((line) => lineItem(line, fillers)) : [el("li", {}, transcript.text || "No words.")];
  const unsure = words.some((word) => word.probability < UNSURE_BELOW);
  return section("What was said",
    el("p", { class: "lead" }, heard(transcript)),
    el("ol", { class: "transcript" }, shown.slice(0, OPEN_LINES)),
    shown.length > OPEN_LINES && el("details", { class: "more" },
      el("summary", {}, `The other ${whole(shown.length - OPEN_LINES)} lines`), el("ol", { class: "transcript" }, shown.slice(OPEN_LINES))),
    el("p", { class: "hint" }, unsure && "Dotted words were hard to hear. ",
      "Written down by a model, which mishears names, numbers and accents. It is not proof of what was said."));
}

/** @param {Transcript} transcript */
function heard({ words = [], language, confidence }) {
  const count = plural(words.length, "word", "words");
  const surety = !known(confidence) ? "" : `, heard with ${percent(confidence)} confidence on average`;
  return `${count}${language && language !== "en" ? ` in ${languageName(language)}` : ""}${surety}.`;
}

/**
 * Return the words in the lines of the report; in one, where it is older than they are.
 * @param {Transcript} transcript
 */
export function linesOf({ words = [], line_starts: starts }) {
  if (!words.length) return [];
  return (starts ?? [0]).map((start, index, all) => words.slice(start, all[index + 1]));
}

/**
 * @param {SpokenWord[]} line
 * @param {Set<string>} fillers
 */
function lineItem(line, fillers) {
  const words = line.flatMap((word) => [wordOf(word, fillers), " "]);
  return el("li", {}, el("span", { class: "at number" }, clock(line[0].start_s)), el("span", {}, words));
}

/**
 * @param {SpokenWord} word
 * @param {Set<string>} fillers
 */
function wordOf(word, fillers) {
  const bare = word.text.toLowerCase().replace(/[^\p{L}\p{N}'-]/gu, "");
  const kind = word.probability < UNSURE_BELOW ? "unsure" : fillers.has(bare) ? "filler" : null;
  return kind ? el("span", { class: kind }, word.text) : word.text;
}

/**
 * @param {TextMeasures} text
 * @param {Fluency | undefined} fluency of the speech, if it was spoken
 */
function wordsSection(text, fluency) {
  const repeated = (text.frequent_words ?? []).filter((word) => word.count > 1);
  const fillers = fluency?.filler_words ?? [];
  const most = Math.max(1, ...repeated.map((word) => word.count));
  const tiles = [...fluencyTiles(fluency), ...styleTiles(text)];
  return section("Your words",
    el("p", { class: "lead" }, `${plural(text.words, "word", "words")} in ${plural(text.sentences, "sentence", "sentences")}${text.pages ? ` on ${plural(text.pages, "page", "pages")}` : ""}.`),
    tiles.length > 0 && tileList(tiles),
    fillers.length > 0 && el("p", { class: "hint" },
      `Fillers heard: ${list(fillers.map((word) => `${word.term} (${whole(word.count)})`))}. Everybody uses them; many are lost in writing down.`),
    repeated.length > 0 && [
      el("h3", {}, "Used most"),
      el("ul", { class: "words" }, repeated.map((word) =>
        el("li", { vars: { "--share": word.count / most } }, el("span", { class: "word" }, word.term), el("span", { class: "number" }, used(word))))),
    ],
    moved("Words that moved the self-report", (text.trait_words ?? []).map((word) => ({ ...word, moves: word.trait }))),
    moved("Words that moved the impression", (text.impression_words ?? []).map((word) => ({ ...word, moves: word.score }))));
}

/**
 * Say how often a word was used, and how often others use it in as many words.
 * @param {WordCount} word
 */
function used({ count, typical_count: typical }) {
  if (!known(typical)) return `${whole(count)}×`;
  return `${whole(count)}× (others ${typical < 0.05 ? "hardly ever" : `${decimal(typical)}×`})`;
}

/** @param {Fluency | undefined} fluency */
const fluencyTiles = (fluency) => measured([
  ["Pace", fluency?.words_per_minute, whole, "from the first word to the last; 120 to 170 is usual in English", "words / min"],
  ["Fillers", fluency?.fillers_per_minute, decimal, "“um”, “uh” and the like that were heard", "per minute"],
]);

/** @param {TextMeasures} text */
function styleTiles({ readability, shares }) {
  return measured([
    ["Sentence", readability?.words_per_sentence, decimal, "on average", "words"],
    ["Reading ease", readability?.flesch_reading_ease, whole, "Flesch 1948; 60 to 70 is plain English, higher is easier"],
    ["Different words", shares?.distinct, percent, "of all; falls with the length of a text"],
    ["I, me, my", shares?.first_person_singular, percent, "of all words"],
    ["We, us, our", shares?.first_person_plural, percent, "of all words"],
    ["Pleasant words", shares?.positive, percent, shares ? `of all; unpleasant ones ${percent(shares.negative)}` : ""],
  ]);
}

/**
 * List the words that moved each score, up and down.
 * @param {string} title
 * @param {{ term: string, weight: number, moves: string }[]} words
 */
function moved(title, words) {
  const names = [...new Set(words.map((word) => word.moves))];
  const groups = names.map((name) => {
    const own = words.filter((word) => word.moves === name).sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight));
    /**
     * @param {string} label
     * @param {{ term: string }[]} chosen
     */
    const side = (label, chosen) => chosen.length > 0 && el("span", {}, `${label} `, el("em", {}, chosen.slice(0, TERMS_SHOWN).map((word) => word.term).join(", ")));
    return [
      el("dt", {}, name === "interview" ? INVITATION : scoreName(`trait.${name}`)),
      el("dd", {}, side("up:", own.filter((word) => word.weight > 0)), side("down:", own.filter((word) => word.weight < 0))),
    ];
  });
  return names.length > 0 && el("details", { class: "more" }, el("summary", {}, title), el("dl", { class: "trait-words" }, groups));
}
