// Where the grammar's tree has constants: byte offsets in the text, and what kind of token must stand there.
import type { Node } from "../node.ts";

export interface Constants {
  /** Strings, bit strings. A word may stand there too: EXTRACT(year FROM ...). */
  readonly strings: ReadonlySet<number>;
  readonly numbers: ReadonlySet<number>;
  /** true, false, null. */
  readonly keywords: ReadonlySet<number>;
  /** Values of SET: whatever stands there is the value. */
  readonly settings: ReadonlySet<number>;
  /** Sizes of types, which are no data. */
  readonly sizes: ReadonlySet<number>;
}

type Found = { readonly [Kind in keyof Constants]: Set<number> };

export function constantsOf(tree: Node): Constants {
  const found: Found = {
    strings: new Set(),
    numbers: new Set(),
    keywords: new Set(),
    settings: new Set(),
    sizes: new Set(),
  };
  const waiting: Node[] = [tree];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (Array.isArray(node)) waiting.push(...node.filter(isNode));
    else visit(node, found, waiting);
  }
  return found;
}

function isNode(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

function visit(node: Node, found: Found, waiting: Node[]): void {
  for (const key in node) {
    const value = node[key];
    if (!isNode(value)) continue;
    if (key === "A_Const") note(value, found);
    else waiting.push(value);
  }
  if (node.kind === "VAR_SET_VALUE") noteAll(node.args, found.settings);
  if (node.typmods !== undefined) noteAll(node.typmods, found.sizes);
}

function noteAll(nodes: Node, places: Set<number>): void {
  for (const { A_Const } of nodes ?? []) if (A_Const?.location > 0) places.add(A_Const.location);
}

/** A location of -1, or none, is a constant that no text stands for. */
function note(constant: Node, found: Found): void {
  const { location } = constant;
  if (location === undefined || location < 0) return;
  const value = constant.val ?? constant;
  if (constant.isnull === true || value.Null !== undefined || value.boolval !== undefined) found.keywords.add(location);
  else if (isNumber(value)) found.numbers.add(location);
  else found.strings.add(location);
}

/** PostgreSQL 14 wraps the value, later majors name it. */
function isNumber(value: Node): boolean {
  return (value.ival ?? value.fval ?? value.Integer ?? value.Float) !== undefined;
}
