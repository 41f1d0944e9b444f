import { compilePolicies } from "../../cmd/sidecar/compile-policies.ts";
import { readConfig } from "../../cmd/sidecar/config.ts";
import { credentialsOf } from "../../cmd/sidecar/credentials-of.ts";

const database = (spec: string) => ({
  file: "database.yaml",
  text: `apiVersion: weir.dev/v1alpha1
kind: GovernedDatabase
metadata: {name: orders, namespace: shop}
spec: ${spec}
`,
});
const relayed = database("{engine: PostgreSQL, host: db.shop, port: 5433, tls: {mode: Disable}}");

function config(env: Record<string, string> = {}) {
  const all = {
    WEIR_LISTENERS: "127.0.0.1:0=shop/orders",
    WEIR_POLICIES: "/policies",
    WEIR_SPOOL_FOLDER: "/spool",
    ...env,
  };
  const outcome = readConfig([], { env: all, version: "0", readFile: () => Buffer.from("k".repeat(32)) });
  if (outcome.do !== "run") throw new Error(JSON.stringify(outcome));
  return outcome.config;
}

test("a listener gets its database's address and its way to log in", () => {
  const compiled = compilePolicies([relayed], config());
  expect(compiled).toMatchObject({
    good: true,
    policies: {
      set: { databases: [{ name: "orders" }], policies: [] },
      upstreams: [
        {
          database: "shop/orders",
          credentials: "PassThrough",
          upstream: { host: "db.shop", port: 5433, tls: { mode: "disable" } },
        },
      ],
    },
  });
});

test("a name without namespace is looked for in the sidecar's own", () => {
  expect(
    compilePolicies([relayed], config({ WEIR_LISTENERS: "127.0.0.1:0=orders", WEIR_NAMESPACE: "shop" })).good,
  ).toBe(true);
  expect(compilePolicies([relayed], config({ WEIR_LISTENERS: "127.0.0.1:0=orders" }))).toEqual({
    good: false,
    problems: [
      "listeners: 127.0.0.1:0: there is no GovernedDatabase default/orders in /policies; there is shop/orders",
    ],
  });
});

test("every problem of every file is listed with its line", () => {
  const files = [database("{engine: Oracle, host: db}"), { file: "policy.yaml", text: "kind: DataPolcy\n" }];
  const compiled = compilePolicies(files, config());
  expect(compiled.good ? [] : compiled.problems.map((problem) => problem.split(": ", 1)[0])).toEqual([
    "database.yaml:4:16",
    "policy.yaml:1:1",
    "policy.yaml:1:7",
  ]);
});

test("Brokered credentials need a login of the sidecar, and then give it", async () => {
  const brokered = database("{engine: PostgreSQL, host: db, tls: {mode: Disable}, credentials: Brokered}");
  expect(compilePolicies([brokered], config())).toEqual({
    good: false,
    problems: [
      "listeners: 127.0.0.1:0: credentials of shop/orders are Brokered, but the sidecar has no login for it; set upstreamLogins.shop/orders",
    ],
  });
  const held = config({
    WEIR_UPSTREAM_LOGINS: '{"shop/orders": {"user": "app", "passwordFile": "/password"}}',
    WEIR_IDENTITIES: '{"ana": {"kind": "Human", "trustLoopback": true}, "robo": {"kind": "Agent"}}',
  });
  const compiled = compilePolicies([brokered], held);
  if (!compiled.good) throw new Error(compiled.problems.join());
  const credentials = credentialsOf(compiled.policies.upstreams[0]!, held, Buffer.alloc(32));
  if (credentials.mode !== "Brokered") throw new Error("relayed");
  expect([
    credentials.user,
    credentials.clients("ana"),
    credentials.clients("robo"),
    credentials.clients("toString"),
  ]).toEqual(["app", { kind: "trustLoopback" }, undefined, undefined]);
});

test("a CA file that is not there is a problem of the listener that needs it", () => {
  const verified = database("{engine: PostgreSQL, host: db, tls: {mode: VerifyFull, caFile: /absent/ca.pem}}");
  expect(compilePolicies([verified], config())).toEqual({
    good: false,
    problems: ["listeners: 127.0.0.1:0: tls.caFile of shop/orders cannot be read (ENOENT)"],
  });
});
