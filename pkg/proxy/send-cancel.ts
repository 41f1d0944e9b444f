// Asks the database server to cancel what one of its sessions runs.
import type { CancelKey } from "../wire/postgres/backend-key-data.ts";
import { encodeCancelRequest } from "../wire/postgres/startup-packet.ts";
import { connectAgain, type UpstreamAddress } from "./upstream.ts";

export interface CancelTarget {
  readonly address: UpstreamAddress;
  readonly key: CancelKey;
}

/** The server closes the connection at once after it has signalled; this is for one that does not. */
const WAIT_MS = 10_000;

/**
 * Resolves when the cancel connection has ended: only then can the signal no longer hit a later statement.
 * False when the request could not be handed over.
 */
export async function sendCancel(target: CancelTarget): Promise<boolean> {
  const connection = await connectAgain(target.address).catch(() => null);
  if (connection === null) return false;
  const { socket } = connection;
  return new Promise((resolve) => {
    let ended = false;
    const timer = setTimeout(() => socket.destroy(), WAIT_MS);
    socket.on("end", () => {
      ended = true;
    });
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(ended);
    });
    socket.resume();
    socket.write(encodeCancelRequest(target.key));
  });
}
