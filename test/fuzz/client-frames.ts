// Frames of a client: well-formed ones in any order, ones that lie about their lengths and counts, and storms of names.
import {
  bind,
  close,
  copyData,
  copyDone,
  copyFail,
  cstring,
  describe,
  execute,
  flush,
  frame,
  functionCall,
  int16,
  int32,
  parse,
  password,
  query,
  sync,
  terminate,
} from "../support/messages.ts";
import type { Dice } from "./dice.ts";
import { statement } from "./statements.ts";

const NAMES = ["", "", "", "s", "p", "weir", "x".repeat(70), "\u00e9", "é".repeat(2000)] as const;
const name = (dice: Dice) => dice.of(NAMES);
const values = (dice: Dice) => dice.times(dice.percent(3) ? 9000 : 4, () => (dice.percent(30) ? null : dice.bytes(12)));
const formats = (dice: Dice) => dice.times(3, () => dice.of([0, 1, 1, 2, -1, 0x7fff]));

const sound: readonly ((dice: Dice) => Buffer)[] = [
  (dice) => query(statement(dice)),
  (dice) => query(statement(dice)),
  (dice) =>
    parse(
      name(dice),
      statement(dice),
      dice.times(3, () => dice.of([0, 20, 23, 25, 17, 705, 2 ** 31])),
    ),
  (dice) =>
    bind({
      portal: name(dice),
      statement: name(dice),
      values: values(dice),
      formats: formats(dice),
      results: formats(dice),
    }),
  () => bind(),
  (dice) => describe(dice.of(["S", "P"]), name(dice)),
  (dice) => execute(name(dice), dice.of([0, 0, 0, 1, 5, -1, 0x7fffffff])),
  (dice) => close(dice.of(["S", "P"]), name(dice)),
  sync,
  sync,
  flush,
  (dice) => copyData(dice.percent(80) ? dice.bytes(60) : Buffer.alloc(dice.below(300_000), "1\tx\n")),
  copyDone,
  () => copyFail("no"),
  (dice) => functionCall(dice.of([0, 1765, 2026, 1598, 2 ** 31]), values(dice), formats(dice)),
];

const lying: readonly ((dice: Dice) => Buffer)[] = [
  (dice) => Buffer.concat([Buffer.from([dice.below(256)]), int32(dice.count(8)), dice.bytes(40)]),
  (dice) => frame(dice.of([..."QPBEDCSHFdcfXpTZRSKNAGWtIn13vV"]), dice.bytes(40)),
  (dice) => frame("P", cstring(""), cstring(statement(dice)), int16(dice.count(1)), int32(23)),
  (dice) =>
    frame(
      "B",
      cstring(""),
      cstring(""),
      int16(dice.count(0)),
      int16(dice.count(1)),
      int32(dice.count(1)),
      Buffer.from("1"),
      int16(dice.count(0)),
    ),
  (dice) => frame("F", int32(1598), int16(dice.count(0)), int16(dice.count(0)), int16(0)),
  (dice) => frame("E", cstring(name(dice)), int32(0), dice.bytes(3)),
  (dice) => frame("D", dice.bytes(3), cstring("x")),
  () => password("again"),
  terminate,
  () => int32(8, 80877103),
  (dice) => Buffer.concat([Buffer.from("d"), int32(dice.of([0x3fffffff, 0x7fffffff, 5_000_000])), dice.bytes(60)]),
];

/** Very many of a kind, with a name each. */
const storms: readonly ((dice: Dice, index: number) => Buffer)[] = [
  (_, index) => parse(`n${index}`, "SELECT 1"),
  (_, index) => bind({ portal: `n${index}` }),
  (_, index) => query(`PREPARE n${index} AS SELECT 1`),
  (_, index) => describe("S", `n${index}${"x".repeat(1000)}`),
  (_, index) => close("P", `n${index}`),
  (_, index) => query(`LISTEN n${index}`),
  (_, index) => query(`SET a.n${index} = 1`),
  (dice) => parse("", `SELECT ${dice.below(1e9)}`),
  () => flush(),
  () => sync(),
  () => query(""),
  () => execute(),
  (_, index) => query(`DECLARE n${index} CURSOR WITH HOLD FOR SELECT 1`),
];

function storm(dice: Dice): Buffer[] {
  const make = dice.of(storms);
  const frames = Array.from({ length: 1 + dice.below(dice.percent(10) ? 3000 : 200) }, (_, index) => make(dice, index));
  return [query("BEGIN"), ...(dice.percent(50) ? [parse("", "SELECT 1")] : []), ...frames, sync()];
}

export function clientFrames(dice: Dice): Buffer[] {
  if (dice.percent(8)) return storm(dice);
  const lies = dice.percent(50) ? 0 : dice.of([2, 20, 80]);
  const frames = dice.times(14, () => (dice.percent(lies) ? dice.of(lying) : dice.of(sound))(dice));
  return dice.percent(70) ? [...frames, sync()] : frames;
}
