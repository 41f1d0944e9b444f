// Opens the conversation with a server in the first way that it takes (`tls.mode` Allow and Prefer have two), up to the moment
// when it asks for a proof of the login.
import { decodeErrorFields } from "../wire/postgres/error-fields.ts";
import type { UpstreamTalk } from "./conversation.ts";
import type { Frame } from "./frame-stream.ts";
import { LoginError, UpstreamRefused } from "./login-error.ts";
import { TlsFailed, type Upstream } from "./upstream.ts";
import { nextUpstreamFrame, unexpected } from "./upstream-frame.ts";
import { type Way, waysOf } from "./upstream-tls.ts";

export interface Greeted<T extends UpstreamTalk> {
  readonly talk: T;
  /** NegotiateProtocolVersion, where the server sent one. */
  readonly negotiated: Frame | null;
  /** The first authentication request. */
  readonly request: Frame;
}

export interface Greeting<T extends UpstreamTalk> {
  readonly upstream: Upstream;
  /** The StartupMessage. */
  readonly packet: Buffer;
  readonly connect: (way: Way) => Promise<T>;
}

/** Rejects as `connectUpstream` and `nextUpstreamFrame`; an error that another way mends is not told. */
export async function greetServer<T extends UpstreamTalk>(greeting: Greeting<T>): Promise<Greeted<T>> {
  const ways = greeting.upstream.host.startsWith("/") ? (["plain"] as const) : waysOf(greeting.upstream.tls);
  let refusal: Refusal | null = null;
  for (const way of ways.slice(0, -1)) {
    try {
      return await greetOneWay(greeting, way, true);
    } catch (error) {
      if (error instanceof Refusal) refusal = error;
      else if (!(error instanceof TlsFailed)) throw error;
    }
  }
  try {
    return await greetOneWay(greeting, ways.at(-1)!, false);
  } catch (error) {
    if (refusal === null || !(error instanceof LoginError)) throw error;
    refusal.tell();
    throw new UpstreamRefused(refusal.sqlstate);
  }
}

/** The server does not let this login in on such a connection. */
class Refusal extends Error {
  readonly sqlstate: string;
  readonly tell: () => void;

  constructor(sqlstate: string, tell: () => void) {
    super("the server refused the first way");
    this.sqlstate = sqlstate;
    this.tell = tell;
  }
}

async function greetOneWay<T extends UpstreamTalk>(
  { connect, packet }: Greeting<T>,
  way: Way,
  thereIsAnother: boolean,
): Promise<Greeted<T>> {
  const talk = await connect(way);
  const wentPlain = way === "tlsIfOffered" && !talk.upstream.connection.encrypted;
  const listening = thereIsAnother && !wentPlain ? { ...talk, tell: keepRefusal(talk) } : talk;
  talk.upstream.peer.write(packet);
  let frame = await nextUpstreamFrame(listening);
  const negotiated = frame.type === "v" ? frame : null;
  if (negotiated !== null) frame = await nextUpstreamFrame(listening);
  if (frame.type !== "R") throw unexpected(talk, frame);
  return { talk, negotiated, request: frame };
}

function keepRefusal({ tell, upstream }: UpstreamTalk): UpstreamTalk["tell"] {
  return (frame) => {
    const sqlstate = frame.type === "E" ? (decodeErrorFields(frame.body).get("C") ?? "") : "";
    if (!sqlstate.startsWith("28")) return tell(frame);
    upstream.peer.socket.destroy();
    throw new Refusal(sqlstate, () => tell(frame));
  };
}
