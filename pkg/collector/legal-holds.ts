// Legal holds: while one is placed, no record of its selection is deleted. Placing and lifting are entries of the log, with who did it.

import type { HoldRow } from "./index-rows.ts";
import type { Ledger } from "./ledger.ts";
import type { LedgerIndex } from "./ledger-index.ts";
import { isSelected, readSelection, type Selectable, type Selection } from "./selection.ts";

const HOLDS_MAX = 1000;

export interface HoldReply {
  readonly status: 200 | 400 | 404 | 409;
  readonly body: Readonly<Record<string, unknown>>;
}

export async function placeHold(
  ledger: Ledger,
  name: string,
  value: unknown,
  by: string,
  time: number,
): Promise<HoldReply> {
  if (!isHoldName(name)) return { status: 400, body: { error: NAME_FORM } };
  const read = readSelection(value);
  if (!read.ok) return { status: 400, body: { error: read.error } };
  const holds = ledger.index.holds();
  // Another selection under the name would let go of records without a word.
  if (holds.some((hold) => hold.name === name && hold.selection !== JSON.stringify(read.selection)))
    return { status: 409, body: { error: `${name}: is placed already with another selection; take another name` } };
  if (holds.some((hold) => hold.name === name)) return { status: 200, body: { name, selection: read.selection } };
  if (holds.length >= HOLDS_MAX)
    return { status: 409, body: { error: `there are ${HOLDS_MAX} holds already; lift some` } };
  const { selection } = read;
  await ledger.record([{ type: "legal-hold", name, state: "placed", selection: { ...selection }, by, time }]);
  return { status: 200, body: { name, selection } };
}

export async function liftHold(ledger: Ledger, name: string, by: string, time: number): Promise<HoldReply> {
  const hold = ledger.index.holds().find((each) => each.name === name);
  if (hold === undefined) return { status: 404, body: { error: `${name.slice(0, 64)}: there is no such hold` } };
  const selection = JSON.parse(hold.selection);
  await ledger.record([{ type: "legal-hold", name, state: "lifted", selection, by, time }]);
  return { status: 200, body: { name, selection } };
}

export function holdState({ name, selection, by, time }: HoldRow) {
  return { name, selection: JSON.parse(selection), by, time };
}

/** Of what is asked now: whether any hold keeps this. */
export function heldBy(index: LedgerIndex): (of: Selectable) => boolean {
  const selections = index.holds().map(({ selection }) => JSON.parse(selection) as Selection);
  return (of) => selections.some((selection) => isSelected(selection, of));
}

const NAME_FORM = "the name of a hold has up to 63 letters, digits, dots and dashes, and begins with a letter or digit";

function isHoldName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$/.test(name);
}
