// What was measured on the face besides emotions, and what could not be measured.

import { el, section } from "../lib/dom.js";
import { capital, clock, decimal, degrees, duration, known, percent, plural, twoDecimals, whole } from "../lib/format.js";
import { activationFigures } from "./activation.js";
import { emotionTable, shareBars } from "./charts.js";
import { directions } from "./directions.js";
import { measured, tileList } from "./sections.js";

/** @import { FaceMeasures, FaceTrack, Gaze, HeadPose, ModalityResult } from "#api" */
/** @import { Direction } from "./directions.js" */
/** @import { Tile } from "./sections.js" */

/**
 * Show what was measured on the face; any figure may be null or, in earlier reports, not be there.
 * @param {ModalityResult | undefined} part
 */
export function faceSection(part) {
  const face = part?.face;
  if (!face) return null;
  return section("Your face",
    framesPart(face),
    tileList(tiles(face)),
    poseFigure(face),
    activationFigures(face.activations ?? []),
    face.faces && face.faces.length > 1 && facesTable(face.faces),
    fromRest(face.emotions_from_rest, part.emotions));
}

/**
 * Say where every frame went; earlier reports only know how many showed a face.
 * @param {FaceMeasures} face
 */
function framesPart({ frames }) {
  if (!frames) return null;
  const rows = [
    { name: "Usable", count: frames.usable },
    ...Object.entries(frames.lost ?? {}).map(([reason, count]) => ({ name: capital(reason.replaceAll("_", " ")), count })).filter(({ count }) => count > 0),
  ].map(({ name, count }) => ({ name, count, share: frames.analysed ? count / frames.analysed : 0 }));
  return [
    frames.summary && el("p", { class: "lead" }, frames.summary),
    el("h3", {}, "Where the frames went"),
    shareBars(rows.map(({ name, count, share }) => [name, share, `${percent(share)} · ${whole(count)}`])),
  ];
}

/** @param {FaceMeasures} face */
function tiles(face) {
  const inView = face.frames_analysed ? face.frames_with_face / face.frames_analysed : 0;
  /** @type {(Tile | null)[]} */
  const shown = [
    face.frames ? null : ["Face in view", percent(inView), `of ${plural(face.frames_analysed, "frame", "frames")} looked at`],
    face.max_faces > 1 ? ["Faces at once", whole(face.max_faces), "all figures are about the one seen longest and largest"] : null,
    blinkTile(face),
    gazeTile(face.gaze),
    ...measured([
      ["Smiling", face.smile_share, percent, "of the time happy was the likeliest perceived emotion"],
      ["Mouth open", face.mouth_openness_mean, twoDecimals, mouthRemark(face)],
    ]),
    ...(face.head_pose_mean ? poseTiles(face.head_pose_mean, face.head_pose_sd) : []),
  ];
  return shown.filter(known);
}

/**
 * @param {FaceMeasures} face
 * @returns {Tile | null}
 */
function blinkTile(face) {
  const blinks = face.blinks ?? [];
  const each = known(face.blink_duration_mean_s) ? `, ${whole(face.blink_duration_mean_s * 1000)} ms each on average` : "";
  const count = `${whole(blinks.length)} in all${each}`;
  if (known(face.blink_rate_per_min)) return ["Blinks", decimal(face.blink_rate_per_min), count, "/ min"];
  if (!face.blink_observed_s) return null;
  return ["Blinks", whole(blinks.length), `in ${duration(face.blink_observed_s)}${each}; too short for a rate`];
}

/**
 * @param {Gaze | null | undefined} gaze
 * @returns {Tile | null}
 */
function gazeTile(gaze) {
  if (!gaze || !known(gaze.towards_camera_share)) return null;
  return ["Eyes to the camera", percent(gaze.towards_camera_share), `of ${plural(gaze.samples, "look", "looks")}, roughly`];
}

/** @param {FaceMeasures} face */
function mouthRemark(face) {
  const spread = known(face.mouth_openness_sd) ? `; varies by ${twoDecimals(face.mouth_openness_sd)}` : "";
  return `gap of the lips over the width of the mouth${spread}`;
}

/**
 * @param {HeadPose} mean
 * @param {HeadPose | null | undefined} sd
 * @returns {Tile[]}
 */
function poseTiles(mean, sd) {
  /** @param {keyof HeadPose} axis */
  const spread = (axis) => (sd ? `varies by ${whole(sd[axis])}°` : null);
  const turned = Math.round(mean.yaw_deg) === 0 ? "straight" : mean.yaw_deg > 0 ? "to your left" : "to your right";
  const raised = Math.round(mean.pitch_deg) === 0 ? "level" : mean.pitch_deg > 0 ? "upwards" : "downwards";
  /**
   * @param {string} words
   * @param {keyof HeadPose} axis
   */
  const note = (words, axis) => [words, spread(axis)].filter(Boolean).join(", ");
  return [
    ["Head turned", degrees(mean.yaw_deg), note(turned, "yaw_deg")],
    ["Head raised", degrees(mean.pitch_deg), note(raised, "pitch_deg")],
    ["Head tilted", degrees(mean.roll_deg), note("", "roll_deg")],
  ];
}

/** @param {FaceMeasures} face */
function poseFigure({ head_pose_mean: mean, head_pose_sd: sd, gaze }) {
  if (!mean || !sd) return null;
  const eyes = gaze ? eyeDirection(gaze) : null;
  return [
    el("h3", {}, eyes ? "Where head and eyes pointed" : "Where the head pointed"),
    directions({ yaw: mean.yaw_deg, pitch: mean.pitch_deg, yawSd: sd.yaw_deg, pitchSd: sd.pitch_deg }, eyes),
  ];
}

/**
 * @param {Gaze} gaze
 * @returns {Direction | null} null where a part of it could not be measured
 */
function eyeDirection({ yaw_mean_deg: yaw, pitch_mean_deg: pitch, yaw_sd_deg: yawSd, pitch_sd_deg: pitchSd }) {
  return known(yaw) && known(pitch) && known(yawSd) && known(pitchSd) ? { yaw, pitch, yawSd, pitchSd } : null;
}

/** @param {FaceTrack[]} faces */
function facesTable(faces) {
  /** @param {FaceTrack} face */
  const row = (face) => el("tr", {},
    el("th", { scope: "row" }, face.candidate ? `${face.number}, you` : whole(face.number)),
    el("td", {}, `${clock(face.first_s)} to ${clock(face.last_s)}`),
    el("td", {}, percent(face.share)),
    el("td", {}, `${whole(face.side_px)} px`),
    el("td", {}, known(face.blinks) ? whole(face.blinks) : "–"));
  return [
    el("h3", {}, "Faces that were followed"),
    el("p", { class: "hint" }, "Faces have numbers, not names: nobody is recognised. A picture on a wall never blinks."),
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Faces that were followed" },
      el("table", { class: "plain-table" },
        el("thead", {}, el("tr", {}, ["Face", "Seen", "Frames", "Size", "Blinks"].map((name) => el("th", { scope: "col" }, name)))),
        el("tbody", {}, faces.map(row)))),
  ];
}

/**
 * @param {Record<string, number> | null | undefined} rest share of each emotion against the resting face
 * @param {Record<string, number> | null | undefined} perceived
 */
function fromRest(rest, perceived) {
  if (!rest || !perceived) return null;
  const most = Object.keys(rest).reduce((best, label) => (rest[label] > rest[best] ? label : best));
  return el("details", { class: "more" }, el("summary", {}, "Experimental: against your own resting face"),
    el("p", {}, "Some faces look sad or stern at rest. Here your own most usual expression was taken for a neutral one, and only what differs from it was counted. "
      + `It was not validated, and nothing else in this report rests on it. ${capital(most)} comes out highest.`),
    emotionTable([{ title: "As perceived", scores: perceived }, { title: "From rest", scores: rest, strong: true }]));
}
