// Shipping of one spool as one part: out of plain settings, so that it can run in a thread of its own, it puts reader, collector and
// shipper together and sends heartbeats.
import { setTimeout as pause } from "node:timers/promises";
import type { Random } from "../runtime/random.ts";
import { type Claims, newChainKey } from "./chain-registration.ts";
import { Collector } from "./collector.ts";
import type { CommittedMark } from "./committed.ts";
import { Destination } from "./destination.ts";
import { Shipper, type ShipperCounters, type ShipperWorld } from "./shipper.ts";
import { SpoolReader } from "./spool-reader.ts";

export interface ShippingSettings {
  readonly folder: string;
  readonly claims: Claims;
  readonly url: string;
  /** Files; null: none. */
  readonly token: string | null;
  readonly ca: string | null;
  readonly certificate: string | null;
  readonly key: string | null;
  readonly deadLetterBytesMax: number;
  readonly version: string;
  readonly sealMs?: number;
}

export interface ShippingWorld extends Omit<ShipperWorld, "random"> {
  readonly committed: CommittedMark;
  readonly random: Random;
}

/** Where the writer stands. */
export interface Position {
  readonly chain: string;
  readonly next: number;
  readonly last: string;
  readonly depthBytes: number;
}

/** What a process leaves behind when it has to end. */
export interface Left {
  /** Null: of another chain than the one at hand, so nobody has counted. */
  readonly records: number | null;
}

export interface Shipping {
  counters(): ShipperCounters;
  /** About once a second. */
  at(position: Position): void;
  /** Ships what is left, for at most `timeMs`, and ends. */
  finish(position: Position, timeMs: number): Promise<Left>;
}

const HEARTBEAT_MS = 30_000;
/** After what nobody thought of, such as a file system that fails. */
const AGAIN_MS = 5_000;

export function startShipping(settings: ShippingSettings, world: ShippingWorld): Shipping {
  const { clock, random, files, logger } = world;
  const reader = new SpoolReader(settings.folder, files, () => world.committed.get());
  const destination = new Destination({ ...settings, url: new URL(settings.url) });
  const collector = new Collector(destination, resourceOf(settings), () => clock.nowMs());
  const { claims, deadLetterBytesMax, sealMs } = settings;
  const shipper = new Shipper(
    { reader, collector, key: newChainKey(random), claims, deadLetterBytesMax, ...(sealMs && { sealMs }) },
    { ...world, random: () => random.bytes(4).readUInt32LE() / 2 ** 32 },
  );
  let [ended, beatAtMs] = [false, Number.NEGATIVE_INFINITY];
  const stopping = new AbortController();

  async function run(): Promise<void> {
    while (!ended) {
      try {
        return await shipper.run();
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        logger.log("error", "shipping.fault", { reason: code ?? message, consequence: "it is tried again" });
        await pause(AGAIN_MS, undefined, { ref: false });
      }
    }
  }
  const running = run();

  return {
    counters: () => shipper.counters(),
    at({ chain, next, last, depthBytes }) {
      // A clock that was set back must not silence it.
      if (!shipper.isRegistered || Math.abs(clock.nowMs() - beatAtMs) < HEARTBEAT_MS) return;
      beatAtMs = clock.nowMs();
      const beat = {
        chain,
        last: next - 1,
        lastHash: last,
        spoolBytes: depthBytes,
        oldestMs: shipper.counters().oldestMs,
      };
      void collector.heartbeat(beat, stopping.signal);
    },
    async finish({ chain, next }, timeMs) {
      const timer = setTimeout(() => shipper.stop(), timeMs);
      shipper.finish();
      await Promise.race([running, pause(timeMs + 500, undefined, { ref: false })]);
      ended = true;
      clearTimeout(timer);
      stopping.abort();
      collector.close();
      reader.close();
      const standing = shipper.standing;
      return { records: standing?.chain === chain ? next - standing.next : null };
    },
  };
}

function resourceOf({ claims, version }: ShippingSettings): Readonly<Record<string, string>> {
  return {
    "service.name": "weir-sidecar",
    "service.version": version,
    "service.instance.id": claims.instance,
    "k8s.cluster.name": claims.cluster,
    "k8s.namespace.name": claims.namespace,
    "k8s.pod.name": claims.instance,
    "deployment.environment.name": claims.environment,
  };
}
