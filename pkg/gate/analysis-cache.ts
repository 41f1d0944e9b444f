// Analyses by text, catalogue and resolution: bounded, in two generations (a Map used as a queue costs more than the analysis).
// Texts above 16 KB are keyed by digest: V8 hashes long strings by length alone. Statements that depend on the session's names
// are never cached.
import { createHash } from "node:crypto";
import { type AnalysisContext, analyze, type Grammar } from "../sql/analyze.ts";
import type { Analysis, Statement } from "../sql/facts.ts";

const GENERATION_MAX = 2_000;
const TEXT_KEY_MAX = 16_000;

export class AnalysisCache {
  readonly #grammar: Grammar | null;
  #young = new Map<string, Analysis>();
  #old = new Map<string, Analysis>();
  /** Statements whose result the server described as predicted, under the view they were analysed with. */
  readonly witnessed = new WeakSet<Statement>();
  hits = 0;
  misses = 0;

  /** `grammar: null`: no grammar for the server's major version, so nothing is understood. */
  constructor(grammar: Grammar | null) {
    this.#grammar = grammar;
  }

  analyze(text: string, viewKey: string, context: AnalysisContext): Analysis {
    const key = `${viewKey}/${context.parameterTypes?.join() ?? "?"}\n${text.length > TEXT_KEY_MAX ? createHash("sha256").update(text).digest("base64") : text}`;
    const known = this.#young.get(key) ?? this.#promote(key);
    if (known !== undefined) {
      this.hits += 1;
      return known;
    }
    this.misses += 1;
    const analysis = this.#grammar === null ? withoutGrammar(text) : analyze(this.#grammar, text, context);
    if (!analysis.statements.some((statement) => statement.sessionDependent)) this.#keep(key, analysis);
    return analysis;
  }

  #promote(key: string): Analysis | undefined {
    const known = this.#old.get(key);
    if (known !== undefined) this.#keep(key, known);
    return known;
  }

  #keep(key: string, analysis: Analysis): void {
    if (this.#young.size >= GENERATION_MAX) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, analysis);
  }
}

function withoutGrammar(text: string): Analysis {
  return notUnderstood(Buffer.byteLength(text), "no grammar for this server's major version is installed");
}

/** One statement over the whole text about which nothing is known. */
export function notUnderstood(bytes: number, why: string): Analysis {
  const facts = { understood: false, why, syntax: false } as const;
  return {
    statements: [{ facts, startByte: 0, endByte: bytes, fingerprint: "", normalized: null, sessionDependent: false }],
  };
}
