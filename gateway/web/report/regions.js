// The strongest regions of a picture of relevance, and the sentences that name them. No elements here.

import { hertz, moment, percent } from "../lib/format.js";

/** What a region must exceed on average, as a share of the strongest cell, to be part of what is named. */
const FLOOR = 0.3;
const TAKEN = -1e6;

/**
 * Rectangles that stand out, strongest first: the sum of what each cell has above `FLOOR` is largest.
 * @param {number[][]} relevance a row per band, lowest first; -1..1
 * @returns {{sign: number, low: number, high: number, from: number, to: number, share: number}[]}
 *   bands `low`..`high` and slots `from`..`to`, the second of each left out; `share` of everything with that sign
 */
export function strongestRegions(relevance, count = 2) {
  const excess = Object.fromEntries([1, -1].map((sign) => [sign, relevance.map((row) => row.map((value) => sign * value - FLOOR))]));
  const found = [];
  while (found.length < count) {
    const [best] = [1, -1].map((sign) => ({ sign, ...largestRectangle(excess[sign]) })).sort((a, b) => b.sum - a.sum);
    if (!(best.sum > 0)) break;
    for (let band = best.low; band < best.high; band += 1) {
      for (let slot = best.from; slot < best.to; slot += 1) excess[1][band][slot] = excess[-1][band][slot] = TAKEN;
    }
    found.push({ sign: best.sign, low: best.low, high: best.high, from: best.from, to: best.to, share: shareOf(relevance, best) });
  }
  return found;
}

/** The rectangle of the largest sum: every range of bands, and in each the best run of slots (Kadane). */
function largestRectangle(rows) {
  let best = { sum: 0 };
  for (let low = 0; low < rows.length; low += 1) {
    const columns = rows[low].map(() => 0);
    for (let high = low; high < rows.length; high += 1) {
      let sum = 0;
      let from = 0;
      columns.forEach((_, slot) => {
        columns[slot] += rows[high][slot];
        if (sum <= 0) [sum, from] = [0, slot];
        sum += columns[slot];
        if (sum > best.sum) best = { sum, low, high: high + 1, from, to: slot + 1 };
      });
    }
  }
  return best;
}

function shareOf(relevance, { sign, low, high, from, to }) {
  const total = (rows) => rows.flat().reduce((sum, value) => sum + Math.max(0, sign * value), 0);
  return total(relevance.slice(low, high).map((row) => row.slice(from, to))) / total(relevance);
}

/** When a slot begins, on the clock of the recording. */
export const slotStart = (map, slot) => map.start_s + ((map.end_s - map.start_s) * slot) / map.relevance[0].length;

/** `390–1,200 Hz` for bands `low` up to and without `high`. */
export function frequencies(map, low, high) {
  if (low === 0 && high === map.relevance.length) return "all frequencies";
  return `${hertz(map.band_edges_hz[low])}–${hertz(map.band_edges_hz[high])} Hz`;
}

/** The two strongest regions of a map, in words. */
export function regionWords(map) {
  const [first, second] = strongestRegions(map.relevance);
  if (!first) return `No region by itself spoke for or against “${map.label}”.`;
  const place = ({ from, to, low, high }) => `between ${moment(slotStart(map, from))} and ${moment(slotStart(map, to))}, ${frequencies(map, low, high)}`;
  const side = ({ sign }) => `${sign > 0 ? "for" : "against"} “${map.label}”`;
  const part = first.share >= 0.5 ? "Most" : "The largest part";
  const told = `${part} (${percent(first.share)}) of what spoke ${side(first)} lies ${place(first)}.`;
  if (!second) return told;
  if (second.sign === first.sign) return `${told} Next comes the region ${place(second)} (${percent(second.share)}).`;
  return `${told} What spoke ${side(second)} lies mainly ${place(second)} (${percent(second.share)}).`;
}
