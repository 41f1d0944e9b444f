// Resources as people write them, good and bad, made from the schemas of the definitions: mostly fitting, now and then off by one.
import fc from "fast-check";
import { METHOD_PARAMETERS } from "../../pkg/policy/method-parameters.ts";
import type { CustomResourceDefinition } from "../../pkg/resources/crd.ts";
import { parameterSchema } from "../../pkg/resources/mask-schema.ts";
import type { Schema } from "../../pkg/resources/schema.ts";

const kubernetesNames = [
  "orders",
  "a",
  "shop-db",
  "a.b",
  "0",
  "a".repeat(63),
  "Orders",
  "-a",
  "a_b",
  "a..b",
  "ä",
  "a".repeat(64),
];
const durations = ["60s", "15m", "1h", "7d", "0s", "999999999d", "1", "1w", "1h30m", " 1h", "1.5h", "1h\n"];

/** Texts for fields with a pattern, by the field's name: what fits first, then what does not. */
const texts: Readonly<Record<string, readonly string[]>> = {
  name: [...kubernetesNames, "mask", "budget"],
  databases: kubernetesNames,
  servingSecret: kubernetesNames,
  credentialsSecret: kubernetesNames,
  host: [
    "db",
    "10.0.0.1",
    "::1",
    "DB.Shop_x",
    "/run/postgresql",
    "/",
    "db/x",
    "a b",
    "/run/my sockets",
    "postgres://db",
    "db\n",
  ],
  serverName: ["db", "db.example.com", "a b", "/x"],
  ca: ["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "\n-----BEGIN CERTIFICATE-----", "x"],
  columns: [
    "public.customers.email",
    "*.*.ssn",
    '"My Schema"."T""x".c',
    "a.b.c#d.e",
    "a.b.c#d[*].e",
    'a.b.c#"x y".z',
    "a.b[0].c",
    "a.b.c#d#e",
    "a.b.c#[*]",
    "a.b",
    "a.b.c.d",
    "a..c",
    "a.b.",
    ".a.b",
    "a b.c.d",
    'a."b.c',
    '"a*".b.c',
    'a.b"c.d',
    "a.b.c#",
    "a.b.c#d[0]",
    "a.b.c#d..e",
    '"a"x.b.c',
    "",
  ],
  tables: ["public.patients", "*.*", '"A b".c', "a", "a.b.c", "a.b#c", "a. b", ""],
  class: ["PII.EMAIL", "X", "a-b_c.D", "1a", "A..B", "A.", "a b", "PII.*"],
  classes: ["PII.EMAIL", "PII.*", "*", "a b", "PII/EMAIL", ""],
  serviceAccounts: ["shop/api", "shop/*", "api", "a/b/c", "a /b", "/a"],
  safe: ["public.f(bigint)", "public.f", "a.f(x, y)", "f(x)", "a.f(", "a b.f()", "a.f()x"],
  rowsOver: ["10%", "0.5%", "100%", "100.0%", "0.001%", "0%", "110%", "100.1%", "1e3", "10", "%", "0.000%", "007%"],
  key: ["stage", "weir.dev/stage", "a_b.c", "/a", "a/", "a/b/c", "-a", "ä"],
  values: ["", "production", "a_b", "-a", "a b", "a".repeat(64)],
  matchLabels: ["", "production", "a b"],
  after: durations,
  window: durations,
  validFor: durations,
  waitUpTo: durations,
  text: ["[gone]", "x\ny", "\u0000", "x".repeat(65)],
  character: ["*", "#", "é", "😀", "", "**", "\n"],
  bounds: ["0,18,30", "-1.5,2", "", "1,", "a"],
  subject: ["id", "customer_id", "a.b", "ä", "x".repeat(64)],
};

const oddities: readonly unknown[] = [null, "", " ", 0, -1, 1.5, true, [], {}, ["x"], { x: 1 }, "Nonsense", 5, "5"];

const plainTexts = ["a", "two words", "ümlaut", "*", "x".repeat(64), "😀"];

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

export function resourceArbitrary(definition: CustomResourceDefinition, oddOf1000: number): fc.Arbitrary<object> {
  const { spec } = definition.spec.versions[0].schema.openAPIV3Schema.properties ?? {};
  return valueOf(spec ?? {}, "spec", oddOf1000) as fc.Arbitrary<object>;
}

/** Of a thousand values this many are something else altogether. */
function valueOf(schema: Schema, name: string, odd: number): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 1000 - odd, arbitrary: fitting(schema, name, odd) },
    { weight: odd, arbitrary: fc.constantFrom(...oddities, ...tooMuch(schema)) },
  );
}

function fitting(schema: Schema, name: string, odd: number): fc.Arbitrary<unknown> {
  if (schema["x-kubernetes-int-or-string"]) return fc.oneof(fc.constantFrom(0, 1000, 2 ** 53 - 1), textsOf(name, odd));
  switch (schema.type) {
    case "object":
      return objectOf(schema, name, odd);
    case "array":
      return fc.array(valueOf(schema.items ?? {}, name, odd), {
        minLength: schema.minItems ?? 0,
        maxLength: 3,
        size: "max",
      });
    case "boolean":
      return fc.boolean();
    case "integer":
      return fc.oneof(
        fc.constantFrom(schema.minimum, schema.maximum),
        fc.integer({ min: schema.minimum ?? 0, max: 1000 }).filter((value) => value <= (schema.maximum ?? value)),
      );
    case "number":
      return fc.constantFrom(schema.minimum, schema.maximum, 0.5, 10);
    case "string":
      if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
      return name === "when" ? fc.constantFrom("true", "session.environment == 'test'") : textsOf(name, odd);
  }
  throw new Error(`${name} has a schema without a type`);
}

/** The first of a list always fit; the others come seldom where oddities do. */
function textsOf(name: string, odd: number): fc.Arbitrary<string> {
  const all = texts[name] ?? plainTexts;
  return fc.oneof(
    { weight: 1000 - odd, arbitrary: fc.constantFrom(...all.slice(0, 2)) },
    { weight: odd * 3, arbitrary: fc.constantFrom(...all) },
  );
}

function objectOf(schema: Schema, name: string, odd: number): fc.Arbitrary<unknown> {
  if (schema.additionalProperties !== undefined)
    return fc.dictionary(fc.constantFrom("stage", "team"), valueOf(schema.additionalProperties, name, odd));
  const fields = Object.entries(schema.properties ?? {});
  if (name === "mask" && schema.properties?.parameters !== undefined)
    return fc.oneof(maskOf(odd), plainObjectOf(schema, odd));
  return plainObjectOf(schema, odd);
}

/** A mask with parameters of its own method. */
function maskOf(odd: number): fc.Arbitrary<unknown> {
  return fc.constantFrom(...Object.entries(METHOD_PARAMETERS)).chain(([method, { parameters }]) => {
    const model = Object.fromEntries(
      Object.entries(parameters).map(([name, each]) => [name, valueOf(parameterSchema(each), name, odd)]),
    );
    const requiredKeys = Object.keys(parameters).filter((name) => name === "subject");
    return fc.record({
      classes: fc.constant(["X"]),
      method: fc.constant(method),
      parameters: fc.record(model, { requiredKeys }),
    });
  });
}

function plainObjectOf(schema: Schema, odd: number): fc.Arbitrary<unknown> {
  const fields = Object.entries(schema.properties ?? {});
  const model = Object.fromEntries(fields.map(([key, each]) => [key, valueOf(each, key, odd)]));
  const requiredKeys = [...(schema.required ?? [])];
  const whole = fc
    .tuple(fc.record(model, { requiredKeys }), fc.subarray(fields.map(([key]) => key)))
    .map(([value, kept]) =>
      Object.fromEntries(Object.entries(value).filter(([key]) => requiredKeys.includes(key) || kept.includes(key))),
    );
  const unknown = whole.map((value) => ({ ...value, unheardOf: "x" }));
  const without = whole.map((value) => Object.fromEntries(Object.entries(value).slice(1)));
  return fc.oneof({ weight: 2000, arbitrary: whole }, { weight: odd, arbitrary: fc.oneof(unknown, without) });
}

/** One above what the schema allows. */
function tooMuch(schema: Schema): readonly unknown[] {
  const { maximum, minimum, maxLength, maxItems, items } = schema;
  return [
    ...(maximum === undefined ? [] : [maximum + 1]),
    ...(minimum === undefined ? [] : [minimum - 1]),
    ...(maxLength === undefined ? [] : ["a".repeat(maxLength), "a".repeat(maxLength + 1), "😀".repeat(maxLength)]),
    ...(maxItems === undefined || items?.enum === undefined ? [] : [Array(maxItems + 1).fill(items.enum[0])]),
  ];
}
