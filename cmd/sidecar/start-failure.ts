// Why the sidecar did not start, where the system refused something: in words that name the setting and the remedy.

const remedies: Readonly<Record<string, string>> = {
  EADDRINUSE: "something listens there already, perhaps another sidecar; stop it or name another address",
  EACCES: "permission denied; name a port above 1023, or a folder that is there and may be written",
  EADDRNOTAVAIL: "this machine does not have that address; name one of its own",
};

/** `adminPort`: the port of `admin.listen`; every other address is a listener's. */
export function startFailure(error: NodeJS.ErrnoException, adminPort: number): string {
  if (error.syscall !== "listen") return error.message;
  const { address, port } = error as { address?: string; port?: number };
  const setting = port === adminPort ? "admin.listen" : "listeners";
  const place = port === undefined || port < 0 ? address : `${address}:${port}`;
  const { code = "error" } = error;
  return `${setting}: cannot listen on ${place} (${code}): ${remedies[code] ?? "name another address"}`;
}
