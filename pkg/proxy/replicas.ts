// Several processes behind one address: a cancel request may reach another one than its session lives in. Who does not hold its key asks
// all others by the same request, at an address of theirs that takes nothing else and never asks on. What is handed over is what any client
// could send there itself: it proves nothing but that its sender knows the key, so replicas need not know each other.
import type { Random } from "../runtime/random.ts";
import type { CancelKey } from "../wire/postgres/backend-key-data.ts";
import { CancelRegistry } from "./cancel-registry.ts";
import { ClientStartup } from "./client-startup.ts";
import { Listener, type TcpAddress } from "./listener.ts";
import { Peer } from "./peer.ts";
import { sendCancel } from "./send-cancel.ts";
import type { ServingCertificate } from "./serving-certificate.ts";
import { Slots } from "./slots.ts";
import { endSocket } from "./sockets.ts";

export interface Replicas {
  /** Where this one takes what others hand over. */
  readonly listen: TcpAddress;
  /** Addresses (no names) of the others' own; this one may be among them. Must not reject. */
  readonly others: () => Promise<readonly TcpAddress[]>;
}

/** Requests for unknown keys that are being asked for at once; what comes beyond it has no effect, as a cancel that is too late. */
const ASKING_MAX = 64;
const OTHERS_MAX = 32;
/** Of those who say what they want. */
const TAKING_MAX = 256;
const TAKING_MS = 10_000;

interface Parts {
  readonly random: Random;
  readonly replicas?: Replicas;
  readonly certificate: () => ServingCertificate | null;
}

/** Keys of this process, and the way to those of others. */
export function cancelsOf({ random, replicas, certificate }: Parts): CancelRegistry {
  if (replicas === undefined) return new CancelRegistry(random);
  const asking = new Slots(ASKING_MAX);
  return new CancelRegistry(random, async (key) => {
    const release = asking.take();
    if (release === null) return;
    try {
      const others = (await replicas.others()).slice(0, OTHERS_MAX);
      await Promise.all(others.map((other) => sendCancel({ address: addressOf(other, certificate() !== null), key })));
    } finally {
      release();
    }
  });
}

/** Encrypted as clients are, so that keys do not pass in clear; whom we ask is not proved, and learns a key that is not his. */
function addressOf({ host, port }: TcpAddress, encrypted: boolean) {
  return { upstream: { name: "another replica", host, port, tls: { mode: "require" as const } }, ip: host, encrypted };
}

export function handedOverListener(
  { listen }: Replicas,
  certificate: Parts["certificate"],
  cancels: CancelRegistry,
): Listener {
  return new Listener({
    ...listen,
    loginsMax: TAKING_MAX,
    async serve(socket, done) {
      const startup = new ClientStartup(socket, certificate(), (each) => new Peer(each, "client"));
      const timer = setTimeout(() => socket.destroy(), TAKING_MS);
      const key = await keyOf(startup);
      clearTimeout(timer);
      done();
      if (key !== null) await cancels.cancelHere(key).catch(() => false);
      startup.peer.release();
      endSocket(startup.peer.socket);
    },
  });
}

async function keyOf(startup: ClientStartup): Promise<CancelKey | null> {
  try {
    const start = await startup.run();
    return start.kind === "cancelRequest" ? start.key : null;
  } catch {
    return null; // nothing else is spoken here, and nobody is told why
  }
}
