// `weir verify` on what a collector really leaves, its data folder and its evidence: each kind of tampering has its exit code.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Terminal } from "../../cmd/weir/terminal.ts";
import { verify } from "../../cmd/weir/verify.ts";
import { EXIT_CODES } from "../../pkg/audit/exit-codes.ts";
import { newSigner, signNote } from "../../pkg/ledger/note.ts";
import { ChainMaker, otlpJson } from "../collector/chain-maker.ts";
import { cleanUp, newSite, type Site, startOn, type TestCollector } from "../collector/fixtures.ts";
import { changed, without } from "../ledger/evidence-fixture.ts";

const CHAIN = "0123456789abcdef0123456789abcdef";
const ORIGIN = "ledger.example.com/test";
const folder = mkdtempSync(join(tmpdir(), "weir-verify-"));
const at = (name: string) => join(folder, name);
const segment = (first: number) => `${String(first).padStart(20, "0")}-${String(first + 9).padStart(20, "0")}.segment`;

async function send(site: Site, collector: TestCollector, chain: ChainMaker, from: number): Promise<void> {
  const token = await site.token();
  expect((await collector.ask("POST", "/v1/chains", { token, body: chain.registration() })).status).toBe(200);
  for (let first = from; first < chain.records.length; first += 10) {
    const body = otlpJson([chain.seal(first, first + 9)]).toString();
    expect((await collector.ask("POST", "/v1/logs", { token, body })).json).toEqual({});
  }
  await collector.upkeep();
}

/** The folder as it is, evidence of it and its checkpoint, under `name`. */
async function keep(site: Site, collector: TestCollector, name: string, checkpoints: string[] = []): Promise<string> {
  const evidence = await collector.ask("POST", "/v1/evidence", { body: { checkpoints } });
  const checkpoint = (await collector.ask("GET", "/v1/checkpoint")).bytes.toString();
  writeFileSync(at(`${name}.weir-evidence`), evidence.bytes);
  writeFileSync(at(`${name}.checkpoint`), checkpoint);
  cpSync(site.config.data, at(name), { recursive: true });
  return checkpoint;
}

beforeAll(async () => {
  const site = await newSite();
  const collector = await startOn(site);
  const chain = new ChainMaker(CHAIN).statements(10);
  await send(site, collector, chain, 0);
  const older = await keep(site, collector, "older");
  await send(site, collector, chain.statements(10), 20);
  await keep(site, collector, "good", [older]);
  cpSync(join(site.config.data, "log", "vkey"), at("vkey"));
  // The same key signs another history of the same length.
  const other = await newSite({ logKey: join(site.config.data, "log.key") });
  const rewriting = await startOn(other);
  await send(other, rewriting, new ChainMaker(CHAIN).statements(20), 0);
  // As many look-ups as the other, each a record of its own.
  await rewriting.ask("POST", "/v1/evidence", { body: {} });
  await keep(other, rewriting, "rewritten");
}, 120_000);

afterAll(async () => {
  await cleanUp();
  rmSync(folder, { recursive: true, force: true });
});

async function exitCode(...args: string[]): Promise<number> {
  const plain = (text: string) => text;
  const terminal: Terminal = {
    ...{ bold: plain, dim: plain, red: plain, green: plain, yellow: plain, cyan: plain },
    print: () => {},
  };
  return await verify.run([...args, "--log-key", at("vkey")], terminal);
}

const lines = (edit: (lines: string[]) => string[]) => (text: string) => edit(text.split("\n")).join("\n");
const flip = (text: string) => text.replace('"ana@example.com"', '"anb@example.com"');
const drop = lines((all) => all.toSpliced(2, 1));
const swap = lines(([header, first, second, ...rest]) => [header!, second!, first!, ...rest]);
const twice = lines((all) => all.toSpliced(2, 0, all[1]!));
const cut = lines((all) => [...all.slice(0, 5), ""]);
const signedByOther = (text: string) =>
  signNote(text.slice(0, text.indexOf("\n\n") + 1), [newSigner(ORIGIN, "ed25519", Buffer.alloc(32, 5))], 0);

const inSegments: readonly (readonly [string, keyof typeof EXIT_CODES, number, (text: string) => string])[] = [
  ["a flipped character", "altered", 10, flip],
  ["a dropped record", "missing", 10, drop],
  ["a dropped tail", "truncated", 30, cut],
  ["reordered records", "reordered", 10, swap],
  ["a record twice", "forked", 10, twice],
];

test.each(inSegments)("%s: %s, in the folder and in evidence", async (_, verdict, first, tamper) => {
  const copy = at(`copy-${Math.random()}`);
  cpSync(at("good"), copy, { recursive: true });
  const file = join(copy, "segments", "eu-1", "shop", CHAIN, segment(first));
  writeFileSync(file, tamper(readFileSync(file, "utf8")));
  const evidence = changed(readFileSync(at("good.weir-evidence")), new RegExp(`${segment(first)}$`), tamper);
  writeFileSync(`${copy}.weir-evidence`, evidence);
  const expected = EXIT_CODES[verdict];
  expect([await exitCode(copy), await exitCode(`${copy}.weir-evidence`)]).toEqual([expected, expected]);
});

const whole: readonly (readonly [
  string,
  keyof typeof EXIT_CODES,
  (folder: string) => void,
  (evidence: Buffer) => Buffer,
])[] = [
  [
    "a dropped segment",
    "missing",
    (copy) => rmSync(join(copy, "segments", "eu-1", "shop", CHAIN, segment(10))),
    (evidence) => without(evidence, new RegExp(segment(10).replace("segment", "(segment|proof)"))),
  ],
  [
    "the last segment dropped",
    "truncated",
    (copy) => rmSync(join(copy, "segments", "eu-1", "shop", CHAIN, segment(30))),
    (evidence) => without(evidence, new RegExp(segment(30).replace("segment", "(segment|proof)"))),
  ],
  [
    "a swapped key",
    "unverifiable-key",
    (copy) => {
      const file = join(copy, "log", "checkpoint");
      writeFileSync(file, signedByOther(readFileSync(file, "utf8")));
    },
    (evidence) => changed(evidence, /^checkpoint$|^evidence.note$/, signedByOther),
  ],
  [
    "a truncated file",
    "truncated",
    (copy) => {
      const bundle = join(copy, "log", "tile", "entries");
      for (const name of readdirSync(bundle)) rmSync(join(bundle, name), { recursive: true });
    },
    (evidence) => evidence.subarray(0, evidence.length - 3000),
  ],
];

test.each(whole)("%s: %s, in the folder and in evidence", async (_, verdict, tamper, tampered) => {
  const copy = at(`copy-${Math.random()}`);
  cpSync(at("good"), copy, { recursive: true });
  tamper(copy);
  writeFileSync(`${copy}.weir-evidence`, tampered(readFileSync(at("good.weir-evidence"))));
  const expected = EXIT_CODES[verdict];
  expect([await exitCode(copy), await exitCode(`${copy}.weir-evidence`)]).toEqual([expected, expected]);
});

test("a segment dropped from evidence, but not its proof: altered, since a proof of nothing is none of its parts", async () => {
  const file = at(`copy-${Math.random()}.weir-evidence`);
  writeFileSync(file, without(readFileSync(at("good.weir-evidence")), new RegExp(segment(10))));
  expect(await exitCode(file)).toBe(EXIT_CODES.altered);
});

test("who kept a checkpoint: it goes on from an older one; an old state is a replay, another history a fork", async () => {
  const with_ = (path: string, checkpoint: string) => exitCode(path, "--checkpoint", at(`${checkpoint}.checkpoint`));
  for (const [path, checkpoint, verdict] of [
    ["good", "older", "intact"],
    ["older", "good", "replayed"],
    ["rewritten", "good", "forked"],
    ["rewritten", "older", "forked"],
  ] as const)
    expect([path, checkpoint, await with_(at(path), checkpoint)]).toEqual([path, checkpoint, EXIT_CODES[verdict]]);
  for (const [path, checkpoint, verdict] of [
    ["good", "older", "intact"],
    ["older", "good", "replayed"],
    ["rewritten", "good", "forked"],
    ["rewritten", "older", "proof-wrong"],
  ] as const)
    expect([path, checkpoint, await with_(at(`${path}.weir-evidence`), checkpoint)]).toEqual([
      path,
      checkpoint,
      EXIT_CODES[verdict],
    ]);
});

test("the command ends with these codes", () => {
  const program = resolve(import.meta.dirname, "../../cmd/weir/main.ts");
  const { NODE_OPTIONS: _, ...env } = process.env;
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [program, "verify", ...args, "--log-key", at("vkey")], { env, encoding: "utf8" });
  expect(run(at("good.weir-evidence"), "--checkpoint", at("older.checkpoint"))).toMatchObject({
    status: 0,
    stderr: "",
  });
  expect(run(at("good"))).toMatchObject({ status: 0, stdout: expect.stringContaining("40 records in 4 segments") });
  expect(run(at("older"), "--checkpoint", at("good.checkpoint"))).toMatchObject({ status: EXIT_CODES.replayed });
}, 240_000);
