// Server-sent events over fetch: EventSource cannot send an Authorization header.

/**
 * The events of a byte stream in the format of the HTML standard, section 9.2.
 * @param {ReadableStream<Uint8Array>} stream
 * @yields {{id: string, event: string, data: string}}
 */
export async function* readEvents(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  let event = { id: "", event: "message", data: [] };
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      buffer += value;
      const lines = buffer.split(/\r\n|\n|\r(?!$)/);
      buffer = lines.pop();
      for (const line of lines) {
        if (line === "") {
          if (event.data.length) yield { ...event, data: event.data.join("\n") };
          event = { id: event.id, event: "message", data: [] };
        } else {
          readField(event, line);
        }
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function readField(event, line) {
  const colon = line.indexOf(":");
  if (colon === 0) return; // a comment, sent to keep the connection open
  const name = colon < 0 ? line : line.slice(0, colon);
  const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
  if (name === "data") event.data.push(value);
  else if (name === "event" || name === "id") event[name] = value;
}
