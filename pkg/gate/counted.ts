// Counting what a write changes, without a BEGIN of ours: the server's own counters before and after it, in its own transaction,
// which stays open because no Sync follows (docs/design.md section 5, "Counting writes"). Its replies are held back until the count is
// known; above a limit an error of ours rolls it back.
import type { Refusal, WriteLimit } from "../policy/decision.ts";
import { decidedPermit, ownPermit } from "../policy/permit.ts";
import type { Undo } from "../session/names.ts";
import { encodeBind } from "../wire/postgres/bind.ts";
import { encodeClose } from "../wire/postgres/close.ts";
import { encodeDescribe } from "../wire/postgres/describe.ts";
import { SYNC } from "../wire/postgres/empty-messages.ts";
import { encodeExecute } from "../wire/postgres/execute.ts";
import { encodeParse } from "../wire/postgres/parse.ts";
import type { Core } from "./core.ts";
import { Errand } from "./errand.ts";
import { refusalError } from "./error-reply.ts";
import { finishRun } from "./events.ts";
import { raiseInBatch } from "./extended.ts";
import type { Owed, Portal, Run } from "./model.ts";
import { queryFrames } from "./own-queries.ts";

/** Held-back replies of one statement; beyond it the statement counts as exceeded. */
export const HELD_BYTES_MAX = 64 * 1024 * 1024;

/** Rows changed so far in this transaction, as the server's counters say, and the sizes of tables by OID. */
interface Counters {
  readonly inserted: number;
  readonly changed: number;
  readonly tables: Readonly<Record<string, number>>;
}

export class Counting {
  readonly run: Run;
  readonly limits: readonly WriteLimit[];
  /** A Query of the client's: our Sync ends it. Otherwise the client's own does. */
  readonly simple: boolean;
  before: Counters | null = null;
  affected: number | null = null;
  heldBytes = 0;
  done = false;

  constructor(run: Run, simple: boolean) {
    this.run = run;
    this.limits = run.decision.writeLimits;
    this.simple = simple;
  }
}

/** A lone Query, sent as Parse, Bind, Describe and Execute under the unnamed statement, which a Query destroys as well. */
export function runCountedQuery(core: Core, text: Buffer, run: Run, portal: Portal): void {
  const counting = new Counting(run, true);
  const parts = [{ run, shown: true, standIn: null }];
  askBefore(core, counting);
  const unnamed = { portal: "", statement: "", parameterFormats: [], parameters: [], resultFormats: [] };
  const rest = { counting, silent: true, parts };
  core.ask(encodeParse("", text, []), decidedPermit, { asked: "parse", name: "", ...rest });
  core.ask(encodeBind(unnamed), decidedPermit, { asked: "bind", ...rest });
  core.ask(encodeDescribe("P", ""), ownPermit.describe, { asked: "describePortal", portal, ...rest });
  core.ask(encodeExecute("", 0), decidedPermit, { asked: "execute", portal, parts, counting });
  core.statements.drop("");
  core.flush();
  holdUntilCounted(core, counting);
}

/** An Execute of the client's, in its own batch. */
export function runCountedExecute(core: Core, frame: Buffer, run: Run, portal: Portal, undo: Undo | null): void {
  const counting = new Counting(run, false);
  askBefore(core, counting);
  const parts = [{ run, shown: true, standIn: null }];
  core.ask(frame, decidedPermit, { asked: "execute", portal, parts, counting, undo });
  core.flush();
  holdUntilCounted(core, counting);
}

function askBefore(core: Core, counting: Counting): void {
  core.holdReplies();
  askCounters(core, counting, (counters) => {
    counting.before = counters;
  });
}

function holdUntilCounted(core: Core, counting: Counting): void {
  core.hold({ why: "row limit", until: () => counting.done, resume: () => {} });
}

function askCounters(core: Core, counting: Counting, then: (counters: Counters) => void): void {
  const errand = new Errand(5, (ended) => {
    const counters = ended.failed ? null : countersOf(ended.results[0]?.[0]);
    if (counters !== null) then(counters);
    else if (!counting.done) uncounted(core, counting, ended.error !== null || ended.skipped);
  });
  core.run(queryFrames(core.names.next(), countersSql(counting.limits)), ownPermit.catalog, errand);
}

/** The counters could not be had: the statement counts as exceeded. */
function uncounted(core: Core, counting: Counting, failed: boolean): void {
  if (!failed) return exceeded(core, counting, notCounted(counting.limits[0]!.refusal));
  core.dropHeld();
  core.reply(refusalError(notCounted(counting.limits[0]!.refusal), core.utf8));
  finishRun(core, counting.run, "refused", counting.limits[0]!.refusal.sqlstate, null);
  settle(core, counting);
}

function notCounted(refusal: Refusal): Refusal {
  return { ...refusal, detail: `${refusal.detail} The rows could not be counted.` };
}

/** Its CommandComplete or PortalSuspended has come and is held back. */
export function onCountedEnd(core: Core, counting: Counting, affected: number | null): void {
  counting.affected = affected;
  askCounters(core, counting, (after) => judgeCount(core, counting, after));
  core.flush();
}

function judgeCount(core: Core, counting: Counting, after: Counters): void {
  const { before } = counting;
  const over = counting.limits.find(
    (limit) => before === null || countOf(limit, before, after) > allowedBy(limit, before),
  );
  if (over !== undefined) return exceeded(core, counting, over.refusal);
  if (counting.heldBytes > HELD_BYTES_MAX) return exceeded(core, counting, tooLong(counting.limits[0]!.refusal));
  core.releaseHeld();
  finishRun(core, counting.run, "completed", null, counting.affected);
  settle(core, counting);
}

function tooLong(refusal: Refusal): Refusal {
  return {
    ...refusal,
    detail: `${refusal.detail} What it returns is more than can be held back while its rows are counted.`,
  };
}

function countOf({ counts }: WriteLimit, before: Counters, after: Counters): number {
  const inserted = counts.inserted ? after.inserted - before.inserted : 0;
  return inserted + (counts.changed ? after.changed - before.changed : 0);
}

/** A share of tables of unknown size allows nothing. */
function allowedBy({ rows }: WriteLimit, { tables }: Counters): number {
  if (typeof rows === "number") return rows;
  const sizes = rows.tables.map((oid) => tables[String(oid)] ?? -1);
  return sizes.length === 0 || sizes.some((size) => size < 0) ? 0 : Math.floor(rows.share * Math.min(...sizes));
}

function exceeded(core: Core, counting: Counting, refusal: Refusal): void {
  core.dropHeld();
  finishRun(core, counting.run, "refused", refusal.sqlstate, null);
  raiseInBatch(core, refusal, null);
  settle(core, counting);
}

/** The statement failed by itself: what it had said goes out, and a Query's end is asked for. */
export function onCountedError(core: Core, counting: Counting): void {
  if (counting.done) return;
  core.releaseHeld();
  settle(core, counting);
}

function settle(core: Core, counting: Counting): void {
  counting.done = true;
  if (!counting.simple) return;
  if (!core.skipping)
    core.run([{ bytes: encodeClose("S", ""), asked: "close" }], ownPermit.protocol, new Errand(1, () => {}));
  core.skipping = false;
  core.ask(SYNC, ownPermit.protocol, { asked: "sync" });
}

/** Everything qualified, so that nothing of the session's answers in the server's place. A NULL: nothing is counted. */
function countersSql(limits: readonly WriteLimit[]): string {
  const oids = limits.flatMap(({ rows }) => (typeof rows === "number" ? [] : rows.tables));
  const sizes = oids.length === 0 ? "NULL" : sizesSql(oids);
  return `SELECT CASE WHEN pg_catalog.current_setting('track_counts') OPERATOR(pg_catalog.=) 'on'::pg_catalog.text
    THEN COALESCE(pg_catalog.sum(s.n_tup_ins), 0::pg_catalog.numeric)::pg_catalog.text END,
    COALESCE(pg_catalog.sum(s.n_tup_upd OPERATOR(pg_catalog.+) s.n_tup_del), 0::pg_catalog.numeric)::pg_catalog.text, ${sizes}
    FROM pg_catalog.pg_stat_xact_user_tables s`;
}

function sizesSql(oids: readonly number[]): string {
  return `(SELECT pg_catalog.json_object_agg(c.oid::pg_catalog.text, c.reltuples)::pg_catalog.text FROM pg_catalog.pg_class c
    WHERE c.oid OPERATOR(pg_catalog.=) ANY (ARRAY[${[...new Set(oids)].join(", ")}]::pg_catalog.oid[]))`;
}

function countersOf(row: readonly (string | null)[] | undefined): Counters | null {
  const [inserted, changed, tables] = row ?? [];
  if (inserted == null || changed == null) return null;
  return { inserted: Number(inserted), changed: Number(changed), tables: tables == null ? {} : JSON.parse(tables) };
}

/** Bytes of replies that were held back for this frame's statement. */
export function noteHeld(owed: Owed, bytes: number): void {
  if (owed.counting !== null) owed.counting.heldBytes += bytes;
}
