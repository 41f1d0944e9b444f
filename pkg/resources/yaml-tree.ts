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
      const built = buildTree(file, document, lines);
      if ("problem" in built) problems.push(built.problem);
      else trees.push(built.tree);
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
  const remedy =
    error.code === "DUPLICATE_KEY"
      ? "keep one of the two"
      : error.code === "BAD_ALIAS" || /alias/i.test(error.message)
        ? 'put a text that begins with "*" in quotes'
        : "correct the YAML at this place";
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

function buildTree(file: string, document: Document.Parsed, lines: LineCounter): { tree: Tree } | { problem: Problem } {
  let nodes = 0;
  const at = (node: Node | null | undefined): At => place(lines, node?.range?.[0] ?? 0);

  function build(node: Node | null, depth: number, fallback: At): Tree {
    // Aliases are followed, so the count bounds what a few of them can expand to.
    if (++nodes > YAML_LIMITS.nodesPerDocument || depth > YAML_LIMITS.depth) throw new TooMuch();
    if (node === null) return { kind: "scalar", at: fallback, value: null };
    if (isAlias(node)) return build(node.resolve(document) ?? null, depth + 1, at(node));
    if (isMap(node)) {
      const entries = node.items.map((pair): Entry => {
        const key = pair.key as Node | null;
        const keyAt = key === null ? at(node) : at(key);
        const name = isScalar(key) ? String(key.value) : "?";
        return { key: name, keyAt, value: build(pair.value as Node | null, depth + 1, keyAt) };
      });
      return { kind: "map", at: at(node), entries };
    }
    if (isSeq(node)) {
      return {
        kind: "list",
        at: at(node),
        items: node.items.map((item) => build(item as Node | null, depth + 1, at(node))),
      };
    }
    return { kind: "scalar", at: at(node), value: scalarValue(isScalar(node) ? node.value : null) };
  }

  try {
    return { tree: build(document.contents as Node | null, 0, { line: 1, column: 1 }) };
  } catch (error) {
    if (!(error instanceof TooMuch)) throw error;
    return {
      problem: problem(
        file,
        { line: 1, column: 1 },
        "the document has too many or too deeply nested parts",
        "split it",
      ),
    };
  }
}

function scalarValue(value: unknown): string | number | boolean | null {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  return value === null || value === undefined ? null : String(value);
}
