// Frames of a hostile server: every type that a server sends, sound, lying about its counts, or in a flood.
import { cstring, frame, int16, int32 } from "../support/messages.ts";
import type { Dice } from "./dice.ts";

const cell = (dice: Dice) => (dice.percent(20) ? int32(-1) : counted(dice.bytes(30)));
const counted = (bytes: Buffer) => Buffer.concat([int32(bytes.length), bytes]);
const column = (dice: Dice) =>
  Buffer.concat([
    cstring(dice.bytes(8)),
    int32(dice.count(16_400)),
    int16(dice.count(1)),
    int32(dice.of([23, 25, 20, 0, -1])),
    int16(dice.count(4)),
    int32(-1),
    int16(dice.of([0, 0, 1, 2])),
  ]);

function rowDescription(dice: Dice): Buffer {
  const columns = dice.times(dice.percent(3) ? 2000 : 5, () => column(dice));
  return frame("T", int16(dice.count(columns.length)), ...columns);
}

function dataRow(dice: Dice): Buffer {
  const cells = dice.times(5, () => cell(dice));
  return frame("D", int16(dice.count(cells.length)), ...cells);
}

function fields(dice: Dice, type: "E" | "N"): Buffer {
  const severity = type === "N" ? "NOTICE" : dice.of(["ERROR", "ERROR", "FATAL", "PANIC", ""]);
  const parts = [
    ["S", severity],
    ["V", severity],
    ["C", dice.of(["42P01", "57P01", "0A000", "", "x"])],
    ["M", dice.bytes(50).toString("latin1")],
  ] as const;
  const bytes = Buffer.concat(
    parts.map(([code, text]) => Buffer.concat([Buffer.from(code), cstring(text.replaceAll("\0", ""))])),
  );
  return frame(type, bytes, dice.percent(85) ? Buffer.from([0]) : dice.bytes(4));
}

export const ready = (status = "I"): Buffer => frame("Z", Buffer.from(status));
export const done = (tag = "SELECT 0"): Buffer => frame("C", cstring(tag));
export const parameterStatus = (name: string, value: string): Buffer => frame("S", cstring(name), cstring(value));

const SETTINGS = [
  "client_encoding",
  "standard_conforming_strings",
  "search_path",
  "session_authorization",
  "is_superuser",
  "server_version",
  "TimeZone",
];

const single: readonly ((dice: Dice) => Buffer)[] = [
  rowDescription,
  rowDescription,
  dataRow,
  dataRow,
  dataRow,
  (dice) => fields(dice, "E"),
  (dice) => fields(dice, "N"),
  (dice) =>
    parameterStatus(
      dice.percent(70) ? dice.of(SETTINGS) : `n${dice.below(1e6)}`,
      dice.of(["on", "off", "UTF8", "LATIN1", "x".repeat(3000)]),
    ),
  (dice) => frame("A", int32(dice.below(9)), cstring("ch"), cstring("x".repeat(dice.below(9000)))),
  (dice) =>
    done(dice.of(["SELECT 1", "INSERT 0 1", "", "x".repeat(500), "COPY 5", "BEGIN", "COMMIT", "PREPARE", "LISTEN"])),
  (dice) => ready(dice.of(["I", "T", "E", "x"])),
  () => ready(),
  (dice) => frame("K", int32(dice.below(9)), dice.bytes(300)),
  (dice) => frame("R", int32(dice.of([0, 2, 3, 5, 7, 9, 10, 11, 12, 99]), 0), dice.bytes(40)),
  (dice) =>
    frame(
      dice.of(["G", "H", "W"]),
      Buffer.from([dice.below(3)]),
      int16(dice.count(0)),
      ...dice.times(3, () => int16(0)),
    ),
  (dice) => frame(dice.of(["1", "2", "3", "n", "s", "I", "c"])),
  (dice) => frame("t", int16(dice.count(1)), int32(23)),
  (dice) => frame("v", int32(dice.count(0)), int32(dice.count(1)), cstring("_pq_.x")),
  (dice) => frame("V", int32(dice.count(0))),
  (dice) => frame("d", dice.bytes(300)),
  (dice) => Buffer.concat([Buffer.from([dice.below(256)]), int32(dice.count(8)), dice.bytes(30)]),
  (dice) => dice.bytes(60),
];

export const serverFrames = (dice: Dice): Buffer[] => dice.times(8, () => dice.of(single)(dice));

const floods: readonly ((dice: Dice, index: number) => Buffer)[] = [
  (dice) => dataRow(dice),
  () => frame("D", int16(1), int32(4), Buffer.from("1234")),
  (dice) => fields(dice, "N"),
  (_, index) => parameterStatus(`name.${index}`, "x".repeat(200)),
  (_, index) => parameterStatus("search_path", `p${index}`),
  (_, index) => frame("A", int32(1), cstring(`ch${index}`), cstring("x")),
  () => ready(),
  () => done(),
  () => frame("1"),
  () => frame("d", Buffer.alloc(2000, "x")),
  () => frame("T", int16(1600), ...Array.from({ length: 1600 }, () => Buffer.concat([cstring("c"), Buffer.alloc(18)]))),
];

/** About so many bytes of one kind of frame, piece by piece. */
export function* flood(dice: Dice, bytes: number): Generator<Buffer> {
  const make = dice.of(floods);
  for (let [sent, index] = [0, 0]; sent < bytes; ) {
    const piece: Buffer[] = [];
    for (let size = 0; size < 32_768; index++) {
      const one = make(dice, index);
      piece.push(one);
      size += one.length;
    }
    const whole = Buffer.concat(piece);
    sent += whole.length;
    yield whole;
  }
}
