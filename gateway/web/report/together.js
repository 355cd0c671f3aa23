// How far voice and face agreed from moment to moment, beside what chance would give.

import { el, section, svg } from "../lib/dom.js";
import { capital, clock, known, percent, preciseClock } from "../lib/format.js";
import { fitted, widest } from "../lib/picture.js";
import { timeLabels } from "./timeline.js";

/** @import { AlignedSentence, AlignedStep, AlignedTimeline, Parting } from "#api" */

const HEIGHT = 150;
const TOP = 12;
const AXIS = 24;
const MIN_LEFT = 40;
const GAP = 8;
const LEVELS = [0, 0.5, 1];

/**
 * Show how far voice and face agreed; nothing for reports that have no timeline, or whose channels never meet.
 * @param {AlignedTimeline | null | undefined} timeline
 */
export function togetherSection(timeline) {
  if (!timeline || !known(timeline.congruence_mean)) return null;
  return section("Voice and face together",
    timeline.summary && el("p", { class: "lead" }, timeline.summary),
    fitted("course", (width) => picture(timeline, width)),
    el("p", { class: "hint" }, "The line is their agreement in each step; gaps are where one of them was missing. ",
      known(timeline.congruence_by_chance) && "The dashed line is what chance gives: the same voice and face, shifted against each other. ",
      "People part for many reasons, an accent or a bad microphone among them."),
    partings(timeline.partings ?? []),
    sentences(timeline.sentences ?? []));
}

/**
 * @param {AlignedTimeline} timeline
 * @param {number} width in pixels
 */
function picture({ steps, step_s: stepS, congruence_by_chance: chance, partings: parted }, width) {
  const duration = steps.length * stepS;
  const left = Math.max(MIN_LEFT, widest(LEVELS.map(percent)) + GAP);
  /** @param {number} seconds */
  const x = (seconds) => left + (seconds / duration) * (width - left - 4);
  /** @param {number} share */
  const y = (share) => TOP + (1 - share) * (HEIGHT - TOP - AXIS);
  const floor = y(0);
  return svg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img", "aria-label": "Agreement of voice and face over time. The sentences below say the same." },
    LEVELS.map((level) => svg("g", { class: "level" },
      svg("line", { x1: left, x2: width - 4, y1: y(level), y2: y(level) }),
      svg("text", { x: left - 6, y: y(level) + 4, "text-anchor": "end" }, percent(level)))),
    (parted ?? []).map((parting) => svg("rect", { class: "parted", x: x(parting.start_s), y: TOP, width: x(parting.end_s) - x(parting.start_s), height: floor - TOP },
      svg("title", {}, partingWords(parting)))),
    known(chance) && svg("line", { class: "chance", x1: left, x2: width - 4, y1: y(chance), y2: y(chance) }),
    svg("path", { class: "agreed", d: path(steps, stepS, x, y) }),
    timeLabels(duration, width - left - 4, left).map(({ seconds, ...place }) => svg("text", { ...place, y: HEIGHT - 5 }, clock(seconds))));
}

/**
 * Draw a level stroke for every step, joined where neighbours are known.
 * @param {AlignedStep[]} steps
 * @param {number} stepS length of a step, in seconds
 * @param {(seconds: number) => number} x
 * @param {(share: number) => number} y
 * @returns {string} the `d` of a path
 */
function path(steps, stepS, x, y) {
  let joined = false;
  return steps.map(({ congruence }, index) => {
    if (!known(congruence)) {
      joined = false;
      return "";
    }
    const [from, to, level] = [x(index * stepS), x((index + 1) * stepS), y(congruence)].map((value) => value.toFixed(1));
    const drawn = `${joined ? `V${level}` : `M${from} ${level}`}H${to}`;
    joined = true;
    return drawn;
  }).join("");
}

/** @param {Parting} parting */
const partingWords = ({ start_s: start, end_s: end, voice, face, congruence }) =>
  `${preciseClock(start)} to ${preciseClock(end)}: voice ${voice}, face ${face}, agreeing to ${percent(congruence)}`;

/** @param {Parting[]} found */
function partings(found) {
  return found.length > 0 && [
    el("h3", {}, "Where they parted most"),
    el("ul", { class: "partings" }, found.map((parting) => el("li", {}, `${partingWords(parting)}.`))),
  ];
}

/** @param {AlignedSentence[]} found */
function sentences(found) {
  if (!found.length) return null;
  /** @param {AlignedSentence} sentence */
  const row = ({ start_s: start, text, voice, face, congruence }) => el("tr", {},
    el("td", {}, clock(start)), el("td", {}, text), el("td", {}, voice ? capital(voice) : "–"), el("td", {}, face ? capital(face) : "–"),
    el("td", {}, known(congruence) ? percent(congruence) : "–"));
  return el("details", { class: "more" }, el("summary", {}, "Sentence by sentence"),
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Voice and face in each sentence" },
      el("table", { class: "plain-table" },
        el("thead", {}, el("tr", {}, ["At", "Said", "Voice", "Face", "Agree"].map((name) => el("th", { scope: "col" }, name)))),
        el("tbody", {}, found.map(row)))));
}
