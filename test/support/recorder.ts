// Plays a script and writes down what came back, one line per frame, byte for byte; keys, process ids and the OIDs of
// objects that the script itself makes are replaced by names, because two runs on one server cannot share them.
import { createHash } from "node:crypto";
import { type BackendFrame, Frontend, type FrontendOptions } from "./frontend.ts";
import type { Script, Send, Step } from "./script.ts";

export interface Stage {
  /** Where to connect, apart from what the script itself says. */
  readonly target: Omit<FrontendOptions, "user" | "parameters" | "version">;
  readonly user: string;
  /** OIDs from here on are made by the script. */
  readonly firstOwnOid: number;
  /** Runs a query as administrator and returns its first value as text. */
  readonly admin: (sql: string) => Promise<string | null>;
}

export type Recording = Readonly<Record<string, readonly string[]>>;

export interface Line {
  readonly frontend: Frontend;
  /** ReadyForQuery that everything sent so far is owed, the login's included. */
  owed: number;
}

const LONG_BYTES = 4096;

export async function record(script: Script, stage: Stage): Promise<Recording> {
  const lines = new Map<string, Line>();
  try {
    for (const step of script.steps) await playStep(step, script, stage, lines);
    for (const line of lines.values()) line.frontend.send(Buffer.from("X\0\0\0\x04", "latin1"));
    for (const line of lines.values()) await line.frontend.end();
    return writeDown(lines, stage.firstOwnOid);
  } finally {
    for (const line of lines.values()) line.frontend.destroy();
  }
}

async function playStep(step: Step, script: Script, stage: Stage, lines: Map<string, Line>): Promise<void> {
  if ("cancel" in step) {
    await (await lineNamed(step.cancel, script, stage, lines)).frontend.cancel();
  } else if ("wait" in step) {
    await waitUntilTrue(step.wait, stage);
  } else {
    const send: Send = "send" in step ? step : { send: step };
    await playSend(send, await lineNamed(send.on ?? "a", script, stage, lines));
  }
}

async function lineNamed(name: string, script: Script, stage: Stage, lines: Map<string, Line>): Promise<Line> {
  const known = lines.get(name);
  if (known) return known;
  const frontend = await Frontend.login({
    ...stage.target,
    user: script.user ?? stage.user,
    ...(script.parameters ? { parameters: script.parameters } : {}),
    ...(script.version ? { version: script.version } : {}),
  });
  const line = { frontend, owed: 1 };
  lines.set(name, line);
  return line;
}

export async function playSend(step: Send, line: Line): Promise<void> {
  const { frontend } = line;
  const from = frontend.frames.length;
  const bytes = Buffer.concat(step.send);
  line.owed += step.readies ?? step.send.filter((one) => "QSF".includes(String.fromCharCode(one[0]!))).length;
  for (const slice of slices(bytes, step.sliceBytes ?? bytes.length)) {
    frontend.send(slice);
    if (step.sliceBytes) await new Promise((resolve) => setImmediate(resolve));
  }
  const until = step.until ?? "ready";
  if (until === "ready") await frontend.ready(line.owed, 0);
  else if (until === "quiet") await frontend.quiet(120);
  else if (until === "closed") await frontend.end();
  else if (until !== "nothing") await frontend.frame(until.frame, from);
}

function slices(bytes: Buffer, sliceBytes: number): Buffer[] {
  const count = Math.ceil(bytes.length / Math.max(1, sliceBytes));
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * sliceBytes, (index + 1) * sliceBytes));
}

async function waitUntilTrue(sql: string, stage: Stage): Promise<void> {
  for (let turn = 0; turn < 400; turn++) {
    if ((await stage.admin(sql)) === "t") return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`never became true: ${sql}`);
}

function writeDown(lines: Map<string, Line>, firstOwnOid: number): Recording {
  const names = new Map<number, string>();
  for (const [name, line] of lines) names.set(line.frontend.pid, name);
  const oids = new Map<number, string>();
  const entries = [...lines].map(([name, line]) => {
    const written = line.frontend.frames.map((one) => describeFrame(one, names, oids, firstOwnOid));
    return [name, [...written, "closed"]] as const;
  });
  return Object.fromEntries(entries);
}

/** Frames of one session, as `record` writes them. */
export function written(frames: readonly BackendFrame[], firstOwnOid = 2 ** 32): string[] {
  const oids = new Map<number, string>();
  return frames.map((one) => describeFrame(one, new Map(), oids, firstOwnOid));
}

function describeFrame(
  one: BackendFrame,
  pids: Map<number, string>,
  oids: Map<number, string>,
  firstOwnOid: number,
): string {
  const { type, body } = one;
  if (type === "K") return "K <key>";
  if (type === "R" && body.readInt32BE(0) >= 11) return `R ${body.readInt32BE(0)} <nonce>`;
  if (type === "A") return `A from ${pids.get(body.readInt32BE(0)) ?? "elsewhere"} ${printable(body.subarray(4))}`;
  if (type === "T") return `T ${rowDescription(body, oids, firstOwnOid)}`;
  if (type === "t") return `t ${parameterDescription(body, oids, firstOwnOid)}`;
  return `${type} ${printable(body)}`;
}

function ownOid(oid: number, oids: Map<number, string>, firstOwnOid: number): string {
  if (oid < firstOwnOid) return String(oid);
  const name = oids.get(oid) ?? `own${oids.size}`;
  oids.set(oid, name);
  return name;
}

function rowDescription(body: Buffer, oids: Map<number, string>, firstOwnOid: number): string {
  const fields: string[] = [String(body.readInt16BE(0))];
  let at = 2;
  while (at < body.length) {
    const end = body.indexOf(0, at);
    const table = ownOid(body.readUInt32BE(end + 1), oids, firstOwnOid);
    const type = ownOid(body.readUInt32BE(end + 7), oids, firstOwnOid);
    const rest = [
      body.readInt16BE(end + 5),
      body.readInt16BE(end + 11),
      body.readInt32BE(end + 13),
      body.readInt16BE(end + 17),
    ];
    fields.push([printable(body.subarray(at, end)), table, type, ...rest].join(" "));
    at = end + 19;
  }
  return fields.join(" | ");
}

function parameterDescription(body: Buffer, oids: Map<number, string>, firstOwnOid: number): string {
  const count = body.readInt16BE(0);
  const types = Array.from({ length: count }, (_, index) =>
    ownOid(body.readUInt32BE(2 + index * 4), oids, firstOwnOid),
  );
  return [count, ...types].join(" ");
}

/** One-to-one with the bytes; long bodies by length and digest. */
function printable(body: Buffer): string {
  if (body.length > LONG_BYTES)
    return `${body.length} bytes, sha256 ${createHash("sha256").update(body).digest("hex")}`;
  return body
    .toString("latin1")
    .replace(/[^\x20-\x5b\x5d-\x7e]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
