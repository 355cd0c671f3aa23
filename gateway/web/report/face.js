// What was measured on the face besides emotions, and what could not be measured.

import { activationFigures } from "./activation.js";
import { emotionTable, shareBars } from "./charts.js";
import { directions } from "./directions.js";
import { el, section } from "../lib/dom.js";
import { capital, clock, decimal, degrees, duration, percent, plural, twoDecimals, whole } from "../lib/format.js";
import { LOST } from "../lib/labels.js";
import { tileList } from "./sections.js";

/** @param {object} part a face analysis; any figure may be null or, in earlier reports, not be there */
export function faceSection(part) {
  const face = part?.face;
  if (!face) return null;
  return section("Your face",
    framesPart(face),
    tileList(tiles(face)),
    poseFigure(face),
    activationFigures(face.activations ?? []),
    (face.faces ?? []).length > 1 && facesTable(face.faces),
    fromRest(face.emotions_from_rest, part.emotions));
}

/** Where every frame went; earlier reports only know how many showed a face. */
function framesPart({ frames }) {
  if (!frames) return null;
  const share = (count) => (frames.analysed ? count / frames.analysed : 0);
  const rows = [["Usable", frames.usable], ...Object.keys(LOST).map((reason) => [LOST[reason], frames.lost[reason]])].filter(([name, count]) => count > 0 || name === "Usable");
  return [
    el("p", { class: "lead" }, `Your face could be measured in ${whole(frames.usable)} of ${plural(frames.analysed, "frame", "frames")} looked at.`),
    el("h3", {}, "Where the frames went"),
    shareBars(rows.map(([name, count]) => [name, share(count), `${percent(share(count))} · ${whole(count)}`])),
    el("p", { class: "hint" }, skipped(frames)),
  ];
}

function skipped(frames) {
  const parts = [[frames.beyond_rate, "not looked at, as there are enough others"], [frames.out_of_order, "out of order"], [frames.unreadable, "unreadable"]]
    .filter(([count]) => count > 0).map(([count, words]) => `${whole(count)} ${words}`);
  return `${plural(frames.decoded, "frame", "frames")} decoded${parts.length ? `; ${parts.join(", ")}` : ", and all looked at"}.`;
}

function tiles(face) {
  return [
    !face.frames && ["Face in view", percent(face.frames_analysed ? face.frames_with_face / face.frames_analysed : 0), `of ${plural(face.frames_analysed, "frame", "frames")} looked at`],
    face.max_faces > 1 && ["Faces at once", whole(face.max_faces), "all figures are about the one seen longest and largest"],
    blinkTile(face),
    gazeTile(face.gaze),
    known(face.smile_share) && ["Smiling", percent(face.smile_share), "of the time happy was the likeliest perceived emotion"],
    known(face.mouth_openness_mean) && ["Mouth open", twoDecimals(face.mouth_openness_mean), mouthRemark(face)],
    ...(face.head_pose_mean ? poseTiles(face.head_pose_mean, face.head_pose_sd) : []),
  ].filter(Boolean);
}

const known = (value) => value !== null && value !== undefined;

function blinkTile(face) {
  const each = known(face.blink_duration_mean_s) ? `, ${whole(face.blink_duration_mean_s * 1000)} ms each on average` : "";
  const count = `${whole(face.blinks.length)} in all${each}`;
  if (known(face.blink_rate_per_min)) return ["Blinks", decimal(face.blink_rate_per_min), count, "/ min"];
  if (!face.blink_observed_s) return null;
  return ["Blinks", whole(face.blinks.length), `in ${duration(face.blink_observed_s)}${each}; too short for a rate`];
}

function gazeTile(gaze) {
  if (!gaze || !known(gaze.towards_camera_share)) return null;
  return ["Eyes to the camera", percent(gaze.towards_camera_share), `of ${plural(gaze.samples, "look", "looks")}, roughly`];
}

function mouthRemark(face) {
  const spread = known(face.mouth_openness_sd) ? `; varies by ${twoDecimals(face.mouth_openness_sd)}` : "";
  return `gap of the lips over the width of the mouth${spread}`;
}

function poseTiles(mean, sd) {
  const spread = (axis) => (sd ? `varies by ${whole(sd[axis])}°` : null);
  const turned = Math.round(mean.yaw_deg) === 0 ? "straight" : mean.yaw_deg > 0 ? "to your left" : "to your right";
  const raised = Math.round(mean.pitch_deg) === 0 ? "level" : mean.pitch_deg > 0 ? "upwards" : "downwards";
  const note = (words, axis) => [words, spread(axis)].filter(Boolean).join(", ");
  return [
    ["Head turned", degrees(mean.yaw_deg), note(turned, "yaw_deg")],
    ["Head raised", degrees(mean.pitch_deg), note(raised, "pitch_deg")],
    ["Head tilted", degrees(mean.roll_deg), note("", "roll_deg")],
  ];
}

function poseFigure({ head_pose_mean: mean, head_pose_sd: sd, gaze }) {
  if (!mean || !sd) return null;
  const eyes = gaze && [gaze.yaw_mean_deg, gaze.pitch_mean_deg, gaze.yaw_sd_deg, gaze.pitch_sd_deg].every(known)
    && { yaw: gaze.yaw_mean_deg, pitch: gaze.pitch_mean_deg, yawSd: gaze.yaw_sd_deg, pitchSd: gaze.pitch_sd_deg };
  return [
    el("h3", {}, eyes ? "Where head and eyes pointed" : "Where the head pointed"),
    directions({ yaw: mean.yaw_deg, pitch: mean.pitch_deg, yawSd: sd.yaw_deg, pitchSd: sd.pitch_deg }, eyes),
  ];
}

function facesTable(faces) {
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

function fromRest(rest, perceived) {
  if (!rest || !perceived) return null;
  const most = Object.keys(rest).reduce((best, label) => (rest[label] > rest[best] ? label : best));
  return el("details", { class: "more" }, el("summary", {}, "Experimental: against your own resting face"),
    el("p", {}, "Some faces look sad or stern at rest. Here your own most usual expression was taken for a neutral one, and only what differs from it was counted. "
      + `It was not validated, and nothing else in this report rests on it. ${capital(most)} comes out highest.`),
    emotionTable([{ title: "As perceived", scores: perceived }, { title: "From rest", scores: rest, strong: true }]));
}
