// The server's next frame during login, with what may come at any time already dealt with.
import { decodeErrorFields } from "../wire/postgres/error-fields.ts";
import type { ClientSide, Conversation } from "./conversation.ts";
import type { Frame } from "./frame-stream.ts";
import { LoginError, PeerGone, UpstreamRefused } from "./login-error.ts";

/**
 * Skips notices, which go to the client. Rejects with UpstreamRefused at an ErrorResponse, after the client got it;
 * with LoginError when the server hangs up.
 */
export async function nextUpstreamFrame(conversation: Conversation): Promise<Frame> {
  for (;;) {
    const frame = await conversation.upstream.frames.next().catch((error: unknown) => {
      throw error instanceof PeerGone ? hungUp(conversation) : error;
    });
    if (frame.type === "E") {
      tell(conversation, frame);
      throw new UpstreamRefused(decodeErrorFields(frame.body).get("C") ?? "XX000");
    }
    if (frame.type !== "N") return frame;
    tell(conversation, frame);
  }
}

/** The client's answer to an authentication request: a 'p' frame, the only kind that its reader knows. */
export function nextClientAnswer(client: ClientSide): Promise<Frame> {
  return client.frames.next();
}

export function unexpected(conversation: Conversation, frame: Frame): LoginError {
  const { name } = conversation.upstream.connection.address.upstream;
  return new LoginError(
    "08P01",
    `database "${name}" sent an unexpected message of type ${JSON.stringify(frame.type)} during login`,
  );
}

function tell(conversation: Conversation, frame: Frame): void {
  const text = conversation.serverText(frame.bytes);
  if (text !== null) conversation.client.peer.write(text);
}

function hungUp(conversation: Conversation): LoginError {
  const { name } = conversation.upstream.connection.address.upstream;
  return new LoginError(
    "08006",
    `database "${name}" closed the connection during login`,
    "Look into the server's own log.",
  );
}
