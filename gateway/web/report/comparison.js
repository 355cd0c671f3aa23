// Where the scores stand among other people: this question's, wider groups', and those of public recordings.

import { amongOthers } from "./charts.js";
import { el, section } from "../lib/dom.js";
import { capital, percent, plural, whole } from "../lib/format.js";
import { scoreName } from "../lib/labels.js";

const ROUGH_BELOW = 100;
const CLOSE = 0.02;
const TWO_DEVIATIONS_AT_HALF = 98;
const KIND = { role: "Same role", tag: "Tag", question: "Same question", tenant: "Every answer" };

/** @param {object} benchmark entry by score; reports of before have neither `others` nor `reference` */
export function comparisonSection(benchmark) {
  const entries = Object.entries(benchmark);
  if (!entries.length) return null;
  const ranked = entries.some(([, entry]) => entry.percentile !== null);
  const sources = bySource(entries);
  return section("Beside others",
    ranked ? sameQuestion(entries) : tooFew(entries, sources.length > 0),
    sources.length > 0 && (ranked ? publicPeople(sources, "Beside people of public recordings") : references(sources)),
    widerGroups(entries));
}

function sameQuestion(entries) {
  const ranked = entries.filter(([, entry]) => entry.percentile !== null);
  const left = entries.filter(([, entry]) => entry.percentile === null);
  const most = Math.max(...ranked.map(([, entry]) => entry.n));
  return [
    el("p", { class: "lead" }, "Against others who answered the same question; your own earlier answers are left out."),
    standings(ranked.map(([name, entry]) => [name, entry.value, { ...entry, mean: entry.cohort_mean }])),
    el("p", { class: "hint" }, `${plural(most, "other person", "other people")} so far. ${HOW_TO_READ}`),
    left.length > 0 && el("p", { class: "hint" }, `Too few others for: ${left.map(([name]) => scoreName(name)).join(", ")}.`),
  ];
}

const HOW_TO_READ = "The dot is you. The band holds eight of ten others, its darker part the middle four, and the line their middle.";

function tooFew(entries, referred) {
  const others = Math.max(...entries.map(([, entry]) => entry.n));
  const soFar = others === 0 ? "Nobody else has answered this question under the same conditions yet."
    : `Only ${plural(others, "other person has", "other people have")} answered this question under the same conditions.`;
  return [
    el("p", { class: "lead" }, referred ? "No comparison with other answers yet, so here are people of public recordings." : "No comparison yet."),
    el("p", { class: "hint" }, `${soFar} A comparison needs more people, so that it gives nobody away.`),
  ];
}

/** Scores that have a built-in norm, by where it comes from: `[source, n, [name, entry][]][]`. */
function bySource(entries) {
  const found = new Map();
  for (const [name, entry] of entries) {
    if (!entry.reference) continue;
    const { source, n } = entry.reference;
    const key = `${n} ${source.corpus} ${source.description}`;
    if (!found.has(key)) found.set(key, [source, n, []]);
    found.get(key)[2].push([name, entry]);
  }
  return [...found.values()];
}

const publicPeople = (sources, title) => el("details", { class: "more" }, el("summary", {}, title), references(sources));

function references(sources) {
  return [
    sources.map(([source, n, entries]) => [
      el("h3", {}, `${source.corpus}: ${plural(n, "person", "people")}`),
      el("p", {}, source.description),
      standings(entries.map(([name, { value, reference }]) => [name, value, reference])),
      n < ROUGH_BELOW && el("p", { class: "reason" },
        `With ${plural(n, "person", "people")} the place is rough: about ${whole(TWO_DEVIATIONS_AT_HALF / Math.sqrt(n))} of 100 either way.`),
      el("p", { class: "hint" }, `${source.protocol} Licence of the recordings: ${source.licence}.`),
    ]),
    el("p", { class: "hint" }, `They are no candidates, and came to be recorded for other reasons. ${HOW_TO_READ}`),
  ];
}

/** Whether eight of ten lie so close together, and you with them, that a place among them means nothing. */
export const alike = (value, deciles) => deciles[8] - deciles[0] < CLOSE && Math.abs(value - deciles[4]) < CLOSE;

/** `63 of 100`; only a score that really is above everybody's is said to be. */
export function rank(percentile) {
  if (percentile >= 100) return "all";
  return percentile <= 0 ? "none" : `${whole(Math.min(99, Math.max(1, percentile)))} of 100`;
}

/** @param {[string, number, {percentile: number, mean: number, deciles: number[]}][]} rows */
function standings(rows) {
  return el("ul", { class: "standings" }, rows.map(([name, value, { percentile, mean, deciles }]) =>
    el("li", {},
      el("p", { class: "trait-head" }, el("span", { class: "trait-name" }, capital(scoreName(name))),
        el("span", {}, alike(value, deciles) ? "much like the others" : ["higher than ", el("strong", {}, rank(percentile))])),
      amongOthers(value, deciles),
      el("p", { class: "poles" }, el("span", {}, `you ${percent(value)}`),
        el("span", {}, `average ${percent(mean)}, eight of ten ${percent(deciles[0])} to ${percent(deciles[8])}`)))));
}

/** The same role, each tag, and everybody; groups that are too small say so. */
function widerGroups(entries) {
  const cohorts = (entries.find(([, entry]) => entry.others?.length)?.[1].others ?? []).map(({ cohort }) => cohort);
  if (!cohorts.length) return null;
  const place = (entry, index) => {
    const standing = entry.others?.[index];
    if (!standing) return "–";
    return standing.percentile === null ? `too few (${whole(standing.n)})` : `${rank(standing.percentile)} (${whole(standing.n)})`;
  };
  return el("details", { class: "more" }, el("summary", {}, "Beside wider groups"),
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Place of each score in wider groups" },
      el("table", { class: "plain-table" },
        el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Score"), cohorts.map((cohort) => el("th", { scope: "col" }, cohortName(cohort))))),
        el("tbody", {}, entries.map(([name, entry]) => el("tr", {}, el("th", { scope: "row" }, capital(scoreName(name))),
          cohorts.map((_, index) => el("td", {}, place(entry, index)))))))),
    el("p", { class: "hint" }, "How many of 100 others scored lower; in brackets, how many others there are."));
}

const cohortName = ({ kind, name }) => (name === null || name === undefined ? KIND[kind] ?? kind : `${KIND[kind] ?? kind}: ${name}`);
