// A connection to a name whose address may change while it is being made: a database that has moved leaves nobody at its old address, who
// would be waited for until the time is over. So the name is asked again each second, and a new address is tried beside the old one.
import { type LookupAddress, lookup as systemLookup } from "node:dns";
import type { LookupFunction, Socket } from "node:net";
import type { TcpTarget } from "./sockets.ts";

export const ASK_AGAIN_MS = 1000;

export type Connect = (to: TcpTarget, signal: AbortSignal) => Promise<Socket>;

/** The first connection that opens; the others end. Rejects with the last error once every address that was found has failed. */
export function connectByName(
  to: TcpTarget,
  signal: AbortSignal,
  connect: Connect,
  askAgainMs = ASK_AGAIN_MS,
): Promise<Socket> {
  const lookup = to.lookup ?? systemLookup;
  const tried = new Set<string>();
  const over = new AbortController();
  const until = AbortSignal.any([signal, over.signal]);
  let pending = 0;
  let asking = false;

  return new Promise<Socket>((resolve, reject) => {
    const timer = setInterval(askAgain, askAgainMs);
    const end = () => {
      clearInterval(timer);
      over.abort();
    };

    function attempt(lookup: LookupFunction): void {
      pending += 1;
      connect({ ...to, lookup }, until).then(
        (socket) => {
          if (over.signal.aborted) return void socket.destroy();
          end();
          resolve(socket);
        },
        (error: Error) => {
          pending -= 1;
          if (over.signal.aborted || pending > 0) return;
          end();
          reject(error);
        },
      );
    }

    function askAgain(): void {
      if (asking) return;
      asking = true;
      lookup(to.host, { all: true }, (error, found) => {
        asking = false;
        if (error !== null || over.signal.aborted) return;
        const fresh = (found as readonly LookupAddress[]).filter(({ address }) => !tried.has(address));
        for (const { address } of fresh) tried.add(address);
        if (fresh.length > 0) attempt(fixed(fresh));
      });
    }

    attempt((host, options, done) =>
      lookup(host, options, (error, found, family) => {
        const addresses = typeof found === "string" ? [found] : (found ?? []).map(({ address }) => address);
        for (const address of addresses) tried.add(address);
        done(error, found, family);
      }),
    );
  });
}

/** Answers with these. */
export function fixed(addresses: readonly LookupAddress[]): LookupFunction {
  return (_host, options, done) => {
    if (options.all) done(null, [...addresses]);
    else done(null, addresses[0]!.address, addresses[0]!.family);
  };
}
