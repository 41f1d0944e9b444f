// What the steps of one login share: both peers, what the client asked.
import type { Random } from "../runtime/random.ts";
import type { ClientCertificate } from "./client-certificate.ts";
import type { Frame, FrameStream } from "./frame-stream.ts";
import type { Peer } from "./peer.ts";
import type { ServingCertificate } from "./serving-certificate.ts";
import type { Startup } from "./startup.ts";
import type { UpstreamConnection } from "./upstream.ts";

export interface ClientSide {
  readonly peer: Peer;
  readonly frames: FrameStream;
  readonly startup: Startup;
  /** The certificate that the client saw; null on a plain connection. */
  readonly tls: ServingCertificate | null;
  /** What the client showed of its own; one that is not valid has ended the login already. */
  readonly certificate: ClientCertificate | null;
}

export interface UpstreamSide {
  readonly peer: Peer;
  readonly frames: FrameStream;
  readonly connection: UpstreamConnection;
}

/** Logging in to the server, for a client or for ourselves. */
export interface UpstreamTalk {
  readonly upstream: UpstreamSide;
  readonly random: Random;
  /** Hears each NoticeResponse of the server, and the ErrorResponse that ends the login. */
  readonly tell: (frame: Frame) => void;
}

export interface Conversation extends UpstreamTalk {
  readonly client: ClientSide;
}
