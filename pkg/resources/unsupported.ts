// Fields that are read and typed but that this version does not enforce. Leaving them unenforced in silence would be worse than
// refusing them, so each is an error until the part that does it is built.
import type { Problem } from "./problem.ts";
import { problemAt, type Resource, type Source } from "./resource.ts";
import type { PathStep, Tree } from "./tree.ts";
import { entryOf } from "./tree.ts";

interface Unsupported {
  readonly path: readonly PathStep[];
  readonly remedy: string;
  /** Values that ask for nothing. */
  readonly harmless?: readonly unknown[];
}

const ofPolicies: readonly Unsupported[] = [
  { path: ["spec", "budgets"], remedy: "remove it; a guard with rowsOver limits single statements" },
  { path: ["spec", "detect"], remedy: "remove it and classify the columns" },
];

const ofDatabases: readonly Unsupported[] = [
  {
    path: ["spec", "relayPorts"],
    remedy: "remove it and let applications reach these ports under another name of the host",
  },
];

export function unsupported(kind: Resource["kind"], source: Source): readonly Problem[] {
  const fields = kind === "GovernedDatabase" ? ofDatabases : ofPolicies;
  return fields
    .filter(({ path, harmless = [] }) => asksFor(valueAt(source.tree, path), harmless))
    .map(({ path, remedy }) => problemAt(source, path, "is not supported by this version", remedy));
}

function asksFor(value: Tree | undefined, harmless: readonly unknown[]): boolean {
  if (value === undefined) return false;
  if (value.kind === "scalar") return value.value !== null && !harmless.includes(value.value);
  return (value.kind === "list" ? value.items : value.entries).length > 0;
}

function valueAt(tree: Tree, path: readonly PathStep[]): Tree | undefined {
  return path.reduce<Tree | undefined>(
    (here, step) => (here === undefined ? undefined : entryOf(here, String(step))?.value),
    tree,
  );
}
