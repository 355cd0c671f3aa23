// Which part of the form a file belongs to, from its type and, where browsers know none, its name.

const BY_EXTENSION = {
  video: ["mp4", "m4v", "mov", "webm", "mkv", "avi", "mpg", "mpeg", "ogv", "3gp", "wmv", "flv", "ts"],
  audio: ["wav", "mp3", "m4a", "aac", "flac", "ogg", "oga", "opus", "wma", "aif", "aiff", "amr", "weba"],
  document: ["pdf", "docx", "txt", "text", "md"],
};

const DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const DOCUMENT_TYPES = ["application/pdf", DOCX, "text/plain"];

export const ACCEPT = ["video/*", "audio/*", ...DOCUMENT_TYPES, ".mkv", ".flac", ".opus", ".txt", ".pdf", ".docx"].join(",");

/** `video`, `audio`, `document`, or null for something that cannot be analysed. */
export function kindOf({ name, type }) {
  if (type.startsWith("video/")) return "video";
  if (type.startsWith("audio/")) return "audio";
  if (DOCUMENT_TYPES.includes(type)) return "document";
  const extension = name.toLowerCase().split(".").pop();
  const found = Object.entries(BY_EXTENSION).find(([, extensions]) => extensions.includes(extension));
  return found ? found[0] : null;
}

export const KIND_NAME = { video: "Video", audio: "Sound recording", document: "Document", text: "Typed answer" };

export const ANALYSED = {
  video: "Words, voice and face will be analysed.",
  audio: "Words and voice will be analysed.",
  document: "The words will be analysed.",
};
