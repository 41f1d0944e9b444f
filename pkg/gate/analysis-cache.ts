// Analyses that were made: by the shape of their text where it is proven that no literal's value decided anything, else by the text
// itself; under one catalogue, resolution and list of parameter types. Bounded, in two generations (a Map used as a queue costs more
// than the analysis). A key holds every byte that matters, never only a hash, except of texts above 16 KB, which go by digest: V8 hashes
// long strings by length alone. Statements that depend on the session's names are never kept.
import { createHash } from "node:crypto";
import { type AnalysisContext, analyze, type Grammar } from "../sql/analyze.ts";
import type { Analysis, Facts, Lineage, Statement } from "../sql/facts.ts";
import { restarting } from "../sql/grammar.ts";
import { type StoredValue, storedValues } from "../sql/stored-values.ts";
import { hasLiteralsAt, type Shape, ShapeReader } from "../sql/text-shape.ts";
import { LatelyShapes } from "./lately-shapes.ts";

const GENERATION_MAX = 2_000;
/** What the analyses of one generation may weigh, estimated: a wide statement's facts are larger than its text by far. */
const GENERATION_BYTES_MAX = 16 * 1024 * 1024;
const TEXT_KEY_MAX = 16_000;
/** Combinations of catalogue, resolution and parameter types that are told apart before all is forgotten. */
const VIEWS_MAX = 4_096;
/** They go round, long after what stood under a number is forgotten. */
const VIEW_NUMBERS = 65_536;

interface Kept {
  readonly analysis: Analysis;
  /** Bytes of the text that it was made of. */
  readonly textBytes: number;
  /** What it weighs with its key, estimated. */
  readonly bytes: number;
}

export class AnalysisCache {
  readonly #grammar: Grammar | null;
  readonly #shape = new ShapeReader();
  #young = new Map<string, Kept>();
  #old = new Map<string, Kept>();
  #youngBytes = 0;
  #oldBytes = 0;
  #views = new Map<string, number>();
  #newest = 0;
  #last = { viewKey: "", types: "", view: -1 };
  readonly #lately = new LatelyShapes<Kept>();
  /** Facts of statements whose result the server described as predicted, under the view they were analysed with. */
  readonly witnessed = new WeakSet<Facts>();
  hits = 0;
  misses = 0;

  /** `grammar: null`: no grammar for the server's major version, so nothing is understood. */
  constructor(grammar: Grammar | null) {
    this.#grammar = grammar;
  }

  /** What `analyze` would say, where a text of this shape was analysed before; null where it has to look. */
  known(text: Buffer, viewKey: string, parameterTypes: readonly number[] | undefined): Analysis | null {
    const shape = this.#shape;
    if (!shape.read(text, this.#viewOf(viewKey, parameterTypes))) return null;
    const slot = this.#lately.slotOf(shape);
    let kept = this.#lately.at(slot, shape);
    if (kept === undefined) {
      kept = this.#find(shape.key);
      if (kept === undefined) return null;
      this.#lately.put(slot, shape, kept);
    } else this.hits += 1;
    return moved(kept, text.length);
  }

  /** `text`: valid UTF-8. */
  analyze(text: Buffer, viewKey: string, context: AnalysisContext): Analysis {
    const view = this.#viewOf(context.unsettled === true ? `${viewKey}!` : viewKey, context.parameterTypes);
    const hasShape = this.#shape.read(text, view);
    const byShape = hasShape ? this.#find(this.#shape.key) : undefined;
    if (byShape !== undefined) return moved(byShape, text.length);
    // Analysing may read other texts in between.
    const shape = hasShape ? this.#shape.found() : null;
    const string = text.toString("utf8");
    const key = textKey(view, string);
    const byText = this.#find(key);
    if (byText !== undefined) return byText.analysis;
    this.misses += 1;
    const analysis = this.#grammar === null ? withoutGrammar(text.length) : analyze(this.#grammar, string, context);
    if (analysis.statements.some(({ sessionDependent, facts }) => sessionDependent || isPassing(facts)))
      return analysis;
    const mayShare = shape !== null && isOfShape(text, shape, analysis);
    const keptKey = mayShare ? shape.key : key;
    const bytes = 2 * keptKey.length + weightOf(analysis);
    if (bytes <= GENERATION_BYTES_MAX) this.#keep(keptKey, { analysis, textBytes: text.length, bytes });
    return analysis;
  }

  /** Estimated. */
  get keptBytes(): number {
    return this.#youngBytes + this.#oldBytes;
  }

  /** What a text assigns to columns; never kept, since it holds literals. */
  storedValues(text: string): readonly StoredValue[] {
    return this.#grammar === null ? [] : storedValues(this.#grammar, text);
  }

  #viewOf(viewKey: string, parameterTypes: readonly number[] | undefined): number {
    const types = parameterTypes === undefined ? "?" : parameterTypes.length === 0 ? "" : parameterTypes.join();
    if (viewKey === this.#last.viewKey && types === this.#last.types) return this.#last.view;
    const key = `${viewKey}/${types}`;
    let view = this.#views.get(key);
    if (view === undefined) {
      if (this.#views.size >= VIEWS_MAX) this.#forget();
      this.#newest = (this.#newest + 1) % VIEW_NUMBERS;
      view = this.#newest;
      this.#views.set(key, view);
    }
    this.#last = { viewKey, types, view };
    return view;
  }

  #forget(): void {
    this.#views = new Map();
    this.#last = { viewKey: "", types: "", view: -1 };
    this.#young = new Map();
    this.#old = new Map();
    this.#youngBytes = 0;
    this.#oldBytes = 0;
    this.#lately.clear();
  }

  #find(key: string): Kept | undefined {
    let known = this.#young.get(key);
    if (known === undefined) {
      known = this.#old.get(key);
      if (known !== undefined) this.#keep(key, known);
    }
    if (known !== undefined) this.hits += 1;
    return known;
  }

  #keep(key: string, kept: Kept): void {
    if (this.#young.size >= GENERATION_MAX || this.#youngBytes + kept.bytes > GENERATION_BYTES_MAX) {
      this.#old = this.#young;
      this.#oldBytes = this.#youngBytes;
      this.#young = new Map();
      this.#youngBytes = 0;
    }
    this.#young.set(key, kept);
    this.#youngBytes += kept.bytes;
  }
}

const isPassing = (facts: Facts) => !facts.understood && facts.why === restarting;

/** An object with its names takes some hundred bytes, and a label one for each of its columns. */
const OBJECT_BYTES = 300;

function weightOf({ statements }: Analysis): number {
  let bytes = 0;
  for (const { facts, normalized } of statements)
    bytes += OBJECT_BYTES + 2 * (normalized?.length ?? 0) + OBJECT_BYTES * partsOf(facts);
  return bytes;
}

function partsOf(facts: Facts): number {
  if (!facts.understood) return 1;
  const { relations, functions, writes, predicates, flows, settings, outputs, name } = facts;
  let parts = relations.length + functions.length + writes.length + predicates.length + settings.length;
  for (const { from } of flows) parts += 1 + columnsIn(from);
  for (const { lineage } of outputs ?? []) parts += 1 + columnsIn(lineage);
  return parts + (name?.do === "prepare" || name?.do === "declare" ? partsOf(name.statement) : 0);
}

function columnsIn(lineage: Lineage): number {
  if (lineage.kind === "clean") return 0;
  return lineage.kind === "copy" ? 1 + (lineage.via?.length ?? 0) : (lineage.columns?.length ?? 0);
}

/** Keys of shapes have no character above 255, those of texts begin with one; those of digests with another. */
function textKey(view: number, text: string): string {
  return text.length > TEXT_KEY_MAX
    ? `\u0101${view} ${createHash("sha256").update(text).digest("base64")}`
    : `\u0100${view} ${text}`;
}

/** Whether the analysis holds for every text of this shape: one statement, in which everything lies that may differ. */
function isOfShape(text: Buffer, { starts, last }: Shape, { statements }: Analysis): boolean {
  const [only] = statements;
  if (only === undefined || statements.length > 1 || only.freeLiterals === undefined) return false;
  if (last >= only.endByte || (starts.length > 0 && starts[0]! < only.startByte)) return false;
  return hasLiteralsAt(text, only.freeLiterals, starts);
}

/** The same statement in another text of its shape: it begins at the same place and ends as far from the text's end. */
function moved({ analysis, textBytes }: Kept, bytes: number): Analysis {
  if (bytes === textBytes) return analysis;
  const { facts, startByte, endByte, fingerprint, normalized, sessionDependent } = analysis.statements[0]!;
  const end = endByte + bytes - textBytes;
  return { statements: [{ facts, startByte, endByte: end, fingerprint, normalized, sessionDependent }] };
}

function withoutGrammar(bytes: number): Analysis {
  return notUnderstood(bytes, "no grammar for this server's major version is installed");
}

/** One statement over the whole text about which nothing is known. */
export function notUnderstood(bytes: number, why: string): Analysis {
  const facts = { understood: false, why, syntax: false } as const;
  const statement: Statement = {
    facts,
    startByte: 0,
    endByte: bytes,
    fingerprint: "",
    normalized: null,
    sessionDependent: false,
  };
  return { statements: [statement] };
}
