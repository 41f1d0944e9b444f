// The demo's second half: who asks is proved by tokens of an identity provider. A person by `weir connect`, an agent that acts for her,
// a thief, and the end of it all when she is no longer let in.
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { guard } from "../../../pkg/localdb/guardian.ts";
import type { Terminal } from "../terminal.ts";
import { visit } from "./browser.ts";
import { anaSteps, roboSteps, thiefSteps } from "./identity-script.ts";
import type { LocalIssuer } from "./issuer.ts";
import { PUBLIC_CLIENT } from "./issuer-configuration.ts";
import { playStep } from "./play.ts";
import type { Step } from "./script.ts";
import { databaseName, passwordOf } from "./shop-database.ts";
import type { Sidecar } from "./sidecar-process.ts";
import { startWeir, type WeirProgram } from "./weir-program.ts";

export interface IdentityStage {
  readonly folder: string;
  readonly issuer: LocalIssuer;
  readonly sidecar: Sidecar;
  readonly directPort: number;
  /** A file with robo's secret at the issuer. */
  readonly secretFile: string;
  readonly terminal: Terminal;
  /** Takes what ends with the demo, should it be ended before the scene is over. */
  readonly atEnd: (close: () => Promise<void>) => void;
}

const ANA = "ana@shop.example";
const HOST = "127.0.0.1";

/** Everything that differed from what the script claims. */
export async function playIdentities(stage: IdentityStage): Promise<readonly string[]> {
  const { terminal, sidecar } = stage;
  const closers: (() => unknown)[] = [];
  const connected = async (config: pg.ClientConfig) => {
    const client = new pg.Client({ host: HOST, database: databaseName, ...config });
    client.on("error", () => {}); // a session that Weir has ended shows at its next statement
    await client.connect();
    closers.unshift(() => client.end().catch(() => {}));
    return client;
  };
  try {
    const direct = await connected({ port: stage.directPort, user: "ana", password: passwordOf("ana") });
    const play = (steps: readonly Step[], governed: pg.Client) => playAll(steps, governed, direct, terminal);
    title(terminal, "Ana again, by her login at the company", "weir connect");
    const connecting = weir(stage, closers, "connect", databaseName, ...issuerArgs(stage), ...gatewayArgs(stage));
    const ana = await connected({ connectionString: await connectedAs("ana", connecting, terminal) });
    const byAna = await play(anaSteps, ana);
    title(terminal, "robo, an agent that Ana has asked for help", "a token of its own, exchanged for hers");
    const token = await agentToken(stage, closers);
    const ssl = { ca: readFileSync(sidecar.caFile, "utf8") };
    const roboLogin = { port: sidecar.tokenPort, user: "robo", password: token, ssl };
    const robo = await connected(roboLogin);
    const byRobo = await play(roboSteps, robo);
    title(terminal, "A thief", "in a session of Dana's");
    const thief = await connected({ port: sidecar.port, user: "dana", password: passwordOf("dana") });
    const byThief = await play(thiefSteps(token), thief);
    title(terminal, "Ana has left the company", `her name is in ${basename(sidecar.revocationsFile)}`);
    const ends = [ended(ana, "Ana", terminal), ended(robo, "robo, who acts for her,", terminal)];
    await revoke(sidecar, { host: HOST, database: databaseName, ...roboLogin });
    const open = (await Promise.all(ends)).flat();
    return [...byAna, ...byRobo, ...byThief, ...open];
  } finally {
    for (const close of closers) await close();
  }
}

function title(terminal: Terminal, who: string, how: string): void {
  terminal.print(`\n${terminal.bold(`── ${who} `)}${terminal.dim(`(${how})`)}`);
}

async function playAll(
  steps: readonly Step[],
  governed: pg.Client,
  direct: pg.Client,
  terminal: Terminal,
): Promise<readonly string[]> {
  const differences: string[] = [];
  for (const step of steps) {
    const found = await playStep(step, governed, direct, terminal);
    if (found !== null) differences.push(`${step.say} ${found}`);
  }
  return differences;
}

const issuerArgs = ({ issuer }: IdentityStage) => ["--issuer", issuer.url, "--client-id", PUBLIC_CLIENT];

const gatewayArgs = ({ sidecar }: IdentityStage) => [
  "--gateway",
  `127.0.0.1:${sidecar.tokenPort}`,
  "--ca",
  sidecar.caFile,
  "--login-claim",
  "email",
];

/** Shown as if it had been typed in the folder; ended with the demo. */
function weir({ folder, terminal, atEnd }: IdentityStage, closers: (() => unknown)[], ...args: string[]): WeirProgram {
  const typed = args.map((arg) => (arg.startsWith("/") ? basename(arg) : arg)).join(" ");
  terminal.print(`\n  ${terminal.cyan("$")} ${terminal.bold(`weir ${typed}`)}`);
  const program = startWeir(args, folder, { WEIR_BROWSER: "none" });
  guard(program.child, "TERM", "");
  const end = async () => {
    program.child.kill("SIGTERM");
    await program.end;
  };
  closers.push(end);
  atEnd(end);
  return program;
}

async function logIn(name: string, program: WeirProgram, terminal: Terminal): Promise<void> {
  const [address] = await program.said(/http:\/\/127\.0\.0\.1:\d+\/auth\?\S+/);
  await visit(address, { login: name });
  terminal.print(terminal.dim(`    ${name} logs in with a browser, and says yes (the demo does it for her)`));
}

/** The connection string that it prints. */
async function connectedAs(name: string, program: WeirProgram, terminal: Terminal): Promise<string> {
  await logIn(name, program, terminal);
  const [, url] = await program.said(/URL +(postgresql:\S+)\n/);
  terminal.print(`    ${url!.replace(/:[^:@]+@/, ":<password of this run>@")}`);
  return url!;
}

/** Hers, then its own for her, in files that nobody else can read. */
async function agentToken(stage: IdentityStage, closers: (() => unknown)[]): Promise<string> {
  const { folder, issuer, secretFile, terminal } = stage;
  const [hers, its] = [join(folder, "ana.token"), join(folder, "robo.token")];
  const asking = weir(stage, closers, "token", "--person", ...issuerArgs(stage), "--out", hers);
  await logIn("ana", asking, terminal);
  await succeeded(asking);
  const client = ["--issuer", issuer.url, "--client-id", "robo", "--client-secret-file", secretFile];
  await succeeded(weir(stage, closers, "token", ...client, "--subject-token-file", hers, "--read-only", "--out", its));
  return readFileSync(its, "utf8").trim();
}

async function succeeded(program: WeirProgram): Promise<void> {
  const code = await program.end;
  if (code !== 0) throw new Error(`weir token ended with ${code}: ${program.err()}`);
}

const REVOKED_WITHIN_MS = 30_000;

/** The sidecar watches the file; a login that it refuses tells that it has read it. */
async function revoke({ revocationsFile }: Sidecar, login: pg.ClientConfig): Promise<void> {
  const principals = { [ANA]: new Date().toISOString() };
  writeFileSync(revocationsFile, JSON.stringify({ principals }), { mode: 0o600 });
  for (let waitedMs = 0; waitedMs < REVOKED_WITHIN_MS; waitedMs += 100) {
    const client = new pg.Client(login);
    client.on("error", () => {});
    const isIn = await client.connect().then(
      () => true,
      () => false,
    );
    await client.end().catch(() => {});
    if (!isIn) return;
    await delay(100);
  }
}

/** Of a session whose identity lapses: it ends by itself, though nobody asks anything in it. */
async function ended(client: pg.Client, whose: string, terminal: Terminal): Promise<readonly string[]> {
  const isOver = await new Promise<boolean>((resolve) => {
    client.once("end", () => resolve(true));
    setTimeout(() => resolve(false), REVOKED_WITHIN_MS).unref();
  });
  if (!isOver) return [`the session of ${whose} has not ended`];
  terminal.print(`  ${terminal.green("✓")} the open session of ${whose} has ended by itself`);
  return [];
}
