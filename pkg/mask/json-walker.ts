// Masks parts of a json document and copies every other byte as it is. Walks bytes, builds no tree; what is not well
// formed, or nested too deeply, is not walked at all, and the caller replaces the whole.

import { QUOTE, stringEnd, stringText } from "./json-text.ts";
import type { RowSink } from "./row-sink.ts";

/** Masks of a document by path: `mask` at this place, `children` by key or index below it. */
export interface PathNode<Mask> {
  mask: Mask | null;
  readonly children: Map<string, PathNode<Mask>>;
}

/** Appends the masked form of a string, number or boolean; `kind` is its first letter in JSON's grammar. */
export type LeafMasker = (
  kind: "string" | "number" | "boolean",
  source: Buffer,
  start: number,
  end: number,
  sink: RowSink,
) => boolean;

/** Every element of an array, besides its index. */
const ANY = "*";
const DEPTH_MAX = 500;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const COLON = 0x3a;
const COMMA = 0x2c;
const MALFORMED = -1;

export function pathTree<Mask>(
  paths: readonly { readonly path: readonly string[]; readonly mask: Mask }[],
): PathNode<Mask> {
  const root: PathNode<Mask> = { mask: null, children: new Map() };
  for (const { path, mask } of paths) {
    let node = root;
    for (const key of path) {
      const next = node.children.get(key) ?? { mask: null, children: new Map() };
      node.children.set(key, next);
      node = next;
    }
    node.mask ??= mask;
  }
  return root;
}

/** One walk over one document. */
export class JsonWalker {
  readonly #source: Buffer;
  readonly #end: number;
  readonly #sink: RowSink;
  #copied: number;

  constructor(source: Buffer, start: number, end: number, sink: RowSink) {
    this.#source = source;
    this.#end = end;
    this.#sink = sink;
    this.#copied = start;
  }

  /** Appends the document with the parts below `root` masked; false when it is not well formed JSON. */
  mask(root: PathNode<LeafMasker>): boolean {
    const at = this.#blanks(this.#value([root], this.#copied, 0));
    if (at !== this.#end) return false;
    this.#sink.write(this.#source, this.#copied, this.#end);
    return true;
  }

  /** Index after the value at `from` and the nodes' parts in it masked, or MALFORMED. */
  #value(nodes: readonly PathNode<LeafMasker>[], from: number, depth: number): number {
    if (depth > DEPTH_MAX) return MALFORMED;
    const at = this.#blanks(from);
    const masked = nodes.find((node) => node.mask !== null);
    switch (this.#source[at]) {
      case OPEN_OBJECT:
        return masked === undefined ? this.#object(nodes, at, depth) : this.#wholeObject(at, depth);
      case OPEN_ARRAY:
        return this.#array(nodes, at, depth);
      default:
        return this.#scalar(masked?.mask ?? null, at);
    }
  }

  #object(nodes: readonly PathNode<LeafMasker>[], open: number, depth: number): number {
    let at = this.#blanks(open + 1);
    if (this.#source[at] === CLOSE_OBJECT) return at + 1;
    for (;;) {
      const keyEnd = this.#source[at] === QUOTE ? stringEnd(this.#source, at, this.#end) : MALFORMED;
      if (keyEnd === MALFORMED) return MALFORMED;
      const below = this.#below(nodes, at, keyEnd);
      const colon = this.#blanks(keyEnd);
      if (below === undefined || this.#source[colon] !== COLON) return MALFORMED;
      at = this.#blanks(this.#value(below, colon + 1, depth + 1));
      if (at === MALFORMED) return MALFORMED;
      if (this.#source[at] === CLOSE_OBJECT) return at + 1;
      if (this.#source[at] !== COMMA) return MALFORMED;
      at = this.#blanks(at + 1);
    }
  }

  #below(
    nodes: readonly PathNode<LeafMasker>[],
    keyStart: number,
    keyEnd: number,
  ): readonly PathNode<LeafMasker>[] | undefined {
    if (nodes.length === 0) return nodes;
    const key = stringText(this.#source, keyStart, keyEnd);
    return key === undefined ? undefined : nodes.flatMap((node) => node.children.get(key) ?? []);
  }

  /** A path leads through every array on its way, and may also name an element by its index. */
  #array(nodes: readonly PathNode<LeafMasker>[], open: number, depth: number): number {
    let at = this.#blanks(open + 1);
    if (this.#source[at] === CLOSE_ARRAY) return at + 1;
    const indexed = nodes.some((node) => node.children.size > 0);
    for (let index = 0; ; index++) {
      at = this.#blanks(this.#value(indexed ? elementNodes(nodes, index) : nodes, at, depth + 1));
      if (at === MALFORMED) return MALFORMED;
      if (this.#source[at] === CLOSE_ARRAY) return at + 1;
      if (this.#source[at] !== COMMA) return MALFORMED;
      at = this.#blanks(at + 1);
    }
  }

  /** A protected object is replaced by an empty one: its keys may be data. */
  #wholeObject(open: number, depth: number): number {
    const end = this.#object([], open, depth);
    if (end !== MALFORMED) this.#replace(open, end, () => this.#sink.writeAscii("{}"));
    return end;
  }

  #scalar(mask: LeafMasker | null, start: number): number {
    const source = this.#source;
    if (source[start] === QUOTE) {
      const end = stringEnd(source, start, this.#end);
      if (end !== MALFORMED && mask !== null) this.#replace(start, end, () => this.#leaf(mask, "string", start, end));
      return end;
    }
    let end = start;
    while (end < this.#end && !isDelimiter(source[end]!)) end++;
    const word = end - start > 2000 ? "" : source.toString("latin1", start, end);
    if (word === "null") return end;
    const kind = word === "true" || word === "false" ? "boolean" : "number";
    if (kind === "number" && !/^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/.test(word)) {
      // Longer than any sensible number, but nothing to hide: it stays as it is.
      return mask === null && end - start > 2000 ? end : MALFORMED;
    }
    if (mask !== null) this.#replace(start, end, () => this.#leaf(mask, kind, start, end));
    return end;
  }

  #leaf(mask: LeafMasker, kind: "string" | "number" | "boolean", start: number, end: number): void {
    if (!mask(kind, this.#source, start, end, this.#sink)) this.#sink.writeAscii("null");
  }

  #replace(start: number, end: number, write: () => void): void {
    this.#sink.write(this.#source, this.#copied, start);
    write();
    this.#copied = end;
  }

  #blanks(from: number): number {
    if (from === MALFORMED) return MALFORMED;
    let at = from;
    while (at < this.#end && isBlank(this.#source[at]!)) at++;
    return at;
  }
}

function elementNodes(nodes: readonly PathNode<LeafMasker>[], index: number): readonly PathNode<LeafMasker>[] {
  const named = nodes.flatMap((node) => [node.children.get(String(index)) ?? [], node.children.get(ANY) ?? []].flat());
  return [...new Set([...nodes, ...named])];
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function isDelimiter(byte: number): boolean {
  return isBlank(byte) || byte === COMMA || byte === CLOSE_ARRAY || byte === CLOSE_OBJECT || byte === COLON;
}
