// Where head and eyes pointed on average, as seen from the camera.

import { el, svg } from "../lib/dom.js";
import { degrees, whole } from "../lib/format.js";

const REACH = { yaw: 45, pitch: 30 };
const WIDTH = 300;
const HEIGHT = 200;
/** Up to here, to the side and up or down, counts as towards the camera. */
const TOWARDS_DEG = 15;

/** @typedef {{ yaw: number, pitch: number, yawSd: number, pitchSd: number }} Direction mean and standard deviation, in degrees */

/** @param {number} yaw */
const x = (yaw) => (WIDTH / 2) * (1 + clamp(yaw, REACH.yaw) / REACH.yaw);

/** @param {number} pitch */
const y = (pitch) => (HEIGHT / 2) * (1 - clamp(pitch, REACH.pitch) / REACH.pitch);

/**
 * @param {number} value
 * @param {number} limit
 */
const clamp = (value, limit) => Math.min(limit, Math.max(-limit, value));

/**
 * Draw and tell where head and eyes pointed.
 * @param {Direction} head
 * @param {Direction | null} eyes
 */
export function directions(head, eyes) {
  const told = [directionWords("The head", head), eyes && directionWords("The eyes", eyes)].filter(Boolean).join(" ");
  const [left, top] = [x(-TOWARDS_DEG), y(TOWARDS_DEG)];
  return el("figure", { class: "directions" },
    el("ul", { class: "legend", "aria-hidden": "true" },
      el("li", {}, el("span", { class: "direction-swatch head" }), "Head"),
      eyes && el("li", {}, el("span", { class: "direction-swatch eyes" }), "Eyes"),
      el("li", {}, el("span", { class: "direction-swatch camera" }), "Towards the camera")),
    svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": told },
      svg("rect", { class: "camera", x: left, y: top, width: x(TOWARDS_DEG) - left, height: y(-TOWARDS_DEG) - top, rx: 6 }),
      svg("path", { class: "axis", d: `M0 ${HEIGHT / 2}H${WIDTH}M${WIDTH / 2} 0V${HEIGHT}` }),
      spot("head", head), eyes && spot("eyes", eyes),
      svg("text", { x: 2, y: HEIGHT / 2 - 5 }, "your right"),
      svg("text", { x: WIDTH - 2, y: HEIGHT / 2 - 5, "text-anchor": "end" }, "your left"),
      svg("text", { x: WIDTH / 2 + 5, y: 16 }, "up"),
      svg("text", { x: WIDTH / 2 + 5, y: HEIGHT - 4 }, "down")),
    el("figcaption", {}, `${told} The dot is the average, the ring one standard deviation.`));
}

/**
 * @param {string} kind
 * @param {Direction} direction
 */
function spot(kind, { yaw, pitch, yawSd, pitchSd }) {
  return svg("g", { class: kind },
    svg("ellipse", { cx: x(yaw), cy: y(pitch), rx: Math.max(4, (yawSd / REACH.yaw) * (WIDTH / 2)), ry: Math.max(4, (pitchSd / REACH.pitch) * (HEIGHT / 2)) }),
    svg("circle", { cx: x(yaw), cy: y(pitch), r: 3.5 }));
}

/**
 * Say where something pointed: `The head: 6° to your right (varies by 5°), level (varies by 3°).`
 * @param {string} what
 * @param {Direction} direction
 */
export function directionWords(what, { yaw, pitch, yawSd, pitchSd }) {
  const side = Math.round(yaw) === 0 ? "straight ahead" : `${degrees(Math.abs(yaw)).replace("+", "")} to your ${yaw > 0 ? "left" : "right"}`;
  const height = Math.round(pitch) === 0 ? "level" : `${degrees(Math.abs(pitch)).replace("+", "")} ${pitch > 0 ? "up" : "down"}`;
  return `${what}: ${side} (varies by ${whole(yawSd)}°), ${height} (varies by ${whole(pitchSd)}°).`;
}
