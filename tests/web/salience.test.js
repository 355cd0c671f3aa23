import assert from "node:assert/strict";
import { test } from "node:test";

import { frequencies, slotStart } from "../../gateway/web/report/salience.js";

test("slots and bands have a place when it is asked for", () => {
  const shown = { start_s: 10, end_s: 12, band_edges_hz: [80, 390, 1200], relevance: [[0, 0, 0, 0], [0, 0, 0, 0]] };
  assert.equal(slotStart(shown, 3), 11.5);
  assert.equal(frequencies(shown, 0, 1), "80–390 Hz");
  assert.equal(frequencies(shown, 0, 2), "all frequencies");
});
