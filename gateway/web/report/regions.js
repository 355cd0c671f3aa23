// The strongest regions of a picture of relevance, and the sentences that name them. No elements here.

import { hertz, moment, percent } from "../lib/format.js";

/** @import { SalienceMap } from "#api" */
/**
 * A rectangle of a map: bands `low`..`high` and slots `from`..`to`, the second of each left out.
 * @typedef {{ low: number, high: number, from: number, to: number }} Rectangle
 */
/** @typedef {Rectangle & { sign: 1 | -1, share: number }} Region with its `share` of everything that has its sign */

/** What a region must exceed on average, as a share of the strongest cell, to be part of what is named. */
const FLOOR = 0.3;
const TAKEN = -1e6;
const SIGNS = /** @type {const} */ ([1, -1]);

/**
 * Find the rectangles that stand out, strongest first: the sum of what each cell has above `FLOOR` is largest.
 * @param {number[][]} relevance a row per band, lowest first; -1..1
 * @param {number} count of rectangles at most
 * @returns {Region[]}
 */
export function strongestRegions(relevance, count = 2) {
  const sides = SIGNS.map((sign) => ({ sign, excess: relevance.map((row) => row.map((value) => sign * value - FLOOR)) }));
  /** @type {Region[]} */
  const found = [];
  while (found.length < count) {
    const [{ sign, sum, rectangle }] = sides.map(({ sign, excess }) => ({ sign, ...largestRectangle(excess) })).sort((a, b) => b.sum - a.sum);
    if (!(sum > 0)) break;
    for (const { excess } of sides) {
      for (const row of excess.slice(rectangle.low, rectangle.high)) row.fill(TAKEN, rectangle.from, rectangle.to);
    }
    found.push({ sign, ...rectangle, share: shareOf(relevance, rectangle, sign) });
  }
  return found;
}

/**
 * Find the rectangle of the largest sum: every range of bands, and in each the best run of slots (Kadane).
 * @param {number[][]} rows
 */
function largestRectangle(rows) {
  let best = { sum: 0, rectangle: { low: 0, high: 0, from: 0, to: 0 } };
  for (let low = 0; low < rows.length; low += 1) {
    const columns = rows[low].map(() => 0);
    for (let high = low; high < rows.length; high += 1) {
      let sum = 0;
      let from = 0;
      columns.forEach((_, slot) => {
        columns[slot] += rows[high][slot];
        if (sum <= 0) [sum, from] = [0, slot];
        sum += columns[slot];
        if (sum > best.sum) best = { sum, rectangle: { low, high: high + 1, from, to: slot + 1 } };
      });
    }
  }
  return best;
}

/**
 * @param {number[][]} relevance
 * @param {Rectangle} rectangle
 * @param {number} sign
 */
function shareOf(relevance, { low, high, from, to }, sign) {
  /** @param {number[][]} rows */
  const total = (rows) => rows.flat().reduce((sum, value) => sum + Math.max(0, sign * value), 0);
  return total(relevance.slice(low, high).map((row) => row.slice(from, to))) / total(relevance);
}

/**
 * Return when a slot begins, in seconds of the recording.
 * @param {SalienceMap} map
 * @param {number} slot
 */
export const slotStart = (map, slot) => map.start_s + ((map.end_s - map.start_s) * slot) / map.relevance[0].length;

/**
 * Write `390–1,200 Hz` for bands `low` up to and without `high`.
 * @param {SalienceMap} map
 * @param {number} low
 * @param {number} high
 */
export function frequencies(map, low, high) {
  if (low === 0 && high === map.relevance.length) return "all frequencies";
  return `${hertz(map.band_edges_hz[low])}–${hertz(map.band_edges_hz[high])} Hz`;
}

/**
 * Name the two strongest regions of a map.
 * @param {SalienceMap} map
 */
export function regionWords(map) {
  const [first, second] = strongestRegions(map.relevance);
  if (!first) return `No region by itself spoke for or against “${map.label}”.`;
  /** @param {Region} region */
  const place = ({ from, to, low, high }) => `between ${moment(slotStart(map, from))} and ${moment(slotStart(map, to))}, ${frequencies(map, low, high)}`;
  /** @param {Region} region */
  const side = ({ sign }) => `${sign > 0 ? "for" : "against"} “${map.label}”`;
  const part = first.share >= 0.5 ? "Most" : "The largest part";
  const told = `${part} (${percent(first.share)}) of what spoke ${side(first)} lies ${place(first)}.`;
  if (!second) return told;
  if (second.sign === first.sign) return `${told} Next comes the region ${place(second)} (${percent(second.share)}).`;
  return `${told} What spoke ${side(second)} lies mainly ${place(second)} (${percent(second.share)}).`;
}
