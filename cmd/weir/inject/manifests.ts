// Kubernetes manifests in and out of YAML text, read as kubectl reads them (YAML 1.1 without its dates and its numbers in base 60).
import { type DocumentOptions, parseAllDocuments, type SchemaOptions, stringify, type Tags } from "yaml";
import { isObject, type Json, type JsonObject } from "../../../pkg/admission/json.ts";

const unlikeKubectl = ["timestamp", "binary", "omap", "pairs", "set"].map((name) => `tag:yaml.org,2002:${name}`);
const options: DocumentOptions & SchemaOptions = {
  version: "1.1",
  customTags: (tags: Tags) =>
    tags.filter(
      (tag) =>
        typeof tag === "string" || !(unlikeKubectl.includes(tag.tag) || ("format" in tag && tag.format === "TIME")),
    ),
};

export interface Manifests {
  readonly objects: readonly JsonObject[];
  /** Each `file:line: what is wrong`. */
  readonly problems: readonly string[];
}

export function readManifests(file: string, text: string): Manifests {
  const objects: JsonObject[] = [];
  const problems: string[] = [];
  for (const document of parseAllDocuments(text, { ...options, prettyErrors: true })) {
    if ("errors" in document && document.errors.length > 0)
      problems.push(
        ...document.errors.map(
          ({ message, linePos }) => `${file}:${linePos?.[0].line ?? 0}: ${message.split("\n", 1)[0]}`,
        ),
      );
    else {
      const object = document.toJS() as Json;
      if (isObject(object)) objects.push(object);
      else if (object !== null)
        problems.push(`${file}: a document is no Kubernetes object; begin it with apiVersion and kind`);
    }
  }
  return { objects, problems };
}

/** Several documents, quoted where kubectl would else read something other than a text. */
export function manifestText(objects: readonly JsonObject[]): string {
  return objects
    .map((object) => stringify(object, { ...options, lineWidth: 0 }).replace(/^%YAML 1\.1\n---\n/, ""))
    .join("---\n");
}

/** The items of lists, whole objects otherwise. */
export function flattened(objects: readonly JsonObject[]): readonly JsonObject[] {
  return objects.flatMap((object) => (isList(object) ? flattened(object.items.filter(isObject)) : [object]));
}

/** `change` for each object, also within lists. */
export function mapObjects(
  objects: readonly JsonObject[],
  change: (object: JsonObject) => JsonObject,
): readonly JsonObject[] {
  return objects.map((object) =>
    isList(object)
      ? { ...object, items: object.items.map((item) => (isObject(item) ? mapObjects([item], change)[0]! : item)) }
      : change(object),
  );
}

function isList(object: JsonObject): object is JsonObject & { readonly items: readonly Json[] } {
  return String(object.kind).endsWith("List") && Array.isArray(object.items);
}
