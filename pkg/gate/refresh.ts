// Looks at the server between the client's statements: how names resolve now, whether the catalogue changed, and if so the
// catalogue itself. Only by extended protocol under our own names, never inside a pipeline, and inside a transaction only
// directly in front of a statement that takes a snapshot itself (docs/design.md section 7, "Catalog").
import { buildSnapshot, nextVersion } from "../catalog/load.ts";
import { probeOf } from "../catalog/probe-query.ts";
import { type CatalogQuery, catalogQueries, probeQuery, reusable, temporaryQuery } from "../catalog/queries.ts";
import { resolutionOf, resolutionQuery } from "../catalog/resolution.ts";
import type { Refusal } from "../policy/decision.ts";
import { ownPermit } from "../policy/permit.ts";
import type { Statement } from "../sql/facts.ts";
import { encodeBind } from "../wire/postgres/bind.ts";
import { encodeClose } from "../wire/postgres/close.ts";
import { SYNC } from "../wire/postgres/empty-messages.ts";
import { encodeExecute } from "../wire/postgres/execute.ts";
import { encodeParse } from "../wire/postgres/parse.ts";
import type { Core } from "./core.ts";
import { Errand } from "./errand.ts";
import { governed } from "./judge.ts";

const isolationQuery: CatalogQuery = {
  name: "isolation",
  sql: "SELECT pg_catalog.current_setting('transaction_isolation')",
};

/** What became of the look: go on, or the client's own cancel hit it and the statement is answered as cancelled. */
export type Refreshed = (cancelled: Refusal | null) => void;

/** Makes sure that what is known is fresh where that is possible, then goes on. `front`: the statement it would run in front of. */
export function refresh(core: Core, front: Statement | null, then: Refreshed): void {
  const nowMs = core.options.clock.nowMs();
  if (!governed(core) || core.knowledge.need(nowMs) === "nothing" || !mayAsk(core, front)) {
    then(null);
    return;
  }
  new Look(core, then).start();
}

function mayAsk(core: Core, front: Statement | null): boolean {
  if (core.owed.length > 0 || core.unsynced || core.skipping || core.copyIn !== null) return false;
  if (core.transaction === "I") return true;
  if (core.transaction === "E") return false;
  return front?.facts.understood === true && front.facts.takesSnapshot;
}

class Look {
  readonly #core: Core;
  readonly #then: Refreshed;
  #done = false;
  #cancelled: Refusal | null = null;
  /** Invalidations seen before the look began: later ones make its answer stale again. */
  readonly #changes: number;

  constructor(core: Core, then: Refreshed) {
    this.#core = core;
    this.#then = then;
    this.#changes = core.options.catalogs.changes;
  }

  start(): void {
    this.#core.hold({ why: "errand", until: () => this.#done, resume: () => this.#then(this.#cancelled) });
    this.#ask(
      [resolutionQuery(this.#core.options.serverMajor), isolationQuery, probeQuery(this.#core.options.serverMajor)],
      (errand) => this.#resolved(errand),
    );
  }

  #ask(queries: readonly CatalogQuery[], next: (errand: Errand) => void): void {
    const errand = new Errand(queries.length * 5 + 1, (ended) => (ended.failed ? this.#failed(ended) : next(ended)));
    const frames = queries.flatMap((query) => queryFrames(this.#core.names.next(), query.sql));
    this.#core.run([...frames, { bytes: SYNC, asked: "sync" }], ownPermit.catalog, errand);
  }

  #resolved(errand: Errand): void {
    const { knowledge, options } = this.#core;
    const [resolution, isolation, probe] = errand.results;
    const probed = probeOf(probe!);
    const unchanged = options.catalogs.current?.probe === probed;
    // A fixed snapshot shows the catalogue as it was: only what older knowledge agrees with may be used.
    const fixed = this.#core.transaction === "T" && isolation?.[0]?.[0] !== "read committed";
    knowledge.learnResolution(resolutionOf(resolution![0]!));
    if (unchanged && !knowledge.ownDdl) options.catalogs.confirm(options.clock.nowMs(), this.#changes);
    if (fixed && (knowledge.ownDdl || !unchanged)) return this.#giveUp();
    if (knowledge.ownDdl || options.catalogs.current === null || !unchanged) return this.#load(probed);
    this.#temporary();
  }

  #load(probed: string): void {
    const { options, knowledge } = this.#core;
    const known = reusable(options.catalogs.current, probed);
    this.#ask(catalogQueries(options.serverMajor, known), (errand) => {
      const { serverMajor, database } = options;
      knowledge.learnCatalog(
        buildSnapshot(errand.results, serverMajor, database, nextVersion(), probed, known),
        this.#changes,
      );
      this.#temporary();
    });
  }

  #temporary(): void {
    const { knowledge, options } = this.#core;
    if (!knowledge.wantsTemporary) return this.#end();
    this.#ask([temporaryQuery(options.serverMajor)], (errand) => {
      knowledge.learnTemporary(errand.results[0]!);
      this.#end();
    });
  }

  #failed(errand: Errand): void {
    if (errand.error?.get("C") === "57014") this.#cancelled = cancelledByUser;
    this.#giveUp();
  }

  #giveUp(): void {
    this.#core.knowledge.lookFailed(this.#core.options.clock.nowMs());
    this.#end();
  }

  #end(): void {
    this.#core.knowledge.lookEnded();
    this.#done = true;
  }
}

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
    { bytes: encodeExecute(name, 0), asked: "execute" },
    { bytes: encodeClose("P", name), asked: "close" },
    { bytes: encodeClose("S", name), asked: "close" },
  ];
}

/** The server's own words for a cancelled statement, when the client's cancel hit work of ours in front of it. */
export const cancelledByUser: Refusal = {
  rule: { policy: "weir", rule: "cancel" },
  sqlstate: "57014",
  message: "canceling statement due to user request",
  detail: "",
  hint: "",
};
