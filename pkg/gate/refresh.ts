// Looks at the server between the client's statements: how names resolve now, whether the catalogue changed, and if so the
// catalogue itself. Where changes come faster than catalogues load, and nothing in the database is protected, that is all there is to
// know (all-clear.ts).
import { buildSnapshot, nextVersion } from "../catalog/load.ts";
import { probeOf } from "../catalog/probe-query.ts";
import { catalogQueries, probeQuery, reusable, temporaryQuery } from "../catalog/queries.ts";
import { resolutionOf, resolutionQuery } from "../catalog/resolution.ts";
import type { Refusal } from "../policy/decision.ts";
import type { Statement } from "../sql/facts.ts";
import { askAllClear, endsLoose } from "./all-clear.ts";
import type { Core } from "./core.ts";
import type { Errand } from "./errand.ts";
import { governed } from "./judge.ts";
import { askServer, cancelIn, frontOf, isFixed, isolationQuery, mayAsk } from "./own-queries.ts";
import { isSameBackend } from "./same-backend.ts";

/** What became of the look: go on, or the client's own cancel hit it and the statement is answered as cancelled. */
export type Refreshed = (cancelled: Refusal | null) => void;

/**
 * Makes sure that what is known is fresh where that is possible, then goes on. `front`: the statements it would run in front of, of one
 * message. `whole`: nothing can follow before they have ended, as after a Query; in a pipeline the next may need what is known.
 */
export function refresh(core: Core, front: readonly Statement[], then: Refreshed, whole = false): void {
  if (!governed(core)) return then(null);
  if (!core.unsynced) core.allClear.over();
  const goOn: Refreshed = (cancelled) => {
    if (!endsLoose(core)) then(cancelled);
  };
  const nowMs = core.options.clock.nowMs();
  const need = core.knowledge.need(nowMs);
  if (need === "nothing" || !mayAsk(core, frontOf(front))) return goOn(null);
  if (need === "probe" || !whole || front.length > 1 || !doesWithout(core, nowMs)) return new Look(core, goOn).start();
  askAllClear(core, (cancelled) => {
    if (cancelled !== null || core.allClear.holds(core)) goOn(cancelled);
    else new Look(core, goOn).start();
  });
}

/** Only masks bind, so that where nothing is protected no rule asks what a statement does. */
function doesWithout(core: Core, nowMs: number): boolean {
  const { masks, lifting, guards, observed } = core.standing.governed(core.policies);
  return masks && lifting !== "Refuse" && !guards && !observed && core.options.catalogs.isBusy(nowMs);
}

/** Where others change the catalogue faster than it loads, what it holds stays unknown. */
const LOOKS_MAX = 3;

class Look {
  readonly #core: Core;
  readonly #then: Refreshed;
  #done = false;
  #cancelled: Refusal | null = null;
  /** Invalidations seen before the look began: later ones make its answer stale again. */
  #changes: number;
  #looks = 0;

  constructor(core: Core, then: Refreshed) {
    this.#core = core;
    this.#then = then;
    this.#changes = core.options.catalogs.changes;
  }

  start(): void {
    this.#core.hold({ why: "errand", until: () => this.#done, resume: () => this.#then(this.#cancelled) });
    this.#look();
  }

  #look(): void {
    this.#looks += 1;
    this.#changes = this.#core.options.catalogs.changes;
    this.#ask(
      [resolutionQuery(this.#core.options.serverMajor), isolationQuery, probeQuery(this.#core.options.serverMajor)],
      (errand) => this.#resolved(errand),
    );
  }

  #ask(queries: Parameters<typeof askServer>[1], next: (errand: Errand) => void): void {
    askServer(this.#core, queries, (ended) => (ended.failed ? this.#failed(ended) : next(ended)));
  }

  #resolved(errand: Errand): void {
    const { knowledge, options } = this.#core;
    const [resolution, isolation, probe] = errand.results;
    if (!isSameBackend(this.#core, isolation)) return;
    const probed = probeOf(probe!);
    const unchanged = options.catalogs.current?.probe === probed;
    // A fixed snapshot shows the catalogue as it was: only what older knowledge agrees with may be used.
    const fixed = isFixed(this.#core, isolation);
    knowledge.learnResolution(resolutionOf(resolution![0]!));
    if (unchanged && !knowledge.ownDdl) options.catalogs.confirm(options.clock.nowMs(), this.#changes);
    if (fixed && (knowledge.ownDdl || !unchanged)) return this.#giveUp();
    if (knowledge.ownDdl || options.catalogs.current === null || !unchanged) return this.#load(probed);
    this.#temporary();
  }

  #load(probed: string): void {
    const { options, knowledge } = this.#core;
    const known = reusable(options.catalogs.current, probed);
    const startedMs = options.clock.nowMs();
    this.#ask(catalogQueries(options.serverMajor, known), (errand) => {
      const { serverMajor, database } = options;
      knowledge.learnCatalog(
        buildSnapshot(errand.results, serverMajor, database, nextVersion(), probed, known),
        this.#changes,
      );
      const nowMs = options.clock.nowMs();
      options.catalogs.loaded(nowMs, nowMs - startedMs);
      this.#temporary();
    });
  }

  #temporary(): void {
    const { knowledge, options } = this.#core;
    if (!knowledge.wantsTemporary) return this.#looked();
    this.#ask([temporaryQuery(options.serverMajor)], (errand) => {
      knowledge.learnTemporary(errand.results[0]!);
      this.#looked();
    });
  }

  /** Other sessions may have changed the catalogue while it was loaded. */
  #looked(): void {
    if (this.#core.knowledge.view().snapshot === null && this.#looks < LOOKS_MAX) this.#look();
    else this.#end();
  }

  /** What is dropped while it is looked at may make a query fail; in a transaction that is the end of it. */
  #failed(errand: Errand): void {
    this.#cancelled = cancelIn(errand);
    if (this.#cancelled === null && this.#core.transaction === "I" && this.#looks < LOOKS_MAX) this.#look();
    else this.#giveUp();
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
