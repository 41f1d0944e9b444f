// Queries of Weir's own in front of a client's statement: only by extended protocol under our own names, never inside a pipeline, and
// inside a transaction only directly in front of a statement that takes a snapshot itself, or behind one that did (docs/design.md
// section 7, "Catalog").
import type { CatalogQuery } from "../catalog/queries.ts";
import type { Refusal } from "../policy/decision.ts";
import { ownPermit } from "../policy/permit.ts";
import type { Facts, Statement } from "../sql/facts.ts";
import { encodeBind } from "../wire/postgres/bind.ts";
import { encodeClose } from "../wire/postgres/close.ts";
import { SYNC } from "../wire/postgres/empty-messages.ts";
import { encodeExecute } from "../wire/postgres/execute.ts";
import { encodeParse } from "../wire/postgres/parse.ts";
import type { Core } from "./core.ts";
import { Errand, type ErrandRow } from "./errand.ts";

export const isolationSql = "SELECT pg_catalog.current_setting('transaction_isolation')";
/** And which backend answers. */
export const isolationQuery: CatalogQuery = { name: "isolation", sql: `${isolationSql}, pg_catalog.pg_backend_pid()` };

/** Whether the server may be asked now, in front of a statement with these facts. */
export function mayAsk(core: Core, front: Facts | null): boolean {
  if (core.owed.length > 0 || core.unsynced || core.skipping || core.copyIn !== null) return false;
  if (core.transaction === "I") return true;
  if (core.transaction === "E" || core.ownQueriesMayFail) return false;
  return core.snapshotTaken || front?.takesSnapshot === true;
}

const snapshotSettings = /^transaction_(isolation|deferrable|snapshot|read_only)$|^transaction$/;

/** What of one message a question would stand in front of: plain settings before a statement do not mind. */
export function frontOf(statements: readonly Statement[]): Facts | null {
  return (statements.find(({ facts }) => !isPlainSetting(facts)) ?? statements[0])?.facts ?? null;
}

function isPlainSetting(facts: Facts): boolean {
  if (!facts.understood || facts.settings.length === 0 || facts.transaction !== undefined) return false;
  return facts.outputs === null && facts.settings.every(({ name }) => !snapshotSettings.test(name.toLowerCase()));
}

/** The open transaction sees the catalogue as it was at its beginning. `isolation`: what `isolationQuery` answered. */
export function isFixed(core: Core, isolation: readonly ErrandRow[] | undefined): boolean {
  return core.transaction === "T" && isolation?.[0]?.[0] !== "read committed";
}

/** Compiling a query of ours takes the server a hundred times as long as running it. The setting ends with the batch. */
const uncompiled: CatalogQuery = { name: "jit", sql: "SELECT pg_catalog.set_config('jit', 'off', true)" };

/** One batch; `ended` may have failed. */
export function askServer(core: Core, queries: readonly CatalogQuery[], ended: (errand: Errand) => void): void {
  // In an open transaction it would last, and the client would see it.
  const before = core.transaction === "I" ? [uncompiled] : [];
  const frames = [...before, ...queries].flatMap((query) => queryFrames(core.names.next(), query.sql));
  const errand = new Errand(frames.length + 1, (answered) => {
    // The client's cancel says nothing about the next time.
    if (cancelIn(answered) === null) core.ownQueriesMayFail = answered.failed;
    answered.results.splice(0, before.length);
    ended(answered);
  });
  core.run([...frames, { bytes: SYNC, asked: "sync" }], ownPermit.catalog, errand);
}

/** A limit that no answer reaches, because under any limit the server starts no parallel workers, whatever the session's costs say. */
const ALL_ROWS_ALONE = 2 ** 31 - 1;

/** One query of ours under a name of its own, which is gone when it has been answered. */
export function queryFrames(
  name: string,
  sql: string,
): { bytes: Buffer; asked: "parse" | "bind" | "execute" | "close" }[] {
  return [
    { bytes: encodeParse(name, Buffer.from(sql), []), asked: "parse" },
    {
      bytes: encodeBind({ portal: name, statement: name, parameterFormats: [], parameters: [], resultFormats: [] }),
      asked: "bind",
    },
    { bytes: encodeExecute(name, ALL_ROWS_ALONE), asked: "execute" },
    { bytes: encodeClose("P", name), asked: "close" },
    { bytes: encodeClose("S", name), asked: "close" },
  ];
}

/** What a cancel by the client that hit work of ours becomes; null when it did not. */
export function cancelIn(errand: Errand): Refusal | null {
  return errand.error?.get("C") === "57014" ? cancelledByUser : null;
}

/** The server's own words for a cancelled statement, when the client's cancel hit work of ours in front of it. */
export const cancelledByUser: Refusal = {
  rule: { policy: "weir", rule: "cancel" },
  sqlstate: "57014",
  message: "canceling statement due to user request",
  detail: "",
  hint: "",
};
