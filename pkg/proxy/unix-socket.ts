// A unix socket as a file: who may connect is its mode; one that a dead process left behind is taken away first.
import { chmodSync, lstatSync, unlinkSync } from "node:fs";
import { connect, type Server } from "node:net";

export interface UnixAddress {
  /** The file itself; libpq finds `<folder>/.s.PGSQL.<port>` by `host=<folder> port=<port>`. */
  readonly path: string;
  /** Permissions of the file, such as 0o660: only who may write to it can connect. */
  readonly mode: number;
}

/** What sun_path holds on Linux, without its NUL. */
export const PATH_BYTES_MAX = 107;

/** Resolves once connections are taken. Rejects with the system's error: EADDRINUSE also when `path` is a file of another kind. */
export async function listenOnUnix(server: Server, { path, mode }: UnixAddress): Promise<void> {
  await removeStale(path);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ path }, () => {
      server.off("error", reject);
      resolve();
    });
    // The file is there already, before anything else can run: nobody connects under other permissions than these.
    if (server.listening) chmodSync(path, mode);
  });
}

/** A socket file on which nobody listens is taken away; anything else stays, and `listen` will say what is wrong. */
async function removeStale(path: string): Promise<void> {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return;
  if ((await connectError(path)) === "ECONNREFUSED") unlinkSync(path);
}

function connectError(path: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket
      .once("connect", () => resolve(null))
      .once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? ""));
    socket.once("connect", () => socket.destroy());
  });
}
