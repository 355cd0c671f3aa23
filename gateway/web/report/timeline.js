// Perceived emotions over the time of the recording, one lane per channel; a table tells the same.

import { el, svg } from "../lib/dom.js";
import { capital, clock, duration, percent, plural, preciseClock, whole } from "../lib/format.js";
import { CHANNEL, EMOTIONS } from "../lib/labels.js";
import { fitted, widest } from "../lib/picture.js";

/** @import { Blink, Modality, TimelineSegment } from "#api" */
/** @typedef {{ modality: Modality, segments: TimelineSegment[], summary?: string | null, blinks?: Blink[] }} Lane what one channel shows over the time */
/** @typedef {TimelineSegment & { highest: number }} Span neighbouring stretches of one emotion, and the highest confidence among them */

const LANE = 76;
const HEADROOM = 18;
const GAP = 34;
const TOP = 22;
const AXIS = 26;
const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200];
const MIN_TICK_PX = 70;
const MIN_NAME_PX = 58;

/**
 * Draw perceived emotions over the time, with a slider to read them off and a table of them.
 * @param {Lane[]} lanes
 * @param {number} duration_s
 */
export function timeline(lanes, duration_s) {
  /** @type {number | null} */
  let at = null;
  const frame = fitted("timeline", (width) => {
    const drawn = picture(lanes, duration_s, width);
    point(drawn, at, duration_s);
    return drawn;
  });
  const reader = momentReader(lanes, duration_s, (seconds) => {
    at = seconds;
    const drawn = frame.querySelector("svg");
    if (drawn) point(drawn, at, duration_s);
  });
  /** @param {PointerEvent} event */
  const follow = (event) => {
    const box = frame.getBoundingClientRect();
    reader.move(Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * duration_s);
  };
  frame.addEventListener("pointermove", follow);
  frame.addEventListener("pointerdown", follow);
  return el("div", {}, legend(lanes), frame, reader.node, alternative(lanes));
}

/**
 * Make a slider that reads the picture off at any moment: by keyboard, by touch, or by pointing at the picture.
 * @param {Lane[]} lanes
 * @param {number} duration_s
 * @param {(seconds: number) => void} onMove
 */
function momentReader(lanes, duration_s, onMove) {
  const step = Math.max(0.1, Math.round(duration_s / 10) / 10);
  const text = el("p", { class: "readout" }, "Point at the picture, or move the slider, for what was perceived when, and how surely.");
  const slider = el("input", { type: "range", min: 0, max: duration_s, step, value: 0, "aria-valuetext": momentWords(lanes, 0) });
  /** @param {number} seconds */
  const tell = (seconds) => {
    text.textContent = momentWords(lanes, seconds);
    slider.setAttribute("aria-valuetext", text.textContent);
    onMove(seconds);
  };
  slider.addEventListener("input", () => tell(Number(slider.value)));
  /** @param {number} seconds */
  const move = (seconds) => {
    slider.value = String(seconds);
    tell(seconds);
  };
  const node = el("div", { class: "reader" }, el("label", { class: "scrub" }, el("span", {}, "Read off a moment"), slider), text);
  return { node, move };
}

/**
 * Say what every channel shows at a moment.
 * @param {Lane[]} lanes
 * @param {number} seconds
 */
export function momentWords(lanes, seconds) {
  const told = lanes.map(({ modality, segments }) => {
    const found = segments.find((segment) => segment.start_s <= seconds && seconds < segment.end_s);
    return `${CHANNEL[modality]}: ${found ? `${found.label}, ${percent(found.confidence)}` : "nothing here"}.`;
  });
  return `${preciseClock(seconds)}. ${told.join(" ")}`;
}

/**
 * Move the cursor of the picture to a moment, or hide it.
 * @param {SVGElement} drawn
 * @param {number | null} seconds
 * @param {number} duration_s
 */
function point(drawn, seconds, duration_s) {
  const x = (Math.min(seconds ?? 0, duration_s) / duration_s) * Number(drawn.getAttribute("width"));
  for (const cursor of drawn.querySelectorAll(".cursor")) {
    cursor.toggleAttribute("hidden", seconds === null);
    cursor.setAttribute("x1", String(x));
    cursor.setAttribute("x2", String(x));
  }
}

/**
 * Join neighbouring stretches of one emotion, for labels and for the table.
 * @param {TimelineSegment[]} segments in the order of time
 */
export function spans(segments) {
  /** @type {Span[]} */
  const merged = [];
  for (const segment of segments) {
    const last = merged.at(-1);
    if (last && last.label === segment.label && segment.start_s - last.end_s < 0.5) {
      const length = last.end_s - last.start_s;
      const more = segment.end_s - segment.start_s;
      last.confidence = length + more > 0 ? (last.confidence * length + segment.confidence * more) / (length + more) : last.confidence;
      last.end_s = segment.end_s;
      last.highest = Math.max(last.highest, segment.confidence);
    } else {
      merged.push({ ...segment, highest: segment.confidence });
    }
  }
  return merged;
}

/** @param {Lane[]} lanes */
function legend(lanes) {
  const seen = new Set(lanes.flatMap((lane) => lane.segments.map((segment) => segment.label)));
  const blinks = lanes.some((lane) => lane.blinks && lane.blinks.length > 0);
  return el("ul", { class: "legend", "aria-hidden": "true" },
    EMOTIONS.filter((emotion) => seen.has(emotion)).map((emotion) =>
      el("li", { class: `emotion-${emotion}` }, el("span", { class: "swatch" }), capital(emotion))),
    blinks && el("li", {}, el("span", { class: "blink-swatch" }), "Blink"));
}

/**
 * @param {Lane[]} lanes
 * @param {number} duration_s
 * @param {number} width in pixels
 */
function picture(lanes, duration_s, width) {
  const height = TOP + lanes.length * (LANE + GAP) - GAP + AXIS + 6;
  /** @param {number} seconds */
  const x = (seconds) => (Math.min(seconds, duration_s) / duration_s) * width;
  const label = `Perceived emotions over ${duration(duration_s)}. ${lanes.map(laneWords).join("")}The table below has every stretch.`;
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label },
    timeLabels(duration_s, width).map(({ seconds, ...place }) => svg("g", { class: "tick" },
      svg("line", { x1: x(seconds), x2: x(seconds), y1: TOP - 4, y2: height - AXIS + 2 }),
      svg("text", { ...place, y: height - 6 }, clock(seconds)))),
    lanes.map((lane, index) => laneGroup(lane, TOP + index * (LANE + GAP), x, width)),
    svg("line", { class: "cursor", y1: TOP - 4, y2: height - AXIS + 2 }));
}

/**
 * Return times for an axis in seconds, far enough apart to be read.
 * @param {number} duration_s
 * @param {number} width in pixels
 * @param {number} room that each time takes, in pixels
 */
export function tickTimes(duration_s, width, room = MIN_TICK_PX) {
  const step = STEPS_S.find((candidate) => (candidate / duration_s) * width >= room) ?? 3600;
  return Array.from({ length: Math.floor(duration_s / step) + 1 }, (_, index) => index * step);
}

/**
 * Return the times of an axis with where their labels stand: below their moment, and within the picture.
 * @param {number} duration_s
 * @param {number} width of the axis, in pixels
 * @param {number} left where it begins
 */
export function timeLabels(duration_s, width, left = 0) {
  const label = widest([clock(duration_s)]);
  return tickTimes(duration_s, width, Math.max(MIN_TICK_PX, 2 * label)).map((seconds) => {
    const at = (seconds / duration_s) * width;
    const anchor = at < label / 2 ? "start" : at > width - label / 2 ? "end" : "middle";
    return { seconds, x: left + at, "text-anchor": anchor };
  });
}

/** @param {number} confidence */
const columnHeight = (confidence) => 4 + confidence * (LANE - HEADROOM - 4);

/**
 * @param {Lane} lane
 * @param {number} top
 * @param {(seconds: number) => number} x
 * @param {number} width
 */
function laneGroup(lane, top, x, width) {
  const floor = top + LANE;
  const columns = lane.segments.map((segment) => {
    const tall = columnHeight(segment.confidence);
    return svg("rect", {
      class: `emotion-${segment.label}`, x: x(segment.start_s), y: floor - tall,
      width: Math.max(1.5, x(segment.end_s) - x(segment.start_s) - 1), height: tall, rx: 1.5,
    }, svg("title", {}, `${CHANNEL[lane.modality]}, ${preciseClock(segment.start_s)} to ${preciseClock(segment.end_s)}: ${segment.label}, ${percent(segment.confidence)}`));
  });
  const room = Math.max(MIN_NAME_PX, widest(lane.segments.map((segment) => segment.label)) + 4);
  const names = spans(lane.segments).filter((span) => x(span.end_s) - x(span.start_s) >= room).map((span) =>
    svg("text", { class: "span-name", x: x(span.start_s) + 1, y: floor - columnHeight(span.highest) - 5 }, span.label));
  const blinks = (lane.blinks ?? []).map((blink) =>
    svg("rect", { class: "blink", x: x(blink.start_s), y: floor + 4, width: Math.max(1.5, x(blink.end_s) - x(blink.start_s)), height: 7 },
      svg("title", {}, `Blink, ${preciseClock(blink.start_s)}, ${whole((blink.end_s - blink.start_s) * 1000)} ms`)));
  return svg("g", {},
    svg("text", { class: "lane-name", x: 0, y: top - 6 }, CHANNEL[lane.modality]),
    svg("line", { class: "floor", x1: 0, x2: width, y1: floor, y2: floor }), columns, names, blinks);
}

/** @param {Lane} lane */
function laneWords({ modality, summary, blinks = [] }) {
  const told = [summary, blinks.length > 0 && `${plural(blinks.length, "blink", "blinks")}.`].filter(Boolean);
  return told.length > 0 ? `${CHANNEL[modality]}: ${told.join(" ")} ` : "";
}

/** @param {Lane[]} lanes */
function alternative(lanes) {
  const rows = lanes.flatMap((lane) => spans(lane.segments).map((span) =>
    el("tr", {}, el("td", {}, CHANNEL[lane.modality]), el("td", {}, preciseClock(span.start_s)), el("td", {}, preciseClock(span.end_s)),
      el("td", {}, capital(span.label)), el("td", {}, percent(span.confidence)))));
  return el("details", { class: "more" }, el("summary", {}, "The timeline as a table"),
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Timeline as a table" },
      el("table", { class: "plain-table" },
        el("thead", {}, el("tr", {}, ["Channel", "From", "To", "Perceived emotion", "Confidence"].map((name) => el("th", { scope: "col" }, name)))),
        el("tbody", {}, rows))));
}
