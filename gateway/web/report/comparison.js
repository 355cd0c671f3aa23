// Where the scores stand among other people: this question's, wider groups', and those of public recordings.

import { el, section } from "../lib/dom.js";
import { capital, known, percent, plural, whole } from "../lib/format.js";
import { scoreName } from "../lib/labels.js";
import { amongOthers } from "./charts.js";

/** @import { BenchmarkEntry, Cohort, CohortKind, NormSource } from "#api" */
/** @typedef {[score: string, entry: BenchmarkEntry]} Entry */
/** @typedef {{ score: string, value: number, summary?: string | null, mean: number, deciles: number[] }} Place of a score among others */
/** @typedef {{ source: NormSource, n: number, caution?: string | null, places: Place[] }} PublicPeople whom public recordings show, and where the scores lie among them */

/** @type {Record<CohortKind, string>} */
const KIND = { role: "Same role", tag: "Tag", question: "Same question", tenant: "Every answer" };

/**
 * Show where the scores of an answer stand.
 * @param {Record<string, BenchmarkEntry>} benchmark by score; reports of before have neither `others` nor `reference`
 */
export function comparisonSection(benchmark) {
  const entries = Object.entries(benchmark);
  if (!entries.length) return null;
  const places = entries.map(placed).filter(known);
  const sources = bySource(entries);
  return section("Beside others",
    places.length > 0 ? sameQuestion(entries, places) : tooFew(entries, sources.length > 0),
    sources.length > 0 && (places.length > 0 ? publicPeople(sources, "Beside people of public recordings") : references(sources)),
    widerGroups(entries));
}

/**
 * Return the place of a score among those who answered the same question, or null where they are too few.
 * @param {Entry} entry
 * @returns {Place | null}
 */
function placed([score, { value, percentile, cohort_mean: mean, deciles, summary }]) {
  return known(percentile) && known(mean) && known(deciles) ? { score, value, summary, mean, deciles } : null;
}

/**
 * @param {Entry[]} entries
 * @param {Place[]} places of those that have one
 */
function sameQuestion(entries, places) {
  const ranked = new Set(places.map(({ score }) => score));
  const left = entries.filter(([score]) => !ranked.has(score));
  const most = Math.max(...entries.filter(([score]) => ranked.has(score)).map(([, entry]) => entry.n));
  return [
    el("p", { class: "lead" }, "Against others who answered the same question; your own earlier answers are left out."),
    standings(places),
    el("p", { class: "hint" }, `${plural(most, "other person", "other people")} so far. ${HOW_TO_READ}`),
    left.length > 0 && el("p", { class: "hint" }, `Too few others for: ${left.map(([score]) => scoreName(score)).join(", ")}.`),
  ];
}

const HOW_TO_READ = "The dot is you. The band holds eight of ten others, its darker part the middle four, and the line their middle.";

/**
 * @param {Entry[]} entries
 * @param {boolean} referred whether people of public recordings follow
 */
function tooFew(entries, referred) {
  const others = Math.max(...entries.map(([, entry]) => entry.n));
  const soFar = others === 0 ? "Nobody else has answered this question under the same conditions yet."
    : `Only ${plural(others, "other person has", "other people have")} answered this question under the same conditions.`;
  return [
    el("p", { class: "lead" }, referred ? "No comparison with other answers yet, so here are people of public recordings." : "No comparison yet."),
    el("p", { class: "hint" }, `${soFar} A comparison needs more people, so that it gives nobody away.`),
  ];
}

/**
 * Put the scores that have a built-in norm together by where it comes from.
 * @param {Entry[]} entries
 */
function bySource(entries) {
  /** @type {Map<string, PublicPeople>} */
  const found = new Map();
  for (const [score, { value, reference }] of entries) {
    if (!reference) continue;
    const { source, n, caution } = reference;
    const key = `${n} ${source.corpus} ${source.description}`;
    const people = found.get(key) ?? { source, n, caution, places: [] };
    found.set(key, people);
    people.places.push({ ...reference, score, value });
  }
  return [...found.values()];
}

/**
 * @param {PublicPeople[]} sources
 * @param {string} title
 */
const publicPeople = (sources, title) => el("details", { class: "more" }, el("summary", {}, title), references(sources));

/** @param {PublicPeople[]} sources */
function references(sources) {
  return [
    sources.map(({ source, n, caution, places }) => [
      el("h3", {}, `${source.corpus}: ${plural(n, "person", "people")}`),
      el("p", {}, source.description),
      standings(places),
      caution && el("p", { class: "reason" }, caution),
      el("p", { class: "hint" }, `${source.protocol} Licence of the recordings: ${source.licence}.`),
    ]),
    el("p", { class: "hint" }, HOW_TO_READ),
  ];
}

/** @param {Place[]} places */
function standings(places) {
  return el("ul", { class: "standings" }, places.map(({ score, value, summary, mean, deciles }) =>
    el("li", {},
      el("p", { class: "trait-head" }, el("span", { class: "trait-name" }, capital(scoreName(score))),
        el("span", {}, summary)),
      amongOthers(value, deciles),
      el("p", { class: "poles" }, el("span", {}, `you ${percent(value)}`),
        el("span", {}, `average ${percent(mean)}, eight of ten ${percent(deciles[0])} to ${percent(deciles[8])}`)))));
}

/**
 * Show places among the same role, each tag, and everybody; groups that are too small say so.
 * @param {Entry[]} entries
 */
function widerGroups(entries) {
  const cohorts = (entries.find(([, entry]) => entry.others?.length)?.[1].others ?? []).map(({ cohort }) => cohort);
  if (!cohorts.length) return null;
  /**
   * @param {BenchmarkEntry} entry
   * @param {number} index of the group
   */
  const place = (entry, index) => {
    const standing = entry.others?.[index];
    if (!standing) return "–";
    return `${known(standing.percentile) ? standing.summary ?? "–" : "too few"} (${whole(standing.n)})`;
  };
  return el("details", { class: "more" }, el("summary", {}, "Beside wider groups"),
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Place of each score in wider groups" },
      el("table", { class: "plain-table" },
        el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Score"), cohorts.map((cohort) => el("th", { scope: "col" }, cohortName(cohort))))),
        el("tbody", {}, entries.map(([name, entry]) => el("tr", {}, el("th", { scope: "row" }, capital(scoreName(name))),
          cohorts.map((_, index) => el("td", {}, place(entry, index)))))))),
    el("p", { class: "hint" }, "In brackets, how many others there are."));
}

/** @param {Cohort} cohort */
const cohortName = ({ kind, name }) => (known(name) ? `${KIND[kind] ?? kind}: ${name}` : KIND[kind] ?? kind);
