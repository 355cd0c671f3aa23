// Which part of the form a file belongs to, from its type and, where browsers know none, its name.

/** @import { MediaKind } from "#api" */

/** @type {Record<Exclude<MediaKind, "text">, string[]>} */
const BY_EXTENSION = {
  video: ["mp4", "m4v", "mov", "webm", "mkv", "avi", "mpg", "mpeg", "ogv", "3gp", "wmv", "flv", "ts"],
  audio: ["wav", "mp3", "m4a", "aac", "flac", "ogg", "oga", "opus", "wma", "aif", "aiff", "amr", "weba"],
  document: ["pdf", "docx", "txt", "text", "md"],
};

const FILE_KINDS = /** @type {const} */ (["video", "audio", "document"]);

const DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const DOCUMENT_TYPES = ["application/pdf", DOCX, "text/plain"];

export const ACCEPT = ["video/*", "audio/*", ...DOCUMENT_TYPES, ".mkv", ".flac", ".opus", ".txt", ".pdf", ".docx"].join(",");

/**
 * Return what a file is, or null for something that cannot be analysed.
 * @param {{ name: string, type: string }} file
 */
export function kindOf({ name, type }) {
  if (type.startsWith("video/")) return "video";
  if (type.startsWith("audio/")) return "audio";
  if (DOCUMENT_TYPES.includes(type)) return "document";
  const extension = name.toLowerCase().split(".").at(-1) ?? "";
  return FILE_KINDS.find((kind) => BY_EXTENSION[kind].includes(extension)) ?? null;
}

/** @type {Record<MediaKind, string>} */
export const KIND_NAME = { video: "Video", audio: "Sound recording", document: "Document", text: "Typed answer" };

/** @type {Record<Exclude<MediaKind, "text">, string>} */
export const ANALYSED = {
  video: "Words, voice and face will be analysed.",
  audio: "Words and voice will be analysed.",
  document: "The words will be analysed.",
};
