// A document as maps, lists and scalars with their places: the one form in which YAML text and Kubernetes objects are read.

export interface At {
  /** 1-based; 0 where there is no text. */
  readonly line: number;
  readonly column: number;
}

export interface Entry {
  readonly key: string;
  readonly keyAt: At;
  readonly value: Tree;
}

export type Tree =
  | { readonly kind: "map"; readonly at: At; readonly entries: readonly Entry[] }
  | { readonly kind: "list"; readonly at: At; readonly items: readonly Tree[] }
  | { readonly kind: "scalar"; readonly at: At; readonly value: string | number | boolean | null };

export type PathStep = string | number;

/** `spec.mask[0].method`. */
export function pathText(path: readonly PathStep[]): string {
  return path.map((step, i) => (typeof step === "number" ? `[${step}]` : i === 0 ? step : `.${step}`)).join("");
}

export function entryOf(tree: Tree, key: string): Entry | undefined {
  return tree.kind === "map" ? tree.entries.find((entry) => entry.key === key) : undefined;
}

/** Place of the value at a path, or of the nearest thing above it that exists. */
export function placeAt(tree: Tree, path: readonly PathStep[]): At {
  let here = tree;
  for (const step of path) {
    const next =
      typeof step === "number" ? (here.kind === "list" ? here.items[step] : undefined) : entryOf(here, step)?.value;
    if (next === undefined) break;
    here = next;
  }
  return here.at;
}

/** A plain object, such as one of Kubernetes, as a tree without places. */
export function treeOf(value: unknown, depth = 0): Tree {
  const at = { line: 0, column: 0 };
  if (depth > 64) return { kind: "scalar", at, value: null };
  if (Array.isArray(value)) return { kind: "list", at, items: value.map((item) => treeOf(item, depth + 1)) };
  if (typeof value === "object" && value !== null && !(value instanceof Date)) {
    const entries = Object.entries(value).filter(([, each]) => each !== undefined);
    return {
      kind: "map",
      at,
      entries: entries.map(([key, each]) => ({ key, keyAt: at, value: treeOf(each, depth + 1) })),
    };
  }
  const isScalar = typeof value === "string" || typeof value === "number" || typeof value === "boolean";
  return { kind: "scalar", at, value: isScalar ? value : value === null || value === undefined ? null : String(value) };
}
