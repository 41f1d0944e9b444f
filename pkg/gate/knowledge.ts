// What this session knows of the catalogue and of name resolution, and whether it may still be trusted. What is stale reads as
// null, so the analysis says "not known" instead of something old (invariant 4).
import { overlay } from "../catalog/overlay.ts";
import type { Resolution, Snapshot } from "../catalog/snapshot.ts";
import type { ClassBook } from "../policy/class-book.ts";
import type { PolicySet } from "../policy/rules.ts";
import type { Understood } from "../sql/facts.ts";
import type { ErrandRow } from "./errand.ts";
import type { GateOptions } from "./options.ts";

export interface View {
  readonly snapshot: Snapshot | null;
  readonly resolution: Resolution | null;
  /** Equal keys: the same analysis. */
  readonly key: string;
}

export class Knowledge {
  readonly #options: GateOptions;
  #resolution: Resolution | null = null;
  /** The catalogue that the resolution was asked beside: a schema made or granted elsewhere changes the path, too. */
  #resolvedWith: number | null = null;
  /** DDL of this session's open transaction: only a catalogue loaded after it, by this session, holds it. */
  #ownDdl = false;
  #private: Snapshot | null = null;
  #tempRows: readonly ErrandRow[] | null = null;
  #overlaid: { readonly base: Snapshot; readonly snapshot: Snapshot } | null = null;
  #failedAtMs = Number.NEGATIVE_INFINITY;
  #changedInTransaction = false;
  #doubted = false;
  /** The last key and what it was made of: the snapshot itself is not kept, an idle session would keep an old one. */
  #key = "-/-";
  #keyVersion: number | null = null;
  #keyResolution: Resolution | null = null;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** The catalogue and the resolution that may be trusted now. */
  view(): View {
    const snapshot = this.#snapshot();
    const resolution = this.#resolutionNow();
    return { snapshot, resolution, key: this.#keyOf(snapshot?.version ?? null, resolution) };
  }

  #keyOf(version: number | null, resolution: Resolution | null): string {
    if (version !== this.#keyVersion || resolution !== this.#keyResolution) {
      this.#key = `${version ?? "-"}/${resolution?.key ?? "-"}`;
      this.#keyVersion = version;
      this.#keyResolution = resolution;
    }
    return this.#key;
  }

  /** Labels of stored columns as this session knows the catalogue. */
  book(policies: PolicySet): ClassBook | null {
    const snapshot = this.#snapshot();
    return snapshot === null ? null : this.#options.books.of(policies, snapshot, this.#options.database);
  }

  /** What a look at the server would mend. `probe`: only that its change probe is due. */
  need(nowMs: number): "nothing" | "probe" | "refresh" {
    const doubted = this.#doubted;
    this.#doubted = false;
    if (nowMs === this.#failedAtMs) return "nothing";
    if (doubted) return "refresh";
    if (this.#resolutionNow() === null || this.#snapshot() === null) return "refresh";
    return nowMs - this.#options.catalogs.probedAtMs >= this.#options.limits.probeEveryMs ? "probe" : "nothing";
  }

  /** A statement names what the catalogue does not hold: it is looked at again before the decision. */
  doubt(): void {
    this.#doubted = true;
  }

  /** What ends the open transaction, or rolls back in it, changes how names resolve or the catalogue. */
  get unsettled(): boolean {
    return this.#changedInTransaction;
  }

  get ownDdl(): boolean {
    return this.#ownDdl;
  }

  /** A statement that may change things is on its way: what was known is no longer. */
  disturbed(facts: Pick<Understood, "changesCatalog" | "changesResolution">, inTransaction: boolean): void {
    if (facts.changesCatalog) {
      this.#options.catalogs.invalidate();
      this.#ownDdl = this.#ownDdl || inTransaction;
      this.#private = null;
      this.#tempRows = null;
      this.#resolution = null;
    }
    if (facts.changesResolution) this.#resolution = null;
    if (facts.changesCatalog || facts.changesResolution) this.#changedInTransaction = true;
  }

  /** The server reports a setting that names resolve by. */
  settingReported(name: string, value: string): void {
    const known = this.#resolution;
    if (known === null) return;
    if (name === "client_encoding" && value !== known.clientEncoding) this.#resolution = null;
    if (name === "standard_conforming_strings" && (value === "on") !== known.standardConformingStrings)
      this.#resolution = null;
    if (name === "search_path" || name === "session_authorization" || name === "is_superuser") this.#resolution = null;
  }

  /** The transaction ended: its DDL is everyone's now, or gone; settings may have been rolled back. */
  transactionEnded(): void {
    if (!this.#changedInTransaction) return;
    if (this.#ownDdl) this.#options.catalogs.invalidate();
    this.#forget();
  }

  /** The end of a transaction, or a rollback in it, may undo DDL or settings while the pipeline or string goes on. */
  reverted(): void {
    if (!this.#changedInTransaction) return;
    this.#private = null;
    this.#tempRows = null;
    this.#resolution = null;
  }

  #forget(): void {
    this.#changedInTransaction = false;
    this.#ownDdl = false;
    this.#private = null;
    this.#tempRows = null;
    this.#overlaid = null;
    this.#resolution = null;
  }

  /** Asked in the same look as the catalogue that is current when the look ends. */
  learnResolution(resolution: Resolution): void {
    this.#resolution = resolution;
    this.#resolvedWith = null;
  }

  /** The look has ended: what it learned belongs together. */
  lookEnded(): void {
    this.#resolvedWith = this.#options.catalogs.current?.version ?? null;
  }

  #resolutionNow(): Resolution | null {
    return this.#ownDdl || this.#resolvedWith === (this.#options.catalogs.current?.version ?? null)
      ? this.#resolution
      : null;
  }

  learnTemporary(rows: readonly ErrandRow[]): void {
    this.#tempRows = rows;
    this.#overlaid = null;
  }

  /** `changesBefore`: the store's count of invalidations when the load began. */
  learnCatalog(snapshot: Snapshot, changesBefore: number): void {
    if (this.#ownDdl) this.#private = snapshot;
    else this.#options.catalogs.put(snapshot, this.#options.clock.nowMs(), changesBefore);
    this.#overlaid = null;
  }

  /** The server did not answer; the statement at hand is judged without. */
  lookFailed(nowMs: number): void {
    this.#failedAtMs = nowMs;
  }

  #snapshot(): Snapshot | null {
    const { catalogs } = this.#options;
    const base = this.#ownDdl ? this.#private : catalogs.stale ? null : catalogs.current;
    if (base === null || this.#resolution === null || this.#resolution.tempSchema === null) return base;
    return this.#withTemporary(base);
  }

  #withTemporary(base: Snapshot): Snapshot | null {
    if (this.#tempRows === null) return null;
    if (this.#overlaid?.base !== base) this.#overlaid = { base, snapshot: overlay(base, this.#tempRows) };
    return this.#overlaid.snapshot;
  }

  /** Temp relations must be asked for. */
  get wantsTemporary(): boolean {
    return this.#resolution?.tempSchema != null && this.#tempRows === null;
  }
}
