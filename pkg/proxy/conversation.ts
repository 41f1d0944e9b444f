// What the steps of one login share: both peers, what the client asked, and how server texts pass.
import type { Random } from "../runtime/random.ts";
import type { FrameStream } from "./frame-stream.ts";
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
}

export interface UpstreamSide {
  readonly peer: Peer;
  readonly frames: FrameStream;
  readonly connection: UpstreamConnection;
}

export interface Conversation {
  readonly client: ClientSide;
  readonly upstream: UpstreamSide;
  readonly random: Random;
  /** What the client gets in place of a NoticeResponse or ErrorResponse frame of the server; null for nothing. */
  readonly serverText: (frame: Buffer) => Buffer | null;
}
