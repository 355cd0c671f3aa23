import assert from "node:assert/strict";
import { test } from "node:test";

import {
  clock, decimal, degrees, duration, fileSize, hertz, known, list, moment, percent, plural, preciseClock,
} from "../../gateway/web/lib/format.js";

test("minutes and seconds carry over when a time rounds up to a full minute", () => {
  assert.equal(clock(59.4), "0:59");
  assert.equal(clock(59.6), "1:00");
  assert.equal(clock(3599.7), "60:00");
  assert.equal(preciseClock(59.96), "1:00.0");
  assert.equal(preciseClock(65.54), "1:05.5");
});

test("a moment is written in seconds when it lies in the first minute, and on the clock from then on", () => {
  assert.equal(moment(0), "0.0 s");
  assert.equal(moment(7.24), "7.2 s");
  assert.equal(moment(59.94), "59.9 s");
  assert.equal(moment(59.95), "1:00.0");
});

test("a duration is written with its unit when it is short and when it is long", () => {
  assert.equal(duration(48.24), "48.2 s");
  assert.equal(duration(60), "1:00 min");
  assert.equal(duration(185), "3:05 min");
});

test("a number has a true minus sign when it is negative", () => {
  assert.equal(decimal(-23.41), "\u221223.4");
  assert.equal(decimal(1234.56), "1,234.6");
});

test("an angle has a sign when it is not zero", () => {
  assert.equal(degrees(6.4), "+6°");
  assert.equal(degrees(0.2), "0°");
});

test("shares and frequencies are rounded as far as they deserve when they are written", () => {
  assert.equal(percent(0.475), "48%");
  assert.equal(hertz(387.4), "390");
  assert.equal(hertz(1234), "1,200");
});

test("a size takes the largest unit that leaves one digit when it is written", () => {
  assert.equal(fileSize(0), "0 byte");
  assert.equal(fileSize(999), "999 byte");
  assert.equal(fileSize(1000), "1 kB");
  assert.equal(fileSize(1_500_000), "1.5 MB");
  assert.equal(fileSize(5e12), "5,000 GB");
});

test("words follow the count when there is one and when there are many", () => {
  assert.equal(plural(1, "word", "words"), "1 word");
  assert.equal(plural(0, "word", "words"), "0 words");
  assert.equal(plural(1200, "word", "words"), "1,200 words");
});

test("a list ends with “and” when it has several items", () => {
  assert.equal(list(["voice"]), "voice");
  assert.equal(list(["voice", "face", "words"]), "voice, face and words");
});

test("zero and the empty text are known when a figure is asked for, null and undefined are not", () => {
  assert.deepEqual([0, "", false, null, undefined].filter(known), [0, "", false]);
});
