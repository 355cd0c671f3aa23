import assert from "node:assert/strict";
import { test } from "node:test";

import { kindOf } from "../../gateway/web/answer/media.js";
import { ApiError, messageOf, statusOf, wasStopped } from "../../gateway/web/lib/faults.js";

test("a file is known by its type when the browser names one, and by its name when not", () => {
  assert.equal(kindOf({ name: "a.bin", type: "video/mp4" }), "video");
  assert.equal(kindOf({ name: "Answer.FLAC", type: "" }), "audio");
  assert.equal(kindOf({ name: "cv.old.pdf", type: "application/octet-stream" }), "document");
  assert.equal(kindOf({ name: "cv.txt", type: "text/plain" }), "document");
});

test("a file is refused when neither type nor name is known", () => {
  assert.equal(kindOf({ name: "a.zip", type: "application/zip" }), null);
  assert.equal(kindOf({ name: "pdf", type: "" }), "document");
  assert.equal(kindOf({ name: "noextension", type: "" }), null);
});

test("a refusal says what to do next when the server sent no words", () => {
  assert.match(new ApiError(413).message, /Upload a shorter/);
  assert.match(new ApiError(0).message, /cannot be reached/);
  assert.match(new ApiError(500).message, /on our side/);
});

test("a refusal keeps the server's words when there are some, and says how long to wait", () => {
  const fault = new ApiError(429, { detail: "Too many.", request_id: "req_1" }, "7");
  assert.equal(fault.message, "Too many. Try again in 7 seconds.");
  assert.equal(fault.requestId, "req_1");
  assert.equal(new ApiError(429, { detail: "Too many." }, "Sat, 28 Nov 2026 10:00:00 GMT").message, "Too many.");
});

test("a refusal has the page's words when the server cannot know what is next here", () => {
  const fault = new ApiError(403, { code: "report_readable_by_candidate_only", detail: "Read it with the token." });
  assert.match(fault.message, /only in the browser/);
});

test("faults of fields name the field when they are listed", () => {
  const errors = [{ field: "body.video", detail: "too large" }, { field: "", detail: "empty" }];
  assert.deepEqual(new ApiError(422, { errors }).fields, ["video: too large", "empty"]);
});

test("a fault has a status when it is a refusal, and words whatever it is", () => {
  assert.equal(statusOf(new ApiError(404)), 404);
  assert.equal(statusOf(new TypeError("x")), null);
  assert.equal(messageOf(new TypeError("x")), "x");
  assert.equal(messageOf(null), "Something went wrong. Try again later.");
  assert.equal(wasStopped(new DOMException("stop", "AbortError")), true);
  assert.equal(wasStopped(new ApiError(0)), false);
});
