// What a statement was decided on holds until it has run: the relations that its text names are locked in its own transaction and
// their columns compared with the catalogue it was judged by. Else another session could take a column from under a name, or shift what
// a `*` stands for, between the decision and the run. Only where protected columns are read beside relations that such a session may change.
import type { Relation, Snapshot } from "../catalog/snapshot.ts";
import type { Refusal } from "../policy/decision.ts";
import { ownPermit } from "../policy/permit.ts";
import { encodeClose } from "../wire/postgres/close.ts";
import { encodeDescribe } from "../wire/postgres/describe.ts";
import { SYNC } from "../wire/postgres/empty-messages.ts";
import { encodeError } from "../wire/postgres/error-fields.ts";
import { encodeParse } from "../wire/postgres/parse.ts";
import { encodeReadyForQuery } from "../wire/postgres/ready-for-query.ts";
import type { RowField } from "../wire/postgres/row-description.ts";
import type { Core } from "./core.ts";
import { Errand } from "./errand.ts";
import type { View } from "./knowledge.ts";
import type { Judged } from "./model.ts";
import { wireName } from "./wire-name.ts";

/** Relations with columns that change: tables, partitioned and foreign ones, views. */
const KINDS = "rpvmf";

/** OIDs that must be as they were when `judged` was decided; empty: nothing of it depends on what others may change. */
export function toPin(core: Core, { decision, statement: { facts } }: Judged): readonly number[] {
  if (decision.verdict !== "allow" || decision.pins.length === 0 || core.surelyFailed) return [];
  return facts.understood && readsNothingNow(facts.name?.do) ? [] : decision.pins;
}

/** PREPARE reads nothing; an open cursor has its plan and its locks. */
function readsNothingNow(name: string | undefined): boolean {
  return name === "prepare" || name === "fetch" || name === "move" || name === "close";
}

export type Pinned =
  | { readonly is: "pinned" }
  | { readonly is: "changed" }
  /** The server's own error, such as a relation that is gone. */
  | { readonly is: "failed"; readonly error: ReadonlyMap<string, string> | null };

/** Locks and compares, then goes on; nothing of the client's goes up meanwhile. No Sync follows: the locks must outlast it. */
export function pin(core: Core, oids: readonly number[], { snapshot }: View, then: (pinned: Pinned) => void): void {
  const relations = withRowTypes(oids, snapshot);
  const isKnown = relations.every((relation) => relation !== undefined && (core.utf8 || isAsciiName(relation)));
  if (snapshot === null || !isKnown) return then({ is: "changed" });
  const asked = (relations as readonly Relation[]).filter(({ kind }) => KINDS.includes(kind));
  let left = asked.length;
  if (left === 0) return then({ is: "pinned" });
  let pinned: Pinned = { is: "pinned" };
  for (const relation of asked) {
    const errand = new Errand(3, (ended) => {
      left -= 1;
      if (ended.failed) pinned = pinned.is === "failed" ? pinned : { is: "failed", error: ended.error };
      else if (pinned.is === "pinned" && !isSame(relation, ended.fields ?? [], snapshot)) pinned = { is: "changed" };
    });
    core.run(lookFrames(core.names.next(), relation), ownPermit.inspect, errand);
  }
  core.flush();
  core.hold({
    why: "errand",
    until: () => left === 0,
    resume: () => {
      if (mayBeStale(pinned)) core.knowledge.doubt();
      then(pinned);
    },
  });
}

/** And the relations whose row types their columns have: `(column).*` stands for the columns of those. */
function withRowTypes(oids: readonly number[], snapshot: Snapshot | null): readonly (Relation | undefined)[] {
  const all = new Set(oids);
  for (const oid of all)
    for (const { type } of snapshot?.relation(oid)?.columns ?? []) {
      const relation = rowRelation(type, snapshot);
      if (relation !== null) all.add(relation);
    }
  return [...all].map((oid) => snapshot?.relation(oid));
}

/** The relation whose rows the values of a type are, also in arrays and domains. */
function rowRelation(type: number, snapshot: Snapshot | null): number | null {
  const info = snapshot?.type(type);
  if (info === undefined) return null;
  if (info.kind === "c") return snapshot?.relation(info.relation)?.temporary === false ? info.relation : null;
  if (info.kind === "d") return rowRelation(info.base, snapshot);
  return info.element === 0 ? null : rowRelation(info.element, snapshot);
}

/** Parse locks the relation until the transaction ends, and takes what is current, whatever snapshot the transaction has. */
function lookFrames(name: string, { schema, name: relation }: Relation) {
  const sql = `SELECT * FROM ${quoted(schema)}.${quoted(relation)}`;
  return [
    { bytes: encodeParse(name, Buffer.from(sql), []), asked: "parse" as const },
    { bytes: encodeDescribe("S", name), asked: "describeStatement" as const },
    { bytes: encodeClose("S", name), asked: "close" as const },
  ];
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function isAsciiName({ schema, name }: Relation): boolean {
  return /^[\x20-\x7e]*$/.test(schema + name);
}

function isSame({ oid, columns }: Relation, fields: readonly RowField[], snapshot: Snapshot): boolean {
  return (
    fields.length === columns.length &&
    columns.every(({ attnum, name, type }, at) => {
      const field = fields[at]!;
      const isType = field.type === type || field.type === baseOf(snapshot, type);
      return field.table === oid && field.column === attnum && field.name === wireName(name) && isType;
    })
  );
}

/** RowDescription tells the type that a domain is over. */
function baseOf(snapshot: Snapshot, type: number): number {
  const info = snapshot.type(type);
  return info?.kind === "d" ? baseOf(snapshot, info.base) : type;
}

/** What becomes of a Query. */
export interface AfterPin {
  /** What it was decided on. */
  readonly view: View;
  readonly run: () => void;
  readonly refuse: (why: Refusal) => void;
  /** Decides it anew; null when that is no use. */
  readonly again: (() => void) | null;
}

/** In front of a Query, which then runs in the same transaction; so does what raises the error when it is refused. */
export function pinQuery(core: Core, oids: readonly number[], { view, run, refuse, again }: AfterPin): void {
  if (oids.length === 0) return run();
  pin(core, oids, view, (pinned) => {
    if (pinned.is === "pinned") return run();
    if (again !== null && mayBeStale(pinned)) return endLook(core, again);
    if (pinned.is === "changed" || pinned.error === null) return refuse(changedMeanwhile);
    const told = toldError(pinned.error);
    endLook(core, () => {
      core.reply(told);
      core.reply(encodeReadyForQuery(core.transaction));
    });
  });
}

/** Class 42: there is no such relation, column or right any more. */
function mayBeStale(pinned: Pinned): boolean {
  return pinned.is === "changed" || (pinned.is === "failed" && pinned.error?.get("C")?.startsWith("42") === true);
}

/** Ends the transaction that the look began; after an error the server skips everything up to a Sync. */
function endLook(core: Core, then: () => void): void {
  let done = false;
  core.skipping = false;
  core.unsynced = false;
  const errand = new Errand(1, () => {
    done = true;
  });
  core.run([{ bytes: SYNC, asked: "sync" }], ownPermit.protocol, errand);
  core.hold({ why: "errand", until: () => done, resume: then });
}

/** As the client would read it of its own statement, without places in ours. */
export function toldError(error: ReadonlyMap<string, string>): Buffer {
  return encodeError(
    [...error].filter(([field]) => field !== "P" && field !== "p" && field !== "q"),
    "latin1",
  );
}

export const changedMeanwhile: Refusal = {
  rule: { policy: "weir", rule: "witness" },
  sqlstate: "42501",
  message: "weir: the statement was stopped, because a relation that it names changed after it was decided",
  detail: "It reads protected columns beside that relation, whose columns are not those that it was decided on.",
  hint: "Send the statement again.",
};
