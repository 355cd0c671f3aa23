// Server-sent events over fetch: EventSource cannot send an Authorization header.

/** @typedef {{ id: string, event: string, data: string }} ServerEvent */

/**
 * Read the events of a byte stream in the format of the HTML standard, section 9.2.
 * @param {ReadableStream<Uint8Array<ArrayBuffer>>} stream
 * @returns {AsyncGenerator<ServerEvent, void, void>}
 */
export async function* readEvents(stream) {
  let fields = { id: "", event: "message" };
  /** @type {string[]} */
  let data = [];
  for await (const line of readLines(stream)) {
    if (line === "") {
      if (data.length) yield { ...fields, data: data.join("\n") };
      fields = { id: fields.id, event: "message" };
      data = [];
      continue;
    }
    const [name, text] = fieldOf(line);
    if (name === "data") data.push(text);
    else if (name === "event" || name === "id") fields[name] = text;
  }
}

/**
 * Read the lines of a stream that are complete; `\r` at the end of a piece may be half of `\r\n`.
 * @param {ReadableStream<Uint8Array<ArrayBuffer>>} stream
 */
async function* readLines(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const lines = (rest + value).split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop() ?? "";
      yield* lines;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/**
 * Split a line into the name and the value of its field; a comment, sent to keep the connection open, has no name.
 * @param {string} line
 * @returns {[string, string]}
 */
function fieldOf(line) {
  const colon = line.indexOf(":");
  return colon < 0 ? [line, ""] : [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, "")];
}
