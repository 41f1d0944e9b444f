// Turns an open TCP connection into TLS, on either side. Rejects when the handshake fails.
import { isIP, type Socket } from "node:net";
import { type ConnectionOptions, connect, TLSSocket } from "node:tls";
import type { ServingCertificate } from "./serving-certificate.ts";
import { ignoreErrors } from "./sockets.ts";
import { contextOf, type EncryptedTls } from "./upstream-tls.ts";

/** PostgreSQL's registered protocol name (RFC 7301), which libpq sends since version 17. */
const ALPN = ["postgresql"];

/** A client's certificate is asked for where a CA is known; whether it is good is told by `readClientCertificate`. */
export function acceptTls(socket: Socket, certificate: ServingCertificate): Promise<TLSSocket> {
  const secure = new TLSSocket(socket, {
    isServer: true,
    secureContext: certificate.context,
    requestCert: certificate.asksClient,
    rejectUnauthorized: false,
    ALPNProtocols: ALPN,
  });
  return secured(secure, "secure");
}

/** `host`: the server's, where `tls` names no other; certificates and SNI know no dot at its end (RFC 6066). */
export function startTls(socket: Socket, host: string, tls: EncryptedTls): Promise<TLSSocket> {
  const name = (tls.serverName ?? host).replace(/\.$/, "");
  const options: ConnectionOptions = { socket, secureContext: contextOf(tls), ALPNProtocols: ALPN };
  if (isIP(name) === 0) options.servername = name;
  else options.host = name;
  if (tls.mode !== "verify-ca" && tls.mode !== "verify-full") options.rejectUnauthorized = false;
  if (tls.mode === "verify-ca") options.checkServerIdentity = () => undefined;
  return secured(connect(options), "secureConnect");
}

function secured(socket: TLSSocket, event: "secure" | "secureConnect"): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      socket.off(event, done).off("error", failed).off("close", closed);
      act();
    };
    const done = () => settle(() => resolve(socket));
    const failed = (error: Error) => settle(() => reject(error));
    const closed = () => settle(() => reject(new Error("the connection was closed during the TLS handshake")));
    ignoreErrors(socket).on(event, done).on("error", failed).on("close", closed);
  });
}
