// What the collector has acknowledged is there after kill -9, once, whatever it was doing. A seed reproduces a run: WEIR_KILL_SEED=n runs
// that one, WEIR_KILL_RUNS=n as many.
import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { verifyLedger } from "../../pkg/ledger/verify-ledger.ts";
import { seeded } from "../audit/seeded.ts";
import { ChainMaker, otlpJson } from "./chain-maker.ts";
import { ask, chainsOf, cleanUp, newSite, type Site, startOn } from "./fixtures.ts";
import { logKeyOf, verifyBytes } from "./verify-bytes.ts";

const CALLS = ["replaceAll", "replaceAll", "move", "write", "datasync", "remove", "none"] as const;
const MOMENTS = ["before", "middle", "after"] as const;
const KILLS = 5;
const CHAINS = 4;

interface Kill {
  readonly call: (typeof CALLS)[number];
  readonly moment: (typeof MOMENTS)[number];
  readonly count: number;
}

interface Life {
  readonly child: ChildProcess;
  readonly port: Promise<number | null>;
  readonly ended: Promise<void>;
}

function live(site: Site, { call, moment, count }: Kill): Life {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const args = [join(import.meta.dirname, "kill-child.ts"), site.folder, call, String(count), moment];
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<void>((done) => child.once("close", () => done()));
  const port = new Promise<number | null>((done) => {
    child.stdout.once("data", (bytes) => done(Number(bytes)));
    void ended.then(() => done(null));
  });
  return { child, port, ended };
}

/** A sidecar that sends until the collector is gone. `acknowledged`: how many of its records it was told are durable. */
class Sender {
  readonly chain: ChainMaker;
  acknowledged = 0;
  private readonly site: Site;

  constructor(site: Site, chain: string) {
    this.site = site;
    this.chain = new ChainMaker(chain);
  }

  async run(port: number, random: () => number, onAck: () => void): Promise<void> {
    const token = await this.site.token();
    const post = (path: string, body: object | string) =>
      ask(port, this.site.ca.certificate, "POST", path, { token, body });
    try {
      const registered = await post("/v1/chains", this.chain.registration());
      let { next } = registered.json;
      expect(next).toBeGreaterThanOrEqual(this.acknowledged);
      for (;;) {
        while (this.chain.records.length < next + 30) this.chain.statements(1);
        const last = next + Math.floor(random() * 30);
        const answer = await post("/v1/logs", otlpJson([this.chain.seal(next, last)]).toString());
        if (answer.status !== 200) continue;
        expect(answer.json).toEqual({});
        next = last + 1;
        this.acknowledged = next;
        onAck();
      }
    } catch (cause) {
      if ((cause as { readonly matcherResult?: unknown }).matcherResult !== undefined) throw cause;
    }
  }
}

function kills(random: () => number): Kill[] {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  return Array.from({ length: KILLS }, () => ({
    call: pick(CALLS),
    moment: pick(MOMENTS),
    count: 1 + Math.floor(random() * 15),
  }));
}

const runs = Number(process.env.WEIR_KILL_RUNS ?? 1);
const seeds =
  process.env.WEIR_KILL_SEED === undefined
    ? Array.from({ length: runs }, (_, seed) => seed + 1)
    : [Number(process.env.WEIR_KILL_SEED)];

afterEach(cleanUp);

test.each(seeds)(
  `seed %d: ${KILLS} times kill -9, nothing acknowledged is lost, nothing is there twice`,
  async (seed) => {
    const random = seeded(seed);
    const site = await newSite({ checkpointMs: 200 });
    writeFileSync(join(site.folder, "site.json"), JSON.stringify(site.config));
    const senders = Array.from({ length: CHAINS }, (_, at) => new Sender(site, String(at).repeat(32)));
    for (const kill of kills(random)) {
      const { child, port, ended } = live(site, kill);
      const found = await port;
      let acks = 0;
      const onAck = () => {
        acks++;
        // A call that never comes ends the life from outside too.
        if ((kill.call === "none" && acks >= kill.count) || acks >= 40) child.kill("SIGKILL");
      };
      if (found !== null) await Promise.all(senders.map((sender) => sender.run(found, random, onAck)));
      await ended;
    }

    const collector = await startOn(site);
    await collector.upkeep();
    const logKey = logKeyOf(collector);
    const chains = await chainsOf(collector);
    for (const { chain, acknowledged } of senders) {
      const state = chains.find((each: { chain: string }) => each.chain === chain.chain);
      if (acknowledged === 0 && state === undefined) continue;
      expect(state).toMatchObject({ gaps: 0, forks: 0 });
      expect(state.next).toBeGreaterThanOrEqual(acknowledged);
      if (state.next > 0) expect(state.lastHash).toBe(chain.hashes[state.next - 1]);
    }
    const total = chains.reduce((sum: number, { next }: { next: number }) => sum + next, 0);
    expect(senders.reduce((sum, { acknowledged }) => sum + acknowledged, 0)).toBeGreaterThan(0);
    const ledger = await verifyLedger(site.config.data, { logKey });
    // The look-up of the chains is a record, too, of the collector's own.
    expect(ledger.verdict).toBe("intact");
    expect([total, total + 1]).toContain(ledger.records);
    const evidence = await collector.ask("POST", "/v1/evidence", { body: { cluster: "eu-1" } });
    expect(verifyBytes(evidence.bytes, logKey)).toMatchObject({ verdict: "intact", records: total });
    expect(collector.lines.filter((line) => line.startsWith("error"))).toEqual([]);
  },
  300_000,
);
