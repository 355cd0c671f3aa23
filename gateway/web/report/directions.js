// Where head and eyes pointed on average, as seen from the camera.

import { el, svg } from "../lib/dom.js";
import { degrees, whole } from "../lib/format.js";

const REACH = { yaw: 45, pitch: 30 };
const WIDTH = 300;
const HEIGHT = 200;
/** Up to here, to the side and up or down, counts as towards the camera. */
const TOWARDS_DEG = 15;

const x = (yaw) => (WIDTH / 2) * (1 + clamp(yaw, REACH.yaw) / REACH.yaw);
const y = (pitch) => (HEIGHT / 2) * (1 - clamp(pitch, REACH.pitch) / REACH.pitch);
const clamp = (value, limit) => Math.min(limit, Math.max(-limit, value));

/**
 * @param {{yaw: number, pitch: number, yawSd: number, pitchSd: number}} head degrees
 * @param {object | null} eyes likewise
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
      svg("text", { x: WIDTH / 2 + 5, y: 13 }, "up"),
      svg("text", { x: WIDTH / 2 + 5, y: HEIGHT - 4 }, "down")),
    el("figcaption", {}, `${told} The dot is the average, the ring one standard deviation.`));
}

function spot(kind, { yaw, pitch, yawSd, pitchSd }) {
  return svg("g", { class: kind },
    svg("ellipse", { cx: x(yaw), cy: y(pitch), rx: Math.max(4, (yawSd / REACH.yaw) * (WIDTH / 2)), ry: Math.max(4, (pitchSd / REACH.pitch) * (HEIGHT / 2)) }),
    svg("circle", { cx: x(yaw), cy: y(pitch), r: 3.5 }));
}

function directionWords(what, { yaw, pitch, yawSd, pitchSd }) {
  const side = Math.round(yaw) === 0 ? "straight ahead" : `${degrees(Math.abs(yaw)).replace("+", "")} to your ${yaw > 0 ? "left" : "right"}`;
  const height = Math.round(pitch) === 0 ? "level" : `${degrees(Math.abs(pitch)).replace("+", "")} ${pitch > 0 ? "up" : "down"}`;
  return `${what}: ${side} (varies by ${whole(yawSd)}°), ${height} (varies by ${whole(pitchSd)}°).`;
}
