// The client's first packets, up to its StartupMessage or CancelRequest: encryption asked for and given, in PostgreSQL's order
// (`ProcessStartupPacket` in backend_startup.c): each of SSLRequest and GSSENCRequest counts once, then only a StartupMessage.
import type { Socket } from "node:net";
import type { CancelKey } from "../wire/postgres/backend-key-data.ts";
import type { StartupMessage, StartupPacket } from "../wire/postgres/startup-packet.ts";
import { StartupReader } from "../wire/postgres/startup-reader.ts";
import { WireError } from "../wire/postgres/wire-error.ts";
import { type ClientCertificate, readClientCertificate } from "./client-certificate.ts";
import { LoginError, PeerGone, UnsupportedProtocol } from "./login-error.ts";
import type { Peer } from "./peer.ts";
import type { ServingCertificate } from "./serving-certificate.ts";
import { acceptTls } from "./socket-tls.ts";

export type ClientStart =
  | {
      readonly kind: "startup";
      readonly message: StartupMessage;
      /** The certificate that the client saw; null on a plain connection. */
      readonly tls: ServingCertificate | null;
      /** What the client showed of its own, which is valid; null when it showed nothing. */
      readonly certificate: ClientCertificate | null;
      /** Bytes that the client sent behind its StartupMessage without waiting. */
      readonly left: Buffer;
    }
  | { readonly kind: "cancelRequest"; readonly key: CancelKey };

/** TLS record type "handshake": the client starts TLS without asking (libpq's sslnegotiation=direct). */
const TLS_HANDSHAKE = 0x16;
const NO = Buffer.from("N");
const YES = Buffer.from("S");

export class ClientStartup {
  readonly #certificate: ServingCertificate | null;
  readonly #read: (socket: Socket) => Peer;
  #peer: Peer;
  #tls: ServingCertificate | null = null;
  #clientCertificate: ClientCertificate | null = null;
  #isFirst = true;
  #mayAskTls = true;
  #mayAskGss = true;

  /** `read` makes the peer for a socket; it is called again when TLS takes the socket's place. */
  constructor(socket: Socket, certificate: ServingCertificate | null, read: (socket: Socket) => Peer) {
    this.#certificate = certificate;
    this.#read = read;
    this.#peer = read(socket);
  }

  /** The side that speaks to the client as things stand. */
  get peer(): Peer {
    return this.#peer;
  }

  /** Rejects with WireError, LoginError or PeerGone. */
  async run(): Promise<ClientStart> {
    for (;;) {
      const { packet, left } = await this.#nextPacket();
      if (packet.kind === "startup") return this.#started(packet, left);
      if (packet.kind === "cancelRequest") return packet;
      if (packet.kind === "sslRequest" && this.#mayAskTls) await this.#answerTls(left);
      else if (packet.kind === "gssencRequest" && this.#mayAskGss) this.#answerGss(left);
      else throw unsupported(packet);
    }
  }

  #started(message: StartupMessage, left: Buffer): ClientStart {
    return { kind: "startup", message, tls: this.#tls, certificate: this.#clientCertificate, left };
  }

  async #nextPacket(): Promise<{ packet: StartupPacket; left: Buffer }> {
    const reader = new StartupReader();
    for (;;) {
      const packet = reader.next();
      if (packet !== null) return { packet, left: reader.left };
      const chunk = await this.#peer.read();
      if (this.#isFirst && chunk[0] === TLS_HANDSHAKE) await this.#acceptDirectTls(chunk);
      else reader.push(chunk);
      this.#isFirst = false;
    }
  }

  #answerGss(left: Buffer): void {
    this.#mayAskGss = false;
    if (left.length > 0) throw new WireError("received unencrypted data after GSSAPI encryption request");
    this.#peer.write(NO);
  }

  async #answerTls(left: Buffer): Promise<void> {
    this.#mayAskTls = false;
    // CVE-2021-23222: what came in clear must never be taken for the beginning of the encrypted stream.
    if (left.length > 0) throw new WireError("received unencrypted data after SSL request");
    if (this.#certificate === null) {
      this.#peer.write(NO);
      return;
    }
    const plain = this.#peer;
    if (plain.release().length > 0) throw new WireError("received unencrypted data after SSL request");
    plain.write(YES);
    await this.#encrypt(plain.socket, this.#certificate);
  }

  async #acceptDirectTls(clientHello: Buffer): Promise<void> {
    if (this.#certificate === null) throw new PeerGone("client");
    const { socket } = this.#peer;
    socket.unshift(Buffer.concat([clientHello, this.#peer.release()]));
    await this.#encrypt(socket, this.#certificate);
    const hint = "Use a client that offers the protocol name postgresql, such as libpq 17 or later.";
    if (this.#peer.alpn === null)
      throw new LoginError(
        "08P01",
        "received direct SSL connection request without ALPN protocol negotiation extension",
        hint,
      );
  }

  async #encrypt(socket: Socket, certificate: ServingCertificate): Promise<void> {
    const secure = await acceptTls(socket, certificate).catch(() => {
      socket.destroy();
      throw new PeerGone("client"); // TLS has told the client why; no frame of ours can be read there
    });
    this.#peer = this.#read(secure);
    this.#tls = certificate;
    this.#mayAskTls = this.#mayAskGss = false;
    this.#clientCertificate = readClientCertificate(secure);
    const problem = this.#clientCertificate?.problem ?? null;
    if (problem !== null)
      throw new LoginError(
        "28000",
        `the client's certificate is not valid here: ${problem}`,
        "Use a certificate for clients that a CA of Weir's tls.clientCa has signed, or none.",
      );
  }
}

const CODES = { sslRequest: 80877103, gssencRequest: 80877104 } as const;

/** A repeated request is taken for a version, as PostgreSQL does. */
function unsupported(
  packet: Extract<StartupPacket, { kind: "sslRequest" | "gssencRequest" | "unsupported" }>,
): UnsupportedProtocol {
  return new UnsupportedProtocol(packet.kind === "unsupported" ? packet.version : CODES[packet.kind]);
}
