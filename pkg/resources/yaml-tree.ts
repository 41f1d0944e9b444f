// YAML text to trees, one for each document, with line and column of everything and every syntax error.
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseAllDocuments } from "yaml";
import type { Problem } from "./problem.ts";
import type { At, Entry, Tree } from "./tree.ts";

export const YAML_LIMITS = { charactersPerFile: 1_048_576, nodesPerDocument: 50_000, depth: 64 } as const;

export interface YamlTrees {
  readonly trees: readonly Tree[];
  readonly problems: readonly Problem[];
}

/** A document with a syntax error gives problems and no tree; an empty one gives neither. */
export function yamlTrees(file: string, text: string): YamlTrees {
  if (text.length > YAML_LIMITS.charactersPerFile) {
    return {
      trees: [],
      problems: [problem(file, { line: 1, column: 1 }, "the file is longer than 1 MiB", "split it into several files")],
    };
  }
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false });
  const trees: Tree[] = [];
  const problems: Problem[] = [];
  for (const document of documents as readonly Document.Parsed[]) {
    if (document.errors.length > 0) problems.push(...document.errors.map((error) => syntaxProblem(file, lines, error)));
    else if (document.contents !== null && !isEmpty(document.contents)) {
      const builder = new Builder(file, document, lines);
      const tree = builder.build();
      problems.push(...builder.problems);
      if (tree !== null) trees.push(tree);
    }
  }
  return { trees, problems };
}

function isEmpty(node: Node): boolean {
  return isScalar(node) && node.value === null;
}

function syntaxProblem(
  file: string,
  lines: LineCounter,
  error: { code: string; message: string; pos: [number, number] },
): Problem {
  const remedy = error.code === "DUPLICATE_KEY" ? "keep one of the two" : "correct the YAML at this place";
  return problem(file, place(lines, error.pos[0]), error.message.split("\n", 1)[0]!, remedy);
}

function problem(file: string, at: At, message: string, remedy: string): Problem {
  return { severity: "error", file, ...at, path: "", message, remedy };
}

function place(lines: LineCounter, offset: number): At {
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}

class TooMuch extends Error {}

class Builder {
  readonly problems: Problem[] = [];
  readonly #file: string;
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;
  #nodes = 0;

  constructor(file: string, document: Document.Parsed, lines: LineCounter) {
    this.#file = file;
    this.#document = document;
    this.#lines = lines;
  }

  /** null: the document is too large. */
  build(): Tree | null {
    const start = { line: 1, column: 1 };
    try {
      return this.#node(this.#document.contents as Node | null, 0, start);
    } catch (error) {
      if (!(error instanceof TooMuch)) throw error;
      const message = "the document has too many or too deeply nested parts";
      this.problems.push(problem(this.#file, this.#at(this.#document.contents, start), message, "split it"));
      return null;
    }
  }

  #at(node: Node | null | undefined, otherwise: At): At {
    return node?.range == null ? otherwise : place(this.#lines, node.range[0]);
  }

  #node(node: Node | null, depth: number, above: At): Tree {
    // Aliases are followed, so the count bounds what a few of them can expand to.
    if (++this.#nodes > YAML_LIMITS.nodesPerDocument || depth > YAML_LIMITS.depth) throw new TooMuch();
    const at = this.#at(node, above);
    if (isAlias(node)) {
      const target = node.resolve(this.#document);
      if (target !== undefined) return this.#node(target, depth + 1, at);
      this.problems.push(
        problem(this.#file, at, `there is no &${node.source}`, 'put a text that begins with "*" in quotes'),
      );
      return { kind: "scalar", at, value: "" };
    }
    if (isMap(node)) return { kind: "map", at, entries: node.items.map((pair) => this.#entry(pair, depth + 1, at)) };
    if (isSeq(node))
      return { kind: "list", at, items: node.items.map((item) => this.#node(item as Node | null, depth + 1, at)) };
    return { kind: "scalar", at, value: isScalar(node) ? scalarValue(node.value, node.source) : null };
  }

  #entry(pair: { key: unknown; value: unknown }, depth: number, above: At): Entry {
    const key = pair.key as Node | null;
    const keyAt = this.#at(key, above);
    return {
      key: isScalar(key) ? String(key.value) : "?",
      keyAt,
      value: this.#node(pair.value as Node | null, depth, keyAt),
    };
  }
}

/** YAML reads Null as null; here it is the name of a mask method, and null is written null or ~. */
function scalarValue(value: unknown, source: string | undefined): string | number | boolean | null {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  if (value === null || value === undefined) return source === "Null" ? source : null;
  return String(value);
}
