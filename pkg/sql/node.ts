// The grammar's tree as JSON. A wrapped node is an object with one key, its kind: `{ ColumnRef: { fields: [...] } }`. Fields that
// hold nothing (0, false, empty list) are left out, so every reader expects `undefined`.

// biome-ignore lint/suspicious/noExplicitAny: hundreds of shapes, five majors; each reader names the fields it uses
export type Node = any;

/** The kind of a wrapped node, "" for an absent one. */
export function kindOf(node: Node): string {
  for (const kind in node) return kind;
  return "";
}

/** The list in a field, empty when the field is absent. */
export function list(field: Node): readonly Node[] {
  return field ?? empty;
}

const empty: readonly Node[] = Object.freeze([]);

/** Text of a wrapped String; null for any other node. PostgreSQL 14 spells the field `str`, later ones `sval`. */
export function text(node: Node): string | null {
  const inner = node?.String;
  return inner === undefined ? null : (inner.sval ?? inner.str ?? "");
}

/** Texts of a list of wrapped Strings; other nodes are left out. */
export function texts(nodes: Node): string[] {
  const found: string[] = [];
  for (const node of list(nodes)) {
    const value = text(node);
    if (value !== null) found.push(value);
  }
  return found;
}
