// Whole resources, and what comes of them when one value is another.
import { METHOD_PARAMETERS } from "../../pkg/policy/method-parameters.ts";
import type { CustomResourceDefinition } from "../../pkg/resources/crd.ts";
import type { Schema } from "../../pkg/resources/schema.ts";
import { oddities, texts, tooMuch } from "./resource-texts.ts";

/** Specs with every field of their kind in it, all fitting. */
export function fullSpecs(definition: CustomResourceDefinition): readonly object[] {
  const selector = {
    matchLabels: { stage: "x" },
    matchExpressions: [
      { key: "a", operator: "In", values: ["b"] },
      { key: "a", operator: "Exists" },
    ],
  };
  if (definition.metadata.name.startsWith("governed")) {
    const tls = { mode: "VerifyFull", serverName: "db", certificateFile: "/c", keyFile: "/k" };
    const rest = {
      engine: "PostgreSQL",
      host: "db",
      port: 5432,
      servingSecret: "a",
      role: "r",
      settings: { a: "b" },
      relayPorts: [9187],
      workloads: selector,
    };
    return [
      { ...rest, credentials: "Brokered", credentialsSecret: "s", tls: { ...tls, ca: texts.ca![0] } },
      { ...rest, credentials: "PassThrough", tls: { ...tls, caFile: "/ca" } },
      { engine: "PostgreSQL", host: "/run/postgresql", tls: { mode: "Disable" } },
    ];
  }
  const subjects = [
    {
      kinds: ["Human"],
      names: ["*"],
      groups: ["g"],
      notGroups: ["h"],
      logins: ["l"],
      serviceAccounts: ["a/b"],
      clients: ["c"],
      assuranceBelow: "L2",
      actingFor: ["*"],
    },
  ];
  const spec = {
    databases: ["orders"],
    mode: "Observe",
    subjects,
    exempt: subjects,
    when: "true",
    predicates: "Allow",
    detect: ["Email"],
    classify: [{ columns: ["a.b.c"], tables: ["a.b"], class: "X" }],
    mask: Object.entries(METHOD_PARAMETERS).map(([method, { parameters }]) => ({
      classes: ["X"],
      method,
      parameters: Object.fromEntries(
        Object.entries(parameters).map(([name, each]) => [name, name === "subject" ? "id" : each.default]),
      ),
    })),
    functions: { safe: ["a.f(int)"] },
    guard: [
      {
        name: "a",
        effects: ["Update"],
        filter: "Missing",
        rowsOver: 5,
        action: "RequireApproval",
        message: "m",
        approval: "BeforeRun",
      },
      { name: "b", effects: ["Drop"], action: "Warn" },
    ],
    budgets: [{ per: "Principal", window: "1h", rows: 1, protectedCells: 1, action: "Warn" }],
    approval: { groups: ["g"], count: 1, validFor: "1m", waitUpTo: "1s" },
    audit: { onFailure: "Deny", durability: "Node" },
    onStale: { after: "1h", action: "Deny" },
  };
  // Its other fields are those of a DataPolicy.
  return [definition.metadata.name.startsWith("cluster") ? { namespaceSelector: selector, mode: "Observe" } : spec];
}

/** `spec` with one value put out, then in its place everything that stands in these lists and is off by one; and one field too many. */
export function oneValueChanged(
  definition: CustomResourceDefinition,
  spec: object,
): readonly { readonly what: string; readonly spec: unknown }[] {
  const { properties = {} } = definition.spec.versions[0].schema.openAPIV3Schema;
  return changes(spec, properties.spec!, "spec", "spec").map(({ what, value }) => ({ what, spec: value }));
}

interface Change {
  readonly what: string;
  readonly value: unknown;
}

function changes(value: unknown, schema: Schema, name: string, path: string): Change[] {
  const others = [...(schema.enum ?? []), ...(texts[name] ?? []), ...oddities, ...tooMuch(schema)];
  const own =
    path === "spec"
      ? []
      : others.map((each) => ({ what: `${path} = ${JSON.stringify(each).slice(0, 60)}`, value: each }));
  if (Array.isArray(value)) {
    const inside = value.flatMap((each, i) =>
      changes(each, schema.items!, name, `${path}[${i}]`).map((change) => ({
        ...change,
        value: value.with(i, change.value),
      })),
    );
    return [...own, ...inside, { what: `${path} doubled`, value: [...value, ...value] }];
  }
  if (typeof value !== "object" || value === null) return own;
  const fields = Object.entries(value);
  const inside = fields.flatMap(([key, each]) => [
    ...changes(
      each,
      schema.properties?.[key] ?? schema.additionalProperties!,
      schema.properties ? key : name,
      `${path}.${key}`,
    ).map((change) => ({
      ...change,
      value: { ...value, [key]: change.value },
    })),
    { what: `${path} without ${key}`, value: Object.fromEntries(fields.filter(([other]) => other !== key)) },
  ]);
  return [...own, ...inside, { what: `${path}.unheardOf`, value: { ...value, unheardOf: "x" } }];
}
