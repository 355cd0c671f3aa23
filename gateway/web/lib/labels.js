// The words of the page for the labels and codes of the interface.

import { when } from "./format.js";

/** @import { AnswerStatus, AssessmentStatus, Emotion, ErrorCode, InterviewStatus, InterviewView, Modality, ModalityStatus, Notice, Trait } from "#api" */

/** @type {Emotion[]} */
export const EMOTIONS = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"];

/** @type {Modality[]} */
export const MODALITIES = ["text", "audio", "video"];

/** @type {Record<Modality, string>} */
export const CHANNEL = { text: "Words", audio: "Voice", video: "Face" };

/**
 * The traits with the words for both of their ends.
 * @type {Record<Trait, { name: string, low: string, high: string }>}
 */
export const TRAITS = {
  openness: { name: "Openness", low: "practical, prefers the familiar", high: "curious, drawn to new ideas" },
  conscientiousness: { name: "Conscientiousness", low: "spontaneous, flexible", high: "organised, thorough" },
  extraversion: { name: "Extraversion", low: "reserved, quiet", high: "outgoing, talkative" },
  agreeableness: { name: "Agreeableness", low: "critical, competitive", high: "warm, cooperative" },
  neuroticism: { name: "Emotional sensitivity", low: "even-tempered, calm", high: "easily worried or moved" },
};

export const TRAIT_NAMES = /** @type {Trait[]} */ (Object.keys(TRAITS));

/** @type {Record<AssessmentStatus | AnswerStatus | ModalityStatus, string>} */
export const STATUS = {
  unanswered: "No answer yet",
  queued: "Waiting",
  processing: "Being analysed",
  running: "Being analysed",
  succeeded: "Complete",
  partially_succeeded: "Partly complete",
  failed: "Not analysed",
  skipped: "Not part of this answer",
  canceled: "Cancelled",
  expired: "Expired",
};

/** The statuses after which nothing changes any more. */
export const FINAL = new Set(["succeeded", "partially_succeeded", "failed", "canceled", "expired"]);

/**
 * The state whose colour an interview wears.
 * @type {Record<InterviewStatus, string>}
 */
export const INTERVIEW_STATE = { open: "queued", processing: "processing", completed: "succeeded" };

/**
 * Write `1 of 3 answered`, or what comes after that.
 * @param {InterviewView} interview
 */
export function interviewState({ status, answered, questions }) {
  if (status === "processing") return STATUS.processing;
  return status === "completed" ? "Answered" : `${answered} of ${questions.length} answered`;
}

/**
 * Return the title of an interview, or when it was begun.
 * @param {InterviewView} interview
 */
export const interviewTitle = (interview) => interview.title ?? `Interview of ${when(interview.created_at)}`;

/** @type {Record<ErrorCode, string>} */
const ERROR = {
  media_corrupt: "The file is damaged. Export it again and upload the new copy.",
  media_empty: "The file is empty. Choose another one.",
  media_too_long: "The recording is too long. Upload a shorter one.",
  media_unsupported: "This kind of file cannot be read. Convert it and try again.",
  media_missing: "The file is gone. Upload it again.",
  no_audio_stream: "The recording has no sound.",
  no_video_stream: "The recording has no picture.",
  no_speech: "No speech was heard. Check the microphone and record again.",
  no_face: "No face was seen. Sit facing the camera, in good light.",
  no_text: "No text was found in the document.",
  text_too_short: "There are too few words for an estimate. Write a few sentences more.",
  unsupported_language: "This language cannot be analysed yet. Answer in English.",
  document_encrypted: "The document is protected by a password. Save it without one.",
  document_too_complex: "The document is too complex to read. Paste its text instead.",
  not_provided: "Nothing to analyse here: this answer does not have it.",
  transcription_unavailable: "Spoken words are not written down on this installation. Add them as text.",
  emotion_inference_not_permitted: "The law here forbids reading emotions from voice or face for this.",
  erased: "The answer was erased while it was analysed.",
  model_unavailable: "The model could not be reached. Try again later.",
  storage_unavailable: "The stored file could not be reached. Try again later.",
  worker_lost: "The file ended the analysis several times. Convert it to another format.",
  time_limit: "The analysis took too long. Upload a shorter answer.",
  internal: "The analysis failed on our side. Try again later.",
};

/**
 * Say what a modality's error code means for the person who answered.
 * @param {ErrorCode | null | undefined} code
 */
export const explain = (code) => (code && ERROR[code]) ?? "This part could not be analysed.";

/**
 * Why the voice's emotions are stated less surely, by reason code.
 * @type {Record<string, string>}
 */
const LOWERS = { too_noisy: "noise behind the voice", too_short: "a very short recording", little_speech: "little speech" };

/**
 * Say what lowered the confidence of the voice's emotions, in a few words each.
 * @param {Notice[]} reasons
 */
export const lowering = (reasons) => reasons.map((reason) => LOWERS[reason.code]).filter(Boolean);

const languageNames = new Intl.DisplayNames("en", { type: "language", fallback: "code" });

/**
 * Write `German` for `de`.
 * @param {string} code
 */
export function languageName(code) {
  try {
    return languageNames.of(code) ?? code;
  } catch {
    return code;
  }
}

const TRAIT_NAME = new Map(Object.entries(TRAITS).map(([trait, words]) => [trait, words.name]));

/**
 * Write `Openness` for `trait.openness`.
 * @param {string} score
 */
export function scoreName(score) {
  const [kind, name] = score.split(".");
  if (kind === "trait") return TRAIT_NAME.get(name) ?? name;
  if (kind === "congruence") return "Voice and face agree";
  return name ?? kind;
}
