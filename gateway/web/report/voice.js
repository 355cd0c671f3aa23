// What was measured on the voice besides emotions: how it was said, how well it was recorded, what carried a label.

import { el, section } from "../lib/dom.js";
import { decimal, duration, percent, plural, whole } from "../lib/format.js";
import { salienceFigures } from "./salience.js";
import { measured, tileList } from "./sections.js";

/** @import { Notice, Prosody, Quality, VoiceMeasures } from "#api" */
/** @import { Tile } from "./sections.js" */

/** Reasons by what they weaken; the others are told at the top. */
const ABOUT_RECORDING = new Set(["too_noisy", "truncated", "damaged"]);

/**
 * Show what was measured on the voice; any figure may be null, and lists may be empty.
 * @param {VoiceMeasures} voice
 * @param {Quality | null | undefined} quality
 */
export function voiceSection(voice, quality) {
  const reasons = quality?.reasons ?? [];
  const manner = mannerTiles(voice.prosody ?? {});
  return section("Your voice",
    voice.compared_with && el("p", { class: "lead" }, voice.compared_with),
    reasonList(reasons.filter((reason) => !ABOUT_RECORDING.has(reason.code))),
    manner.length > 0 && [
      el("h3", {}, "How it was said"),
      tileList(manner),
      el("p", { class: "hint" }, "Voices differ in all of this by nature, by language and by question; no value is better than another."),
    ],
    voiceQuality(voice.prosody ?? {}),
    el("h3", {}, "How it was recorded"),
    tileList(recordingTiles(voice)),
    reasonList(reasons.filter((reason) => ABOUT_RECORDING.has(reason.code))),
    salienceFigures(voice.salience ?? []));
}

/** @param {Notice[]} reasons */
const reasonList = (reasons) =>
  reasons.length > 0 && el("ul", { class: "reasons" }, reasons.map((reason) => el("li", { class: "reason" }, reason.detail)));

/** @param {Prosody} prosody */
function mannerTiles(prosody) {
  return measured([
    ["Pitch", prosody.pitch_median_hz, whole, "half of the voiced speech lies above it, half below", "Hz"],
    ["Pitch range", prosody.pitch_range_semitones, decimal, "between its low and its high end; twelve make an octave", "semitones"],
    ["Speaking rate", prosody.speaking_rate_hz, decimal, "from the first word to the last, pauses and all", "syllables / s"],
    ["Articulation rate", prosody.articulation_rate_hz, decimal, "while speaking, pauses left out", "syllables / s"],
    ["Pauses", prosody.pause_share, percent, "of the time between the first word and the last; gaps under 0.3 s are part of speaking"],
    ["Longest pause", prosody.longest_pause_s || null, decimal, "between the first word and the last", "s"],
    ["Intensity range", prosody.intensity_range_db, whole, "between the quieter and the louder moments of speech", "dB"],
    ["Voiced", prosody.voiced_share, percent, "of the speech has a pitch; “s”, “f” and whispers have none"],
    ["Harmonics to noise", prosody.harmonics_to_noise_db, decimal, "tone of the voice against breath, and against noise in the room", "dB"],
  ]);
}

/** @param {Prosody} prosody */
function voiceQuality(prosody) {
  const tiles = measured([
    ["Jitter", prosody.jitter, (share) => `${decimal(share * 100)} %`, "by which neighbouring periods of the voice differ in length"],
    ["Shimmer", prosody.shimmer, (share) => `${decimal(share * 100)} %`, "by which neighbouring periods differ in strength"],
  ]);
  return tiles.length > 0 && el("details", { class: "more" }, el("summary", {}, "Voice quality"),
    el("p", {}, "Outside a quiet room these two are unreliable: noise, echo and a distant microphone raise them, whatever the voice does."),
    tileList(tiles));
}

/**
 * @param {VoiceMeasures} voice
 * @returns {Tile[]}
 */
function recordingTiles(voice) {
  return [
    ["Speech", percent(voice.speech_share), `of the recording: ${duration(voice.speech_s)} in ${plural(voice.segments, "stretch", "stretches")}`],
    ...measured([
      ["Loudness", voice.loudness_lufs, decimal, "of the whole recording; nearer to 0 is louder", "LUFS"],
      ["Signal to noise", voice.signal_to_noise_db, decimal, "by which speech stands above the pauses", "dB"],
    ]),
  ];
}
