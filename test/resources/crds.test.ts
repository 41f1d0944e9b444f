// crds/ is what the decoders say, every field explains itself, and everything is bounded, as the API server's budget for CEL demands.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { customResourceDefinitions } from "../../pkg/resources/crd.ts";
import { crdFiles } from "../../pkg/resources/crd-files.ts";
import type { Schema } from "../../pkg/resources/schema.ts";

const folder = join(import.meta.dirname, "../../crds");

interface Node {
  readonly path: string;
  readonly schema: Schema;
}

/** Every schema below spec and status with its path; items of a list as `path[]`. */
function nodesOf(path: string, schema: Schema): Node[] {
  const { properties = {}, items, additionalProperties } = schema;
  return [
    { path, schema },
    ...Object.entries(properties).flatMap(([name, each]) => nodesOf(`${path}.${name}`, each)),
    ...(items === undefined ? [] : nodesOf(`${path}[]`, items)),
    ...(additionalProperties === undefined ? [] : nodesOf(`${path}{}`, additionalProperties)),
  ];
}

const nodes = customResourceDefinitions().flatMap(({ metadata, spec }) => {
  const { properties = {} } = spec.versions[0].schema.openAPIV3Schema;
  return [
    ...nodesOf(`${metadata.name} spec`, properties.spec!),
    ...nodesOf(`${metadata.name} status`, properties.status!),
  ];
});
const pathsWhere = (wrong: (node: Node) => boolean) => nodes.filter(wrong).map(({ path }) => path);

test("the files are as the decoders say; `make crds` writes them anew", () => {
  const written = readdirSync(folder).map((name) => ({ name, text: readFileSync(join(folder, name), "utf8") }));
  expect(written).toEqual([...crdFiles()].sort((left, right) => (left.name < right.name ? -1 : 1)));
});

test("every field has a description that begins with its name and is whole sentences", () => {
  expect(nodes.length).toBeGreaterThan(200);
  const undescribed = ({ path, schema }: Node) => {
    const name = /([a-zA-Z0-9]+)$/.exec(path)?.[1];
    if (name === undefined || path.endsWith("]") || path.endsWith("}")) return false;
    const parameterOfMask = path.includes(".parameters.");
    const text = schema.description ?? "";
    return !text.endsWith(".") || !text.startsWith(parameterOfMask ? "Of " : `${name} `);
  };
  expect(pathsWhere(undescribed)).toEqual([]);
});

test("every value of a choice and every default is explained", () => {
  const silent = ({ schema: { description = "", enum: values = [], default: fallback } }: Node) =>
    description !== "" &&
    [...values, ...(fallback === undefined ? [] : [String(fallback)])].some((value) => !description.includes(value));
  expect(pathsWhere(silent)).toEqual([]);
});

test("every list, map, text and number has a bound", () => {
  const boundless = ({ schema }: Node) => {
    switch (schema.type) {
      case "array":
        return schema.maxItems === undefined;
      case "object":
        return schema.properties === undefined && schema.maxProperties === undefined;
      case "string":
        return schema.enum === undefined && schema.maxLength === undefined && schema.format === undefined;
      case "integer":
      case "number":
        return schema.minimum === undefined;
      default:
        return false;
    }
  };
  expect(pathsWhere(boundless)).toEqual([]);
});

test("every message of a rule says what to do", () => {
  const messages = nodes
    .flatMap(({ schema }) => schema["x-kubernetes-validations"] ?? [])
    .map(({ message }) => message);
  expect(messages.length).toBeGreaterThan(20);
  expect(messages.filter((message) => !/; | is one of | needs |must be /.test(message))).toEqual([]);
});
