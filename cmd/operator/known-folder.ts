// What is known of a cluster, from a folder of YAML instead of an API server: Namespaces, GovernedDatabases and the ConfigMap
// weir-public. For development and tests.
import { parseAllDocuments } from "yaml";
import { isObject, type Json, listAt, textAt, textsAt } from "../../pkg/admission/json.ts";
import { type Known, type KnownNamespace, knownFrom } from "../../pkg/admission/known.ts";
import { fromObjects } from "../../pkg/resources/parse-resources.ts";
import { formatProblem, hasErrors } from "../../pkg/resources/problem.ts";
import { readFolder } from "../../pkg/resources/read-folder.ts";

export type OpenedKnown =
  | { readonly ok: true; readonly known: Known }
  | { readonly ok: false; readonly problems: readonly string[] };

export function knownFromFolder(folder: string): OpenedKnown {
  let objects: readonly Json[];
  try {
    objects = readFolder(folder).flatMap(({ text }) => parseAllDocuments(text).map((each) => each.toJS() as Json));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "error";
    return { ok: false, problems: [`${folder}: cannot be read (${code}); name a folder of YAML`] };
  }
  const items = objects
    .flatMap((each) => (textAt(each, "kind") === "List" ? listAt(each, "items") : [each]))
    .filter(isObject);
  const ofKind = (kind: string) => items.filter((each) => each.kind === kind);
  const { resources, problems } = fromObjects(ofKind("GovernedDatabase"));
  if (hasErrors(problems)) return { ok: false, problems: problems.map(formatProblem) };
  const keys = ofKind("ConfigMap").find((each) => textAt(each, "metadata", "name") === "weir-public");
  const content = {
    namespaces: ofKind("Namespace").map(namespaceOf),
    databases: resources.flatMap((each) => (each.kind === "GovernedDatabase" ? [each.database] : [])),
    bundleKeys: (textAt(keys, "data", "keys") ?? "").split(",").filter((key) => key !== ""),
    nativeSidecars: true,
  };
  return { ok: true, known: knownFrom(() => content) };
}

function namespaceOf(object: Json): KnownNamespace {
  return { name: textAt(object, "metadata", "name") ?? "", annotations: textsAt(object, "metadata", "annotations") };
}
