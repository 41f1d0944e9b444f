// One run of kills: a sidecar's writing and shipping side and a real collector over TLS, killed again and again on one spool and one data
// folder; at the end the last sidecar ships what is left, and everything that it was ever told was written must be in the ledger, once.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { newFolder } from "../audit/fixtures.ts";
import { seeded } from "../audit/seeded.ts";
import { newSite, type Site, startOn } from "../collector/fixtures.ts";
import { faultsOf } from "./ledger-faults.ts";
import { Lives } from "./lives.ts";

const SIDECAR_CALLS = ["write", "progress", "head", "openAppend", "remove", "post", "none"] as const;
const COLLECTOR_CALLS = ["replaceAll", "replaceAll", "move", "write", "datasync", "remove", "none", "none"] as const;
const MOMENTS = ["before", "middle", "after"] as const;
/** A life ends from outside when its moment does not come. */
const LIFE_MS = 3_000;

export interface KillRun {
  readonly kills: number;
  readonly records: number;
  /** Lost, doubled or changed records, and whatever else is not as it must be. */
  readonly faults: readonly string[];
}

/** At least so many kills. `onKill` is told how many there were. */
export async function killRun(
  seed: number,
  kills: number,
  onKill: (kills: number) => void = () => {},
): Promise<KillRun> {
  const site = await newSite({ checkpointMs: 200 });
  // Below the ports that the system gives to clients, one of which could else take it while the collector is dead.
  const port = 20_000 + ((process.pid * 31 + seed) % 10_000);
  const config = { ...site.config, listen: { host: "127.0.0.1", port } };
  writeFileSync(join(site.folder, "site.json"), JSON.stringify(config));
  writeFileSync(join(site.folder, "token"), await site.token());
  const spool = newFolder();
  const random = seeded(seed);
  const lives = new Lives();
  let told = "";
  try {
    for (let life = 0; lives.kills < kills; life++) {
      told += await live({ site, spool, port, lives, random, seed: seed * 1000 + life });
      onKill(lives.kills);
    }
    const collector = await startOn({ ...site, config });
    const last = lives.sidecar(sidecarArgs({ site, spool, port }, seed, ["finish", "1", "never"]));
    await last.ended;
    told += last.told();
    await collector.upkeep();
    const { records, faults } = await faultsOf(collector, config.data, told);
    await collector.stop("done");
    for (const folder of faults.length === 0 ? [site.folder, spool] : [])
      rmSync(folder, { recursive: true, force: true });
    return { kills: lives.kills, records, faults };
  } finally {
    await lives.killAll();
  }
}

interface Place {
  readonly site: Site;
  readonly spool: string;
  readonly port: number;
}

function sidecarArgs({ site, spool, port }: Place, seed: number, fatal: readonly string[]): readonly string[] {
  const files = [site.config.tls.certificate.replace(/[^/]+$/, "ca.pem"), join(site.folder, "token")];
  return [spool, `https://127.0.0.1:${port}`, String(seed), ...fatal, ...files];
}

interface OneLife extends Place {
  readonly lives: Lives;
  readonly random: () => number;
  readonly seed: number;
}

/** A sidecar that dies, and a collector that dies before, with or after it; what the sidecar was told was written. */
async function live({ lives, random, seed, ...place }: OneLife): Promise<string> {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const { folder } = place.site;
  const fatalCollector = [pick(COLLECTOR_CALLS), String(1 + Math.floor(random() * 12)), pick(MOMENTS)];
  const call = pick(SIDECAR_CALLS);
  const count = 1 + Math.floor(random() * (call === "write" ? 60 : call === "post" ? 3 : 8));
  const fatalSidecar = [call, String(count), pick(MOMENTS)];
  const [outsideMs, survivesMs] = [200 + random() * 1500, random() * 300];

  const first = await lives.collector([folder, ...fatalCollector]);
  const sidecar = lives.sidecar(sidecarArgs(place, seed, fatalSidecar));
  let isOver = false;
  const again = first.ended.then(() => (isOver ? null : lives.collector([folder, "none", "1", "never"])));
  const timer = setTimeout(() => sidecar.child.kill("SIGKILL"), call === "none" ? outsideMs : LIFE_MS);
  await sidecar.ended;
  clearTimeout(timer);
  // Sometimes both are gone at once, sometimes the collector still works on what it has.
  await delay(survivesMs);
  isOver = true;
  await lives.kill(first);
  const second = await again;
  if (second !== null) await lives.kill(second);
  return sidecar.told();
}
