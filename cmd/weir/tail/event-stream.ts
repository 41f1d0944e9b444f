// Server-sent events: text in pieces, events out.

export interface StreamEvent {
  readonly id: string | null;
  readonly event: string;
  readonly data: string;
}

const EVENT_CHARS_MAX = 1024 * 1024;

/** @throws when an event is longer than any of ours */
export async function* eventsIn(pieces: AsyncIterable<Buffer>): AsyncGenerator<StreamEvent> {
  const decoder = new TextDecoder();
  let waiting = "";
  for await (const piece of pieces) {
    waiting += decoder.decode(piece, { stream: true });
    for (let end = waiting.indexOf("\n\n"); end !== -1; end = waiting.indexOf("\n\n")) {
      const event = parsed(waiting.slice(0, end));
      waiting = waiting.slice(end + 2);
      if (event !== null) yield event;
    }
    if (waiting.length > EVENT_CHARS_MAX) throw new Error("an event is too long");
  }
}

/** null for what has no data, such as a comment. */
function parsed(block: string): StreamEvent | null {
  const fields = new Map<string, string>();
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).replace(/^ /, ""));
  }
  const data = fields.get("data");
  return data === undefined ? null : { id: fields.get("id") ?? null, event: fields.get("event") ?? "message", data };
}
