import assert from "node:assert/strict";
import { test } from "node:test";

import { fullLength, leans } from "../../gateway/web/report/charts.js";
import { directionWords } from "../../gateway/web/report/directions.js";
import { headline } from "../../gateway/web/report/report.js";
import { measured } from "../../gateway/web/report/sections.js";
import { linesOf } from "../../gateway/web/report/words.js";

test("a bar of full length stands for the next tenth when shares are long, and for a half when they are short", () => {
  assert.equal(fullLength(0.2), 0.5);
  assert.equal(fullLength(0.6), 0.6);
  assert.equal(fullLength(0.61), 0.7);
  assert.equal(fullLength(0.1 + 0.5), 0.6);
});

test("a trait leans when it lies a twentieth from the midpoint", () => {
  assert.deepEqual([0.46, 0.5, 0.54, 0.55, 0.44].map(leans), [false, false, false, true, true]);
});

test("a direction is told from the person's own side when head or eyes turned", () => {
  const turned = { yaw: -6.2, pitch: 3.1, yawSd: 5, pitchSd: 2.4 };
  assert.equal(directionWords("The head", turned), "The head: 6° to your right (varies by 5°), 3° up (varies by 2°).");
  const straight = { yaw: 0.3, pitch: -0.4, yawSd: 0, pitchSd: 0 };
  assert.equal(directionWords("The eyes", straight), "The eyes: straight ahead (varies by 0°), level (varies by 0°).");
});

test("at most three emotions are named when several are worth a mention", () => {
  const emotions = { angry: 0.01, disgust: 0.14, fear: 0.15, happy: 0.25, sad: 0.2, surprise: 0.05, neutral: 0.2 };
  assert.equal(headline(emotions), "Perceived most: happy (25%), sad (20%) and neutral (20%).");
  assert.equal(headline({ ...emotions, happy: 0.9, sad: 0, neutral: 0, fear: 0, disgust: 0 }), "Perceived most: happy (90%).");
});

test("a measure has no tile when it is missing, and one when it is zero", () => {
  const write = (value) => `${value}!`;
  assert.deepEqual(measured([["a", null, write], ["b", undefined, write], ["c", 0, write, "remark", "Hz"]]), [["c", "0!", "remark", "Hz"]]);
});

const transcript = (words, starts) => ({ words: words.map((text) => ({ text })), line_starts: starts });
const texts = (lines) => lines.map((line) => line.map(({ text }) => text));

test("words stand in the lines of the report when it has them, and in one when it is older", () => {
  assert.deepEqual(texts(linesOf(transcript(["a", "b", "c"], [0, 2]))), [["a", "b"], ["c"]]);
  assert.deepEqual(texts(linesOf(transcript(["a", "b"]))), [["a", "b"]]);
  assert.deepEqual(texts(linesOf(transcript(["a", "b"], null))), [["a", "b"]]);
  assert.deepEqual(linesOf(transcript([], [])), []);
});
