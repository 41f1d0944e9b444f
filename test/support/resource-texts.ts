// What people write into the fields of resources: texts that fit and texts that do not, values of another kind, and one too many.
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
export const texts: Readonly<Record<string, readonly string[]>> = {
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

export const oddities: readonly unknown[] = [
  null,
  "",
  " ",
  0,
  -1,
  1.5,
  true,
  [],
  {},
  ["x"],
  { x: 1 },
  "Nonsense",
  5,
  "5",
];

export const plainTexts = ["a", "two words", "ümlaut", "*", "x".repeat(64), "😀"];

/** One above what the schema allows. */
export function tooMuch(schema: Schema): readonly unknown[] {
  const { maximum, minimum, maxLength, maxItems, items } = schema;
  return [
    ...(maximum === undefined ? [] : [maximum + 1]),
    ...(minimum === undefined ? [] : [minimum - 1]),
    ...(maxLength === undefined ? [] : ["a".repeat(maxLength), "a".repeat(maxLength + 1), "😀".repeat(maxLength)]),
    ...(maxItems === undefined || items?.enum === undefined ? [] : [Array(maxItems + 1).fill(items.enum[0])]),
  ];
}
