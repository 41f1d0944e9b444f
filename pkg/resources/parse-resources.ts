// YAML documents or Kubernetes objects to typed resources, with every problem of every document listed. Reads no files itself.
import { hint } from "../runtime/closest.ts";
import { crossCheck } from "./cross-check.ts";
import { type Context, type Decoder, record, report, required } from "./decode.ts";
import { databaseSpec } from "./governed-database.ts";
import { anyText, type Metadata, metadata, statusField } from "./metadata.ts";
import { clusterPolicySpec, policySpec } from "./policy-spec.ts";
import { inOrder, type Problem } from "./problem.ts";
import { API_VERSION, type Resource, type Source } from "./resource.ts";
import { entryOf, type Tree, treeOf } from "./tree.ts";
import { unsupported } from "./unsupported.ts";
import { yamlTrees } from "./yaml-tree.ts";

export interface ResourceFile {
  readonly file: string;
  readonly text: string;
}

export interface ParseOptions {
  /** Namespace of a namespaced resource that names none; `default` when absent. */
  readonly namespace?: string;
}

export interface Parsed {
  readonly resources: readonly Resource[];
  /** Sorted by file and place. With an error among them, the resources are not to be used. */
  readonly problems: readonly Problem[];
}

/** What a document declares, whether or not the rest of it could be read: so that one mistake gives one problem. */
export interface Declared {
  readonly kind: Resource["kind"];
  readonly name: string;
  readonly namespace: string | null;
  readonly source: Source;
}

const kinds: readonly Resource["kind"][] = ["GovernedDatabase", "DataPolicy", "ClusterDataPolicy"];

export function parseResources(files: readonly ResourceFile[], options: ParseOptions = {}): Parsed {
  const read = files.map(({ file, text }) => ({ file, ...yamlTrees(file, text) }));
  const sources = read.flatMap(({ file, trees }) => trees.map((tree) => ({ file, tree })));
  return parseSources(
    sources,
    read.flatMap(({ problems }) => problems),
    options,
  );
}

/** The same for objects as the API server sends them; problems name them as `Kind namespace/name`. */
export function fromObjects(objects: readonly unknown[], options: ParseOptions = {}): Parsed {
  const sources = objects.map((object) => {
    const tree = treeOf(object);
    return { file: objectName(tree), tree };
  });
  return parseSources(sources, [], options);
}

function parseSources(sources: readonly Source[], earlier: readonly Problem[], options: ParseOptions): Parsed {
  const problems = [...earlier];
  const declared: Declared[] = [];
  const resources = sources.flatMap((source) => {
    const resource = parseOne(source, options.namespace ?? "default", problems, declared);
    return resource === undefined ? [] : [resource];
  });
  problems.push(...crossCheck(resources, declared));
  return { resources, problems: inOrder(problems) };
}

function parseOne(source: Source, namespace: string, problems: Problem[], declared: Declared[]): Resource | undefined {
  const context: Context = { file: source.file, path: [], problems };
  const kind = kindOf(source.tree, context);
  if (kind === undefined) return undefined;
  problems.push(...unsupported(kind, source));
  const meta = metadataOf(source.tree, context, kind, namespace);
  if (meta !== undefined) declared.push({ kind, ...meta, source });
  switch (kind) {
    case "GovernedDatabase": {
      const spec = specOf(databaseSpec, source.tree, context);
      if (spec === undefined || meta === undefined) return undefined;
      return { kind, database: { ...spec, name: meta.name, namespace: meta.namespace! }, source };
    }
    case "DataPolicy": {
      const spec = specOf(policySpec, source.tree, context);
      if (spec === undefined || meta === undefined) return undefined;
      return {
        kind,
        name: `${meta.namespace}/${meta.name}`,
        namespace: meta.namespace,
        spec,
        namespaceSelector: null,
        namespaceNames: null,
        source,
      };
    }
    case "ClusterDataPolicy": {
      const spec = specOf(clusterPolicySpec, source.tree, context);
      if (spec === undefined || meta === undefined) return undefined;
      const { namespaceSelector, namespaceNames, ...rest } = spec;
      return { kind, name: meta.name, namespace: null, spec: rest, namespaceSelector, namespaceNames, source };
    }
  }
  return kind satisfies never;
}

function kindOf(tree: Tree, context: Context): Resource["kind"] | undefined {
  if (tree.kind !== "map")
    return report(context, tree.at, "is not a resource", "begin it with apiVersion, kind, metadata and spec");
  const version = entryOf(tree, "apiVersion");
  const at = { ...context, path: ["apiVersion"] };
  if (version === undefined) report(at, tree.at, "is missing", `write apiVersion: ${API_VERSION}`);
  else if (version.value.kind !== "scalar" || version.value.value !== API_VERSION) {
    report(at, version.value.at, "is not known", `write apiVersion: ${API_VERSION}`);
  }
  const kind = entryOf(tree, "kind");
  const value = kind?.value.kind === "scalar" ? kind.value.value : null;
  const known = kinds.find((each) => each === value);
  if (known !== undefined) return known;
  const near = hint(String(value), kinds);
  const remedy = near === "" ? `use one of ${kinds.join(", ")}` : near.replace(/^; /, "");
  return report(
    { ...context, path: ["kind"] },
    kind?.value.at ?? tree.at,
    kind === undefined ? "is missing" : "is not known",
    remedy,
  );
}

function metadataOf(tree: Tree, context: Context, kind: Resource["kind"], namespace: string): Metadata | undefined {
  const entry = entryOf(tree, "metadata");
  const inside = { ...context, path: ["metadata"] };
  if (entry === undefined) return report(inside, tree.at, "is missing", "write metadata: {name: ...}");
  const meta = metadata(entry.value, inside);
  if (meta === undefined) return undefined;
  if (kind !== "ClusterDataPolicy") return { name: meta.name, namespace: meta.namespace ?? namespace };
  if (meta.namespace === null) return { name: meta.name, namespace: null };
  const at = entryOf(entry.value, "namespace")!.keyAt;
  return report(
    { ...context, path: ["metadata", "namespace"] },
    at,
    "a ClusterDataPolicy has no namespace",
    "remove it, or use a DataPolicy",
  );
}

/** Decodes `spec` and reports fields that a resource does not have. */
function specOf<T>(decode: Decoder<T>, tree: Tree, context: Context): T | undefined {
  const whole = record({
    apiVersion: anyText,
    kind: anyText,
    metadata: anyText,
    spec: required(decode, ""),
    status: statusField,
  });
  return whole(tree, context)?.spec;
}

function objectName(tree: Tree): string {
  const scalar = (value: Tree | undefined) =>
    value?.kind === "scalar" && value.value !== null ? String(value.value) : "";
  const meta = entryOf(tree, "metadata")?.value;
  const of = (key: string) => scalar(meta === undefined ? undefined : entryOf(meta, key)?.value);
  const name = [of("namespace"), of("name")].filter((part) => part !== "").join("/");
  return `${scalar(entryOf(tree, "kind")?.value) || "object"} ${name || "without a name"}`;
}
