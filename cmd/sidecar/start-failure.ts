// Why the sidecar did not start, where the system refused something: in words that name the setting and the remedy.

const remedies: Readonly<Record<string, string>> = {
  EADDRINUSE: "something listens there already, perhaps another sidecar; stop it or name another address",
  EACCES: "permission denied; name a port above 1023, or a folder that is there and may be written",
  EADDRNOTAVAIL: "this machine does not have that address; name one of its own",
};

/** Ports of `admin.listen` and of `relays`; every other address is a listener's. */
export interface OtherPorts {
  readonly admin: number;
  readonly relays: readonly number[];
}

export function startFailure(error: NodeJS.ErrnoException, ports: OtherPorts): string {
  if (error.syscall !== "listen") return error.message;
  const { address, port } = error as { address?: string; port?: number };
  const isRelay = port !== undefined && ports.relays.includes(port);
  const setting = port === ports.admin ? "admin.listen" : isRelay ? "relays" : "listeners";
  const place = port === undefined || port < 0 ? address : `${address}:${port}`;
  const { code = "error" } = error;
  return `${setting}: cannot listen on ${place} (${code}): ${remedies[code] ?? "name another address"}`;
}
