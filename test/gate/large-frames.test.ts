// Frames that are not collected: decided at their beginning, passed in pieces, and the same however they were cut.
import fc from "fast-check";
import type { Effect } from "../../pkg/gate/effect.ts";
import { encodeCopyData } from "../../pkg/wire/postgres/copy-data.ts";
import { bind, copyData, copyDone, execute, frame, int16, int32, parse, query, sync } from "../support/messages.ts";
import { denying, nothingMatches, session } from "./session.ts";

const KiB = 1024;
const bytesOf = (effects: readonly Effect[], what: "forward" | "reply") =>
  Buffer.concat(effects.flatMap((effect) => (effect.do === what ? [effect.bytes] : [])));
const records = (effects: readonly Effect[]) =>
  effects.flatMap((effect) => (effect.do === "record" ? [effect.event] : []));
const ready = frame("Z", Buffer.from("I"));
const complete = (tag: string) => frame("C", Buffer.from(`${tag}\0`));
const row = (bytes: number) => frame("D", int16(1), int32(bytes), Buffer.alloc(bytes, 0x78));
const columns = frame("T", int16(1), Buffer.from("x\0"), int32(0), int16(0), int32(25), int16(-1), int32(-1), int16(0));
const parsed = frame("1");
const bound = frame("2");

/** Sends `bytes` in chunks of `size`. */
function chunked(send: (chunk: Buffer) => Effect[], bytes: Buffer, size: number): Effect[] {
  const effects: Effect[] = [];
  for (let at = 0; at < bytes.length; at += size) effects.push(...send(bytes.subarray(at, at + size)));
  return effects;
}

/** Jest compares buffers element by element. */
function expectSame(found: Buffer, wanted: Buffer): void {
  expect(found.length).toBe(wanted.length);
  expect(found.equals(wanted)).toBe(true);
}

const big = Buffer.alloc(600 * KiB, 0x61);

test("a Bind of 600 KiB goes up as it comes, byte for byte, once its names are there", () => {
  const { gate } = session(nothingMatches);
  gate.client(parse("s", "SELECT $1::text"));
  gate.server(parsed);
  const message = bind({ statement: "s", values: [big] });
  expect(bytesOf(gate.client(message.subarray(0, 7)), "forward")).toHaveLength(0);
  const first = bytesOf(gate.client(message.subarray(7, 100 * KiB)), "forward");
  expect(first).toHaveLength(100 * KiB);
  const rest = chunked(
    (chunk) => gate.client(chunk),
    Buffer.concat([message.subarray(100 * KiB), execute(), sync()]),
    64 * KiB,
  );
  expectSame(Buffer.concat([first, bytesOf(rest, "forward")]), Buffer.concat([message, execute(), sync()]));
  expect(gate.clientBytes).toBe(0);
});

test("a Bind that is refused is dropped whole: another goes up in its place, and what follows goes on", () => {
  const state = session(nothingMatches);
  const { gate } = state;
  gate.client(Buffer.concat([parse("s", "DELETE FROM t WHERE x = $1"), sync()]));
  gate.server(Buffer.concat([parsed, ready]));
  state.policies = denying("Delete");
  const message = Buffer.concat([bind({ statement: "s", values: [big] }), sync()]);
  const effects = chunked((chunk) => gate.client(chunk), message, 64 * KiB);
  const up = bytesOf(effects, "forward");
  expect(up.length).toBeLessThan(200);
  expect([String.fromCharCode(up[0]!), up.subarray(-5)]).toEqual(["B", sync()]);
  expect(records(effects)).toMatchObject([{ event: "decision", verdict: "refuse" }]);
});

test("a Bind that must wait for what was asked before waits at its beginning, and the client is not read on", () => {
  const state = session(denying("Delete"));
  const { gate } = state;
  gate.client(Buffer.concat([parse("s", "UPDATE t SET x = $1"), sync(), query("UPDATE u")]));
  gate.server(Buffer.concat([parsed, ready]));
  const message = Buffer.concat([bind({ statement: "s", values: [Buffer.alloc(900 * KiB, 0x61)] }), execute(), sync()]);
  const waiting = chunked((chunk) => gate.client(chunk), message, 64 * KiB);
  expect(bytesOf(waiting, "forward")).toHaveLength(0);
  const moving = gate.server(Buffer.concat([complete("UPDATE 1"), ready]));
  expectSame(bytesOf(moving, "forward"), message);
});

test("a Bind that turns out to be malformed ends the session, and the server never gets its end", () => {
  const { gate } = session(nothingMatches);
  gate.client(parse("s", "SELECT $1::text"));
  gate.server(parsed);
  const message = bind({ statement: "s", values: [big, null] });
  message.writeInt32BE(big.length + 100_000, 5 + 1 + 2 + 2 + 2); // the value's own length leaves the message
  const effects = chunked((chunk) => gate.client(chunk), message, 64 * KiB);
  expect(effects.at(-1)).toMatchObject({ do: "end", sqlstate: "08P01" });
  expect(bytesOf(effects, "forward").length).toBeLessThan(message.length);
});

test("CopyData of 600 KiB goes up as it comes; outside COPY it is dropped as it comes", () => {
  const { gate } = session(nothingMatches);
  const outside = chunked((chunk) => gate.client(chunk), copyData(big), 64 * KiB);
  expect(bytesOf(outside, "forward")).toHaveLength(0);
  expect(gate.clientBytes).toBe(0);
  gate.client(query("COPY t FROM STDIN"));
  gate.server(frame("G", Buffer.from([0]), int16(1), int16(0)));
  const data = Buffer.concat([copyData(big), copyDone()]);
  const up = bytesOf(
    chunked((chunk) => gate.client(chunk), data, 50 * KiB),
    "forward",
  );
  expectSame(up, data);
});

test("what has to go up meanwhile waits for the end of the frame that is under way", () => {
  const { gate } = session(nothingMatches);
  gate.client(query("COPY t FROM STDIN"));
  gate.server(frame("G", Buffer.from([0]), int16(1), int16(0)));
  const data = copyData(big);
  const first = gate.client(data.subarray(0, 300 * KiB));
  const failed = frame("E", Buffer.from("SERROR\0C22P04\0Mbad\0\0"));
  const meanwhile = gate.server(Buffer.concat([failed, ready]));
  expect(bytesOf(meanwhile, "forward")).toHaveLength(0);
  const rest = chunked(
    (chunk) => gate.client(chunk),
    Buffer.concat([data.subarray(300 * KiB), copyDone(), query("SELECT 1")]),
    64 * KiB,
  );
  expectSame(
    Buffer.concat([bytesOf(first, "forward"), bytesOf(rest, "forward")]),
    Buffer.concat([data, query("SELECT 1")]),
  );
});

test("a row of 600 KiB reaches the client as it comes, and counts as one", () => {
  const { gate } = session(nothingMatches);
  gate.client(query("SELECT x FROM t"));
  gate.server(columns);
  const data = row(600 * KiB);
  const first = gate.server(data.subarray(0, 300 * KiB));
  expect(bytesOf(first, "reply")).toHaveLength(300 * KiB);
  expect(gate.isMidReply).toBe(true);
  const rest = gate.server(Buffer.concat([data.subarray(300 * KiB), row(3), complete("SELECT 2"), ready]));
  expect(gate.isMidReply).toBe(false);
  expectSame(
    Buffer.concat([bytesOf(first, "reply"), bytesOf(rest, "reply")]),
    Buffer.concat([data, row(3), complete("SELECT 2"), ready]),
  );
  expect(records(rest)).toMatchObject([{ event: "outcome", status: "completed", rows: 2 }]);
});

test("so does a CopyData of 600 KiB", () => {
  const { gate } = session(nothingMatches);
  gate.client(query("COPY t TO STDOUT"));
  const answer = Buffer.concat([
    frame("H", Buffer.from([0]), int16(1), int16(0)),
    encodeCopyData(big),
    frame("c"),
    complete("COPY 1"),
    ready,
  ]);
  const down = chunked((chunk) => gate.server(chunk), answer, 40 * KiB);
  expectSame(bytesOf(down, "reply"), answer);
  expect(records(down)).toMatchObject([{ event: "outcome", status: "completed", rows: 1 }]);
});

test("any cuts of a session with large frames give the same bytes and records", () => {
  const up = Buffer.concat([
    parse("s", "SELECT $1::text"),
    bind({ statement: "s", values: [big, null, Buffer.alloc(0)], formats: [1] }),
    execute(),
    sync(),
  ]);
  const down = Buffer.concat([parsed, bound, row(600 * KiB), row(1), complete("SELECT 2"), ready]);
  const play = (sizes: readonly number[]) => {
    const { gate } = session(nothingMatches);
    const effects: Effect[] = [];
    const cut = (bytes: Buffer, send: (chunk: Buffer) => Effect[]) => {
      let turn = 0;
      for (let at = 0; at < bytes.length; ) {
        const size = sizes[turn++ % sizes.length]!;
        effects.push(...send(bytes.subarray(at, at + size)));
        at += size;
      }
    };
    cut(up, (chunk) => gate.client(chunk));
    cut(down, (chunk) => gate.server(chunk));
    return { up: bytesOf(effects, "forward"), down: bytesOf(effects, "reply"), records: records(effects) };
  };
  const whole = play([1 << 20]);
  expectSame(whole.up, up);
  expectSame(whole.down, down);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 300 * KiB }), { minLength: 1, maxLength: 5 }), (some) => {
      const sizes = some.reduce((sum, size) => sum + size, 0) < 10_000 ? [...some, 20_000] : some;
      const played = play(sizes);
      expect(played.up.equals(up) && played.down.equals(down)).toBe(true);
      expect(played.records).toEqual(whole.records);
    }),
    { numRuns: 60 },
  );
});
