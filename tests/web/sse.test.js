import assert from "node:assert/strict";
import { test } from "node:test";

import { readEvents } from "../../gateway/web/lib/sse.js";

/**
 * Read the events of a text that arrives in pieces of `size` bytes.
 * @param {string} text
 * @param {number} size
 */
async function eventsOf(text, size) {
  const bytes = new TextEncoder().encode(text);
  const stream = new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
      controller.close();
    },
  });
  const events = [];
  for await (const event of readEvents(stream)) events.push(event);
  return events;
}

const TEXT = ': hi\r\nid: 7\r\nevent: status\r\ndata: {"a":\r\ndata: "\u00e9"}\r\n\r\ndata:x\n\nevent: cut\ndata: off';
const EVENTS = [
  { id: "7", event: "status", data: '{"a":\n"\u00e9"}' },
  { id: "7", event: "message", data: "x" },
];

test("events are the same when they arrive in pieces of any size", async () => {
  for (const size of [1, 2, 3, 5, 8, 13, 1000]) assert.deepEqual(await eventsOf(TEXT, size), EVENTS, `${size} bytes`);
});

test("every kind of line end counts when events are read", async () => {
  assert.deepEqual(await eventsOf("data: a\rdata: b\r\rdata: c\n\n", 1), [
    { id: "", event: "message", data: "a\nb" },
    { id: "", event: "message", data: "c" },
  ]);
});

test("a field without a colon has an empty value when it is read", async () => {
  assert.deepEqual(await eventsOf("data\n\n", 1), [{ id: "", event: "message", data: "" }]);
});

test("only one space is taken from a value when it begins with several", async () => {
  assert.deepEqual(await eventsOf("data:  a\n\n", 1), [{ id: "", event: "message", data: " a" }]);
});

test("no event comes of comments and unknown fields when there is no data", async () => {
  assert.deepEqual(await eventsOf(": beat\n\nretry: 10\n\nevent: status\n\n", 4), []);
});

test("the stream is given up when its reader stops early", async () => {
  let stopped = false;
  const stream = new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode("data: 1\n\ndata: 2\n\n")),
    cancel: () => { stopped = true; },
  });
  for await (const event of readEvents(stream)) {
    assert.equal(event.data, "1");
    break;
  }
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(stopped, true);
});
