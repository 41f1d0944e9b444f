// RowDescriptions that were read already. A statement is described in the same bytes each time it runs, so they are compared instead
// of read again; what the second witness found in them stands for as long as the decision does.
import type { ClassBook } from "../policy/class-book.ts";
import type { Allow } from "../policy/decision.ts";
import type { Facts } from "../sql/facts.ts";
import { decodeRowDescription, type RowField } from "../wire/postgres/row-description.ts";
import { contradiction } from "./witness.ts";

interface Read {
  readonly body: Buffer;
  readonly fields: readonly RowField[];
}

interface Testimony {
  readonly facts: Facts;
  readonly fields: readonly RowField[];
  readonly book: ClassBook | null;
  readonly why: string | null;
}

/** A description longer than this is read each time. */
const BODY_BYTES_MAX = 16 * 1024;

const reads = new WeakMap<Facts, Read>();
const testimonies = new WeakMap<Allow, Testimony>();

/** The columns that a RowDescription with the body `bytes[from, to)` tells; the same object for the same body. */
export function describedFields(facts: Facts, bytes: Buffer, from: number, to: number): readonly RowField[] {
  const known = reads.get(facts);
  if (known !== undefined && known.body.length === to - from && bytes.compare(known.body, 0, to - from, from, to) === 0)
    return known.fields;
  const fields = decodeRowDescription(bytes, from, to);
  if (to - from <= BODY_BYTES_MAX) reads.set(facts, { body: Buffer.from(bytes.subarray(from, to)), fields });
  return fields;
}

/** What the second witness says (witness.ts) of a statement that was allowed by `decision`. */
export function testify(
  facts: Facts,
  decision: Allow,
  fields: readonly RowField[],
  book: ClassBook | null,
): string | null {
  const known = testimonies.get(decision);
  if (known !== undefined && known.facts === facts && known.fields === fields && known.book === book) return known.why;
  const why = contradiction(facts, fields, decision.masks, book);
  testimonies.set(decision, { facts, fields, book, why });
  return why;
}
