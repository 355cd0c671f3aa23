import assert from "node:assert/strict";
import { test } from "node:test";

import { frequencies, regionWords, slotStart, strongestRegions } from "../../gateway/web/report/regions.js";

const map = (relevance) => ({
  label: "happy", start_s: 10, end_s: 12, confidence: 0.8, band_edges_hz: [80, 390, 1200, 8000].slice(0, relevance.length + 1), relevance,
});

test("a rectangle is found with its share when it stands out", () => {
  const relevance = [[0, 0, 0, 0], [0, 1, 1, 0], [0, 0.1, 0, 0.1]];
  assert.deepEqual(strongestRegions(relevance, 1), [{ sign: 1, low: 1, high: 2, from: 1, to: 3, share: 2 / 2.2 }]);
});

test("the second rectangle lies beside the first when both stand out", () => {
  const relevance = [[1, 1, 0, 0], [0, 0, -0.8, -0.8]];
  const [first, second] = strongestRegions(relevance);
  assert.deepEqual([first.sign, first.low, first.from, first.to], [1, 0, 0, 2]);
  assert.deepEqual([second.sign, second.low, second.from, second.to], [-1, 1, 2, 4]);
});

test("nothing is found when no cell exceeds the floor", () => {
  assert.deepEqual(strongestRegions([[0.3, -0.3], [0, 0]]), []);
  assert.equal(regionWords(map([[0, 0]])), "No region by itself spoke for or against “happy”.");
});

test("the map is left as it was when regions are sought", () => {
  const relevance = [[1, 0], [0, -1]];
  strongestRegions(relevance);
  assert.deepEqual(relevance, [[1, 0], [0, -1]]);
});

test("a region is named by its time and its frequencies when it is told", () => {
  const told = regionWords(map([[0, 0, 0, 0], [0, 1, 0, 0]]));
  assert.equal(told, "Most (100%) of what spoke for “happy” lies between 10.5 s and 11.0 s, 390–1,200 Hz.");
});

test("slots and bands have a place when it is asked for", () => {
  const shown = map([[0, 0, 0, 0], [0, 0, 0, 0]]);
  assert.equal(slotStart(shown, 3), 11.5);
  assert.equal(frequencies(shown, 0, 1), "80–390 Hz");
  assert.equal(frequencies(shown, 0, 2), "all frequencies");
});
