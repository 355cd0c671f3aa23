import assert from "node:assert/strict";
import { test } from "node:test";

import { momentWords, spans, tickTimes } from "../../gateway/web/report/timeline.js";

const stretch = (label, start_s, end_s, confidence = 0.5) => ({ label, start_s, end_s, confidence, emotions: {} });

test("neighbouring stretches become one span when they show one emotion", () => {
  const found = spans([stretch("happy", 0, 1, 0.9), stretch("happy", 1, 4, 0.5), stretch("sad", 4, 5), stretch("happy", 5, 6)]);
  assert.deepEqual(found.map(({ label, start_s, end_s }) => [label, start_s, end_s]), [["happy", 0, 4], ["sad", 4, 5], ["happy", 5, 6]]);
});

test("the confidence of a span is weighted by length when its stretches differ", () => {
  const [span] = spans([stretch("happy", 0, 1, 0.9), stretch("happy", 1, 4, 0.5)]);
  assert.equal(span.confidence, (0.9 + 3 * 0.5) / 4);
  assert.equal(span.highest, 0.9);
});

test("a span ends when nothing was heard or seen for half a second", () => {
  assert.equal(spans([stretch("happy", 0, 1), stretch("happy", 1.49, 2)]).length, 1);
  assert.equal(spans([stretch("happy", 0, 1), stretch("happy", 1.5, 2)]).length, 2);
});

test("a span keeps a confidence when its stretches have no length", () => {
  const [span] = spans([stretch("happy", 1, 1, 0.4), stretch("happy", 1, 1, 0.6)]);
  assert.equal(span.confidence, 0.4);
});

test("the report is left as it was when its stretches are joined", () => {
  const segments = [stretch("happy", 0, 1), stretch("happy", 1, 2)];
  spans(segments);
  assert.equal(segments[0].end_s, 1);
});

test("times of an axis are 70 pixels apart or more when the picture is narrow, wide, short or long", () => {
  for (const width of [260, 600, 1100]) {
    for (const duration of [0.1, 3, 58.7, 600, 7200]) {
      const times = tickTimes(duration, width);
      assert.equal(times[0], 0);
      assert.ok(times.at(-1) <= duration);
      if (times.length > 1) assert.ok((times[1] / duration) * width >= 70, `${duration} s on ${width} px`);
    }
  }
});

test("a moment is told for every channel when some show nothing", () => {
  const lanes = [
    { modality: "audio", segments: [stretch("happy", 0, 2, 0.61)] },
    { modality: "video", segments: [stretch("sad", 2, 4, 0.4)] },
  ];
  assert.equal(momentWords(lanes, 0), "0:00.0. Voice: happy, 61%. Face: nothing here.");
  assert.equal(momentWords(lanes, 2), "0:02.0. Voice: nothing here. Face: sad, 40%.");
});
