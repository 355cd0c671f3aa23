// Following an assessment until it is final: by its events, and by asking where they cannot be had.

import * as api from "./api.js";
import { statusOf } from "./faults.js";
import { FINAL } from "./labels.js";
import { readEvents } from "./sse.js";

const PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 5000;
/** Statuses of refusals that asking again does not change. */
const FOR_GOOD = new Set([401, 403, 404]);

/** @typedef {{ signal: AbortSignal, onEvent: (name: string, data: any) => void }} Listener told of each event, until `signal` */

/**
 * Follow an assessment until it is final or nobody listens any more.
 * @param {string} id
 * @param {Listener} listener
 * @throws {ApiError} if it may not be read, or is gone
 */
export async function follow(id, listener) {
  const { signal, onEvent } = listener;
  const seen = { lastId: "", failures: 0 };
  while (!signal.aborted) {
    if (await listen(id, seen, listener)) return;
    seen.failures += 1;
    const current = await snapshot(id, signal);
    if (current) onEvent("snapshot", current);
    if (current && FINAL.has(current.status)) return;
    await pause(Math.min(LONGEST_PAUSE_MS, PAUSE_MS * 2 ** seen.failures), signal);
  }
}

/**
 * Pass events on until the connection ends.
 * @param {string} id
 * @param {{ lastId: string, failures: number }} seen the last event so far, and how often there was none
 * @param {Listener} listener
 * @returns {Promise<boolean>} whether there is nothing more to come
 */
async function listen(id, seen, { signal, onEvent }) {
  try {
    for await (const event of readEvents(await api.events(id, seen.lastId, signal))) {
      seen.failures = 0;
      seen.lastId = event.id || seen.lastId;
      const data = api.parse(event.data) ?? {};
      onEvent(event.event, data);
      if (event.event === "report" || (event.event === "status" && FINAL.has(data.status))) return true;
    }
  } catch (fault) {
    if (!signal.aborted && isForGood(fault)) throw fault;
  }
  return signal.aborted;
}

/**
 * Return an assessment as it is now, or null while it cannot be had.
 * @param {string} id
 * @param {AbortSignal} signal
 */
async function snapshot(id, signal) {
  try {
    return await api.assessment(id, signal);
  } catch (fault) {
    if (!signal.aborted && isForGood(fault)) throw fault;
    return null;
  }
}

/** @param {unknown} fault */
const isForGood = (fault) => FOR_GOOD.has(statusOf(fault) ?? 0);

/**
 * Wait, or less if `signal` says that nobody waits any more.
 * @param {number} ms
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
export const pause = (ms, signal) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
