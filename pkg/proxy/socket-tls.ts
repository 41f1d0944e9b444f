// Turns an open TCP connection into TLS, on either side. Rejects when the handshake fails.
import { isIP, type Socket } from "node:net";
import { type ConnectionOptions, connect, TLSSocket } from "node:tls";
import type { ServingCertificate } from "./serving-certificate.ts";
import { ignoreErrors } from "./sockets.ts";
import type { UpstreamTls } from "./upstream.ts";

/** PostgreSQL's registered protocol name (RFC 7301), which libpq sends since version 17. */
const ALPN = ["postgresql"];

export function acceptTls(socket: Socket, certificate: ServingCertificate): Promise<TLSSocket> {
  const secure = new TLSSocket(socket, { isServer: true, secureContext: certificate.context, ALPNProtocols: ALPN });
  return secured(secure, "secure");
}

export function startTls(
  socket: Socket,
  host: string,
  tls: Exclude<UpstreamTls, { mode: "disable" }>,
): Promise<TLSSocket> {
  const options: ConnectionOptions = { socket, minVersion: "TLSv1.2", ALPNProtocols: ALPN };
  if (isIP(host) === 0) options.servername = host;
  else options.host = host;
  if (tls.mode === "require") {
    options.rejectUnauthorized = false;
  } else {
    options.ca = tls.ca;
    if (tls.mode === "verify-ca") options.checkServerIdentity = () => undefined;
  }
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
