import assert from "node:assert/strict";
import { test } from "node:test";

import { activationWords } from "../../gateway/web/report/activation.js";
import { fullLength, leans } from "../../gateway/web/report/charts.js";
import { alike, rank } from "../../gateway/web/report/comparison.js";
import { directionWords } from "../../gateway/web/report/directions.js";
import { headline } from "../../gateway/web/report/report.js";
import { measured } from "../../gateway/web/report/sections.js";
import { verdict } from "../../gateway/web/report/together.js";
import { comparedWith } from "../../gateway/web/report/voice.js";
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

test("a rank is all or none when it really is, and between one and 99 when not", () => {
  assert.deepEqual([100, 99.7, 63.2, 0.2, 0].map(rank), ["all", "99 of 100", "63 of 100", "1 of 100", "none"]);
});

test("a place means nothing when others and oneself lie close together", () => {
  const close = [0.5, 0.502, 0.504, 0.505, 0.506, 0.507, 0.508, 0.509, 0.51];
  assert.equal(alike(0.51, close), true);
  assert.equal(alike(0.6, close), false);
  assert.equal(alike(0.5, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]), false);
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

test("agreement is compared with chance when there is enough of it", () => {
  assert.match(verdict(0.6, null, null), /too short/);
  assert.match(verdict(0.6, 0.4, 0.95), /more than by chance/);
  assert.match(verdict(0.6, 0.7, 0.05), /less than by chance/);
  assert.match(verdict(0.6, 0.55, 0.94), /no clear difference/);
});

test("it is told whose voice the voice was compared with when something is known of it, and when not", () => {
  assert.match(comparedWith(0), /average of many speakers/);
  assert.match(comparedWith(0.3), /1 window of speech/);
  assert.match(comparedWith(14), /14 windows of speech/);
});

test("a region is the one that carried a label when it has two fifths, and the label is spread out when none has", () => {
  assert.equal(activationWords({ regions: { mouth: 0.7, eyes: 0.3 } }), "Mostly the mouth (70%), then the eyes (30%).");
  assert.equal(activationWords({ regions: { nose: 1, eyes: 0 } }), "Only the nose (100%).");
  const spread = { forehead: 0.1, brows: 0.2, eyes: 0.39, nose: 0.31 };
  assert.equal(activationWords({ regions: spread }), "Spread out: the eyes (39%), the nose (31%) and the brows (20%).");
});

test("a measure has no tile when it is missing, and one when it is zero", () => {
  const write = (value) => `${value}!`;
  assert.deepEqual(measured([["a", null, write], ["b", undefined, write], ["c", 0, write, "remark", "Hz"]]), [["c", "0!", "remark", "Hz"]]);
});

const spoken = (text, start_s, end_s = start_s + 0.2) => ({ text, start_s, end_s, probability: 1 });

test("a line of the transcript ends when there is a pause", () => {
  const lines = linesOf([spoken("a", 0), spoken("b", 0.3), spoken("c", 1.5)]);
  assert.deepEqual(lines.map((line) => line.map(({ text }) => text)), [["a", "b"], ["c"]]);
});

test("a line of the transcript ends with a sentence when it is a third full, and anywhere when it is full", () => {
  const words = Array.from({ length: 40 }, (_, index) => spoken(index === 4 || index === 9 ? "end." : "word", index * 0.3));
  assert.deepEqual(linesOf(words).map((line) => line.length), [10, 28, 2]);
  assert.deepEqual(linesOf([]), []);
});
