import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compilePolicies } from "../../cmd/sidecar/compile-policies.ts";
import { readConfig } from "../../cmd/sidecar/config.ts";
import { credentialsOf } from "../../cmd/sidecar/credentials-of.ts";
import { makeCertificate } from "../../pkg/localdb/certificate.ts";

const database = (spec: string) => ({
  file: "database.yaml",
  text: `apiVersion: weir.dev/v1alpha1
kind: GovernedDatabase
metadata: {name: orders, namespace: shop}
spec: ${spec}
`,
});
const relayed = database("{engine: PostgreSQL, host: db.shop, port: 5433, tls: {mode: Disable}}");

const compile = (files: Parameters<typeof compilePolicies>[0], values: Parameters<typeof compilePolicies>[1]) =>
  compilePolicies(files, values, { nowMs: () => nowMs, problem: (what) => problems.push(what) });
let nowMs = 0;
let problems: string[] = [];
beforeEach(() => {
  nowMs = 0;
  problems = [];
});

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
  const compiled = compile([relayed], config());
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
  expect(compile([relayed], config({ WEIR_LISTENERS: "127.0.0.1:0=orders", WEIR_NAMESPACE: "shop" })).good).toBe(true);
  expect(compile([relayed], config({ WEIR_LISTENERS: "127.0.0.1:0=orders" }))).toEqual({
    good: false,
    problems: [
      "listeners: 127.0.0.1:0: there is no GovernedDatabase default/orders in /policies; there is shop/orders",
    ],
  });
});

test("every problem of every file is listed with its line", () => {
  const files = [database("{engine: Oracle, host: db}"), { file: "policy.yaml", text: "kind: DataPolcy\n" }];
  const compiled = compile(files, config());
  expect(compiled.good ? [] : compiled.problems.map((problem) => problem.split(": ", 1)[0])).toEqual([
    "database.yaml:4:16",
    "policy.yaml:1:1",
    "policy.yaml:1:7",
  ]);
});

test("Brokered credentials need a login of the sidecar, and then give it", async () => {
  const brokered = database("{engine: PostgreSQL, host: db, tls: {mode: Disable}, credentials: Brokered}");
  expect(compile([brokered], config())).toEqual({
    good: false,
    problems: [
      "listeners: 127.0.0.1:0: credentials of shop/orders are Brokered, but the sidecar has no login for it; set upstreamLogins.shop/orders",
    ],
  });
  const held = config({
    WEIR_UPSTREAM_LOGINS: '{"shop/orders": {"user": "app", "passwordFile": "/password"}}',
    WEIR_IDENTITIES: '{"ana": {"kind": "Human", "trustLoopback": true}, "robo": {"kind": "Agent"}}',
  });
  const compiled = compile([brokered], held);
  if (!compiled.good) throw new Error(compiled.problems.join());
  const credentials = credentialsOf(compiled.policies.upstreams[0]!, held, {
    saltKey: Buffer.alloc(32),
    verifier: null,
  });
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
  expect(compile([verified], config())).toEqual({
    good: false,
    problems: ["listeners: 127.0.0.1:0: tls of shop/orders: ENOENT: no such file or directory, open '/absent/ca.pem'"],
  });
});

test("every mode is there, and the server's name", () => {
  const modes = ["Allow", "Prefer", "Require", "VerifyCA", "VerifyFull"];
  const found = modes.map((mode) => {
    const compiled = compile(
      [database(`{engine: PostgreSQL, host: db, tls: {mode: ${mode}, serverName: db.example}}`)],
      config(),
    );
    const tls = compiled.good ? compiled.policies.upstreams[0]!.upstream.tls : { mode: "disable" as const };
    return [tls.mode, "serverName" in tls ? tls.serverName : null];
  });
  expect(found).toEqual(["allow", "prefer", "require", "verify-ca", "verify-full"].map((mode) => [mode, "db.example"]));
});

test("without tls it is Require on the network, and a unix socket has none", () => {
  const tlsOf = (spec: string) => {
    const compiled = compile([database(spec)], config());
    return compiled.good ? compiled.policies.upstreams[0]!.upstream : compiled.problems;
  };
  expect(tlsOf("{engine: PostgreSQL, host: db}")).toMatchObject({ host: "db", tls: { mode: "require" } });
  expect(tlsOf("{engine: PostgreSQL, host: /run/postgresql/}")).toMatchObject({
    host: "/run/postgresql",
    tls: { mode: "disable" },
  });
  expect(tlsOf("{engine: PostgreSQL, host: /run/postgresql, tls: {mode: Require}}")).toEqual([
    expect.stringContaining("there is no TLS over the unix socket in /run/postgresql"),
  ]);
});

describe("files of tls", () => {
  let folder: string;
  const [first, second] = [makeCertificate("first", []), makeCertificate("second", [])];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "weir-tls-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function put(name: string, text: string): string {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  }

  function tlsOf(tls: string) {
    const compiled = compile([database(`{engine: PostgreSQL, host: db, tls: ${tls}}`)], config());
    if (!compiled.good) throw new Error(compiled.problems.join());
    const { upstream } = compiled.policies.upstreams[0]!;
    if (upstream.tls.mode === "disable") throw new Error("plain");
    return upstream.tls;
  }

  test("a renewed CA counts at the next look; one that is none leaves the last good one", () => {
    const file = put("ca.crt", first.certificate);
    const tls = tlsOf(`{mode: VerifyCA, caFile: ${file}}`);
    const ca = () => ("ca" in tls ? tls.ca : null);
    expect(ca()).toBe(first.certificate);
    put("ca.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    nowMs = 2000;
    expect(ca()).toBe(first.certificate);
    expect(problems).toHaveLength(1);
    put("ca.crt", second.certificate);
    nowMs = 4000;
    expect(ca()).toBe(second.certificate);
  });

  test("a CA in the resource itself counts; one that is none is a problem", () => {
    const tls = tlsOf(`{mode: VerifyCA, ca: ${JSON.stringify(first.certificate)}}`);
    expect("ca" in tls ? tls.ca : null).toBe(first.certificate);
    const broken = "-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----";
    expect(() => tlsOf(`{mode: VerifyCA, ca: "${broken}"}`)).toThrow("tls of");
    expect(() => tlsOf('{mode: VerifyCA, ca: "-----BEGIN CERTIFICATE----- and no end"}')).toThrow(
      "ca holds no certificate in PEM",
    );
  });

  test("so does a renewed client certificate", () => {
    const [certificate, key] = [put("c.crt", first.certificate), put("c.key", first.key)];
    const tls = tlsOf(`{certificateFile: ${certificate}, keyFile: ${key}}`);
    expect(tls.clientCertificate).toEqual(first);
    put("c.crt", second.certificate);
    nowMs = 2000;
    expect(tls.clientCertificate).toEqual(first);
    expect(problems[0]).toContain("does not belong to the certificate");
    put("c.key", second.key);
    nowMs = 4000;
    expect(tls.clientCertificate).toEqual(second);
  });

  test("half of a pair is a problem", () => {
    expect(() => tlsOf("{certificateFile: /c.crt}")).toThrow("certificateFile and keyFile belong together");
  });
});
