// The server's next frame during login, with what may come at any time already dealt with.
import { decodeErrorFields } from "../wire/postgres/error-fields.ts";
import { WireError } from "../wire/postgres/wire-error.ts";
import type { ClientSide, UpstreamTalk } from "./conversation.ts";
import type { Frame } from "./frame-stream.ts";
import { LoginError, PeerGone, UpstreamRefused } from "./login-error.ts";

/**
 * Skips notices. Rejects with UpstreamRefused at an ErrorResponse, after it was told; with LoginError when the server hangs up.
 */
export async function nextUpstreamFrame(talk: UpstreamTalk): Promise<Frame> {
  for (;;) {
    const frame = await talk.upstream.frames.next().catch((error: unknown) => {
      if (error instanceof PeerGone) throw hungUp(talk);
      if (error instanceof WireError)
        throw new LoginError("08P01", `${label(talk)} broke the protocol: ${error.message}`);
      throw error;
    });
    if (frame.type !== "N" && frame.type !== "E") return frame;
    talk.tell(frame);
    if (frame.type === "E") throw new UpstreamRefused(decodeErrorFields(frame.body).get("C") ?? "XX000");
  }
}

/** The client's answer to an authentication request: a 'p' frame, the only kind that its reader knows. */
export function nextClientAnswer(client: ClientSide): Promise<Frame> {
  return client.frames.next();
}

export function unexpected(talk: UpstreamTalk, frame: Frame): LoginError {
  const type = JSON.stringify(frame.type);
  return new LoginError("08P01", `${label(talk)} sent an unexpected message of type ${type} during login`);
}

function hungUp(talk: UpstreamTalk): LoginError {
  return new LoginError(
    "08006",
    `${label(talk)} closed the connection during login`,
    "Look into the server's own log.",
  );
}

/** The server in our messages. */
export function label(talk: UpstreamTalk): string {
  return `database "${talk.upstream.connection.address.upstream.name}"`;
}
