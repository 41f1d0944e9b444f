import { readConfig } from "../../cmd/collector/config.ts";
import { readSources } from "../../cmd/collector/sources-file.ts";
import { newSigner } from "../../pkg/ledger/note.ts";

const least = {
  WEIR_COLLECTOR_ORIGIN: "ledger.example.com/weir",
  WEIR_COLLECTOR_TLS_CERTIFICATE: "c",
  WEIR_COLLECTOR_TLS_KEY: "k",
  WEIR_COLLECTOR_CLUSTER: "eu-1",
};
const read = (env: Record<string, string>, argv: readonly string[] = []) => readConfig(argv, env, "1.2.3");

test("with the least it takes the records of its own cluster and keeps them for ever", () => {
  expect(read(least)).toEqual({
    do: "run",
    config: {
      listen: { host: "::", port: 4318 },
      adminListen: { host: "::", port: 8080 },
      data: "/var/lib/weir/collector",
      origin: "ledger.example.com/weir",
      tls: { certificate: "c", key: "k" },
      sources: null,
      store: { engine: "duckdb", memoryMiB: 512 },
      ownCluster: { cluster: "eu-1", environment: "production", audience: "weir.dev/weir-system" },
      logKey: null,
      keepDays: null,
      exportFolder: null,
      requestBytes: 268_435_456,
      traceBytes: 67_108_864,
      checkpointMs: 10_000,
      unclosedAfterMs: 3_600_000,
      drainMs: 5000,
      logLevel: "info",
    },
  });
});

test("all problems come together, each with its place and remedy", () => {
  const env = {
    WEIR_COLLECTOR_ORIGIN: "with space",
    WEIR_COLLECTOR_LISTEN: "4318",
    WEIR_COLLECTOR_CHECKPOINT_SECONDS: "11",
    WEIR_COLLECTOR_KEEP_DAYS: "0",
    WEIR_COLLECTOR_KEEPDAYS: "1",
    WEIR_COLLECTOR_SERVICE_HOST: "10.0.0.1",
  };
  expect(read(env, ["--hlep", "now"])).toEqual({
    do: "refuse",
    problems: [
      '"now" is not an option; options begin with --',
      'there is no option --hlep; did you mean "--help"?',
      'WEIR_COLLECTOR_KEEPDAYS: there is no such setting; did you mean "WEIR_COLLECTOR_KEEP_DAYS"?',
      "WEIR_COLLECTOR_LISTEN: does not fit; write host:port; :port for all addresses",
      "WEIR_COLLECTOR_ORIGIN: does not fit; write the log's name for ever, such as ledger.example.com/weir; no spaces, no +",
      "WEIR_COLLECTOR_TLS_CERTIFICATE: is not set; write a PEM file, the leaf first",
      "WEIR_COLLECTOR_TLS_KEY: is not set; write the PEM file of its key",
      "WEIR_COLLECTOR_KEEP_DAYS: does not fit; write days from 1 to 36500; not set: for ever",
      "WEIR_COLLECTOR_CHECKPOINT_SECONDS: does not fit; write seconds from 1 to 10 between signed checkpoints",
      "WEIR_COLLECTOR_SOURCES and WEIR_COLLECTOR_CLUSTER: neither is set, so nobody could send; set one",
    ],
  });
});

test("--help names every setting, --version the version", () => {
  const help = read({}, ["--help"]);
  expect(help.do === "print" && help.text).toMatch(/WEIR_COLLECTOR_ORIGIN +the log's name for ever.*required\n/);
  expect(read({}, ["--version"])).toEqual({ do: "print", text: "weir-collector 1.2.3\n" });
});

const key = newSigner("witness.example.com/w1", "cosignature", Buffer.alloc(32, 1)).vkey;

test("sources, readers and witnesses are read", () => {
  const text = `
sources:
- {name: eu-1, environment: production, tokenReview: {}}
- {name: us-1, environment: production, jwks: {file: j, issuer: i, audience: a}}
- {name: paris, cluster: eu-1, environment: staging, namespace: gateways, certificate: {ca: c, san: "*.gw.example.com"}}
readers:
- {name: ana, tokenSha256: ${"0a".repeat(32)}}
- {name: grafana, may: read, account: {source: us-1, account: monitoring/grafana}}
- {name: counsel, may: [read, hold], certificate: {ca: c, san: counsel.example.com}}
witnesses:
- {url: "https://witness.example.com/", key: "${key}"}
`;
  expect(readSources(text, "f")).toMatchObject({
    ok: true,
    file: {
      sources: [
        {
          name: "eu-1",
          cluster: "eu-1",
          namespace: null,
          by: { kind: "token-review", audience: "weir.dev/weir-system", kubeconfig: null },
        },
        { name: "us-1", by: { kind: "jwks", file: "j", issuer: "i", audience: "a" } },
        { name: "paris", cluster: "eu-1", environment: "staging", namespace: "gateways", by: { kind: "certificate" } },
      ],
      readers: [
        { name: "ana", role: "auditor", scope: {}, by: { kind: "token" } },
        {
          name: "grafana",
          role: "auditor",
          scope: {},
          by: { kind: "account", source: "us-1", account: "monitoring/grafana" },
        },
        { name: "counsel", role: "admin", scope: {}, by: { kind: "certificate", ca: "c", san: "counsel.example.com" } },
      ],
      witnesses: [{ url: "https://witness.example.com/", ca: null }],
    },
  });
  expect(readSources("", "f")).toEqual({ ok: true, file: { sources: [], readers: [], witnesses: [], forward: [] } });
});

test("what does not fit in the file is told with its place", () => {
  const text = `
sources:
- {name: eu-1, environment: production, tokenReview: {}, jwks: {file: j}}
- {name: "../x", tokenReviw: {}}
- {name: eu-1, environment: e, certificate: {ca: c, san: "{namespace}.{namespace}"}}
readers:
- {name: a, tokenSha256: hunter2}
- {name: b, may: write, account: {source: eu-2, account: x}}
witnesses:
- {url: "ftp://x", key: none}
sorces: []
`;
  const outcome = readSources(text, "f");
  expect(outcome.ok === false && outcome.problems).toEqual([
    'f: there is no "sorces"; did you mean "sources"?',
    "f: sources[0]: has to say how its senders prove who they are; write one of tokenReview, jwks, certificate",
    'f: sources[1]: there is no "tokenReviw"; did you mean "tokenReview"?',
    "f: sources[1].name: does not fit; write up to 63 letters, digits, dots, dashes and underscores",
    "f: sources[1]: has to say how its senders prove who they are; write one of tokenReview, jwks, certificate",
    "f: sources[1].environment: is missing",
    "f: sources[2].certificate.san: names {namespace} twice; name it once",
    "f: readers[0].tokenSha256: does not fit; write the SHA-256 of the token as 64 hex digits, never the token",
    "f: readers[1].may: does not fit; write role: viewer, auditor or admin",
    'f: readers[1].account.source: is no source of this file; did you mean "eu-1"?',
    "f: witnesses[0].url: does not fit; write an https address",
    "f: witnesses[0].key: is no verifier key; write NAME+HASH+BASE64 as the witness tells it",
    'f: sources: "eu-1" is there twice; names are unique',
  ]);
  expect(readSources("sources: [", "f").ok).toBe(false);
  const own = "readers: [{name: r, account: {source: own-cluster, account: a/b}}]";
  expect([readSources(own, "f").ok, readSources(own, "f", ["own-cluster"]).ok]).toEqual([false, true]);
  expect(readSources("a: &x [*x]", "f").ok).toBe(false);
});

test("the index is a file, a ClickHouse over TLS, or none", () => {
  const base = {
    ...{ WEIR_COLLECTOR_ORIGIN: "a", WEIR_COLLECTOR_TLS_CERTIFICATE: "c", WEIR_COLLECTOR_TLS_KEY: "k" },
    WEIR_COLLECTOR_SOURCES: "s",
  };
  const storeOf = (more: Record<string, string>) => {
    const outcome = read({ ...base, ...more });
    return outcome.do === "run" ? outcome.config.store : outcome;
  };
  expect(storeOf({ WEIR_COLLECTOR_STORE: "none" })).toEqual({ engine: "none" });
  expect(
    storeOf({ WEIR_COLLECTOR_STORE: "https://ch:8443/weir", WEIR_COLLECTOR_STORE_PASSWORD_FILE: "/run/pw" }),
  ).toEqual({ engine: "clickhouse", url: "https://ch:8443/weir", user: "default", password: "/run/pw" });
  const problem =
    "WEIR_COLLECTOR_STORE: does not fit; write the index of records: duckdb, https://host:8443/database of a ClickHouse, or none";
  for (const address of [
    "http://ch:8123/weir",
    "https://weir:secret@ch/weir",
    "https://ch/a/b",
    "https://ch/?x=1",
    "sqlite",
  ])
    expect(storeOf({ WEIR_COLLECTOR_STORE: address })).toEqual({ do: "refuse", problems: [problem] });
});
