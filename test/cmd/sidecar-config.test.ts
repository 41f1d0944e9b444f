import { readConfig } from "../../cmd/sidecar/config.ts";

const files: Record<string, string> = {
  "/etc/weir/config.yaml": `
listeners:
  - {listen: "127.0.0.1:5433", database: shop/orders}
  - {listen: "[::1]:5434", database: shop/billing}
policies: /etc/weir/policies
spool: {folder: /var/lib/weir/spool, bytesMax: 64MiB}
keys: {mask: /etc/weir/mask.key}
identities:
  dana: {kind: Human, name: dana@shop.example, groups: [developers]}
  robo: {kind: Agent}
upstreamLogins:
  shop/orders: {user: weir, passwordFile: /etc/weir/password}
environment: production
drainSeconds: 5
`,
  "/etc/weir/mask.key": "0123456789abcdef0123456789abcdef",
  "/etc/weir/password": "secret",
};

function read(argv: readonly string[], env: Record<string, string> = {}, extra: Record<string, string> = {}) {
  const all = { ...files, ...extra };
  return readConfig(argv, {
    env,
    version: "1.2.3",
    readFile(path) {
      if (all[path] === undefined) throw Object.assign(new Error("absent"), { code: "ENOENT" });
      return Buffer.from(all[path]);
    },
  });
}

function problems(argv: readonly string[], env: Record<string, string> = {}, extra: Record<string, string> = {}) {
  const outcome = read(argv, env, extra);
  return outcome.do === "refuse" ? outcome.problems : [];
}

test("a file gives one typed value, with defaults for what it leaves out", () => {
  expect(read(["--config", "/etc/weir/config.yaml"])).toEqual({
    do: "run",
    config: {
      listeners: [
        { host: "127.0.0.1", port: 5433, database: "shop/orders" },
        { host: "::1", port: 5434, database: "shop/billing" },
      ],
      policies: "/etc/weir/policies",
      "bundle.url": null,
      "bundle.token": null,
      "bundle.ca": null,
      "bundle.keys": null,
      "bundle.fallback": null,
      "bundle.folder": null,
      namespaceLabels: {},
      resolve: "System",
      relays: [],
      "spool.folder": "/var/lib/weir/spool",
      "spool.bytesMax": 67_108_864,
      "spool.deadLetterBytesMax": 67_108_864,
      "collector.url": null,
      "collector.token": null,
      "collector.ca": null,
      "collector.certificate": null,
      "collector.key": null,
      "collector.closeSeconds": 4,
      "telemetry.endpoint": null,
      "telemetry.tracesEndpoint": null,
      "telemetry.metricsEndpoint": null,
      "telemetry.traces": "otlp",
      "telemetry.metrics": "otlp",
      "telemetry.protocol": "http/protobuf",
      "telemetry.headers": {},
      "telemetry.ca": null,
      "telemetry.certificate": null,
      "telemetry.key": null,
      "telemetry.timeoutMs": 10_000,
      "telemetry.metricsIntervalMs": 60_000,
      "telemetry.serviceName": "weir-sidecar",
      "telemetry.resource": {},
      "telemetry.spansPerSecond": 100,
      "tls.certificate": null,
      "tls.key": null,
      "tls.clientCa": null,
      "tls.clientCertificate": "Optional",
      "tls.required": false,
      "keys.mask": "/etc/weir/mask.key",
      "keys.digest": null,
      identities: {
        dana: { kind: "Human", name: "dana@shop.example", groups: ["developers"], proof: null },
        robo: { kind: "Agent", name: "robo", groups: [], proof: null },
      },
      "identity.issuers": [],
      "identity.revocations": null,
      "identity.ask": "Password",
      "identity.scope": "openid",
      "identity.certificates": [],
      "identity.sessionSeconds": 0,
      "identity.setScope": "Session",
      "identity.development": {},
      upstreamLogins: { "shop/orders": { user: "weir", passwordFile: "/etc/weir/password" } },
      upstreamSessions: {},
      environment: "production",
      cluster: "default",
      namespace: "default",
      workload: null,
      instance: null,
      "admin.listen": { host: "127.0.0.1", port: 9464 },
      "log.level": "info",
      drainSeconds: 5,
      "limits.sessions": 5000,
      "limits.principalSessions": 0,
      "limits.relays": 1000,
      "limits.frameBytes": 1_073_741_824,
      "limits.logins": 200,
      "limits.waitingBytes": 1_048_576,
      "limits.bufferedBytes": 268_435_456,
      "limits.loginSeconds": 60,
      "catalog.probeSeconds": 5,
    },
  });
});

test("the environment alone is enough, and wins over the file", () => {
  const env = {
    WEIR_LISTENERS: "127.0.0.1:5433=orders",
    WEIR_POLICIES: "/p",
    WEIR_SPOOL_FOLDER: "/s",
    WEIR_IDENTITIES: '{"ana":{"kind":"Human"}}',
  };
  expect(read([], env)).toMatchObject({
    do: "run",
    config: {
      listeners: [{ host: "127.0.0.1", port: 5433, database: "orders" }],
      identities: { ana: { kind: "Human", name: "ana", groups: [] } },
    },
  });
  expect(read([], { WEIR_CONFIG: "/etc/weir/config.yaml", WEIR_DRAIN_SECONDS: "9" })).toMatchObject({
    config: { drainSeconds: 9, environment: "production" },
  });
});

test("all problems come together, each with its place and its remedy", () => {
  const bad = `
listeners: [{listen: "nowhere", database: shop/orders}]
polices: /p
spool: {folder: "", bytesmax: 1}
log: {level: loud}
`;
  expect(
    problems(
      ["--config", "/bad.yaml", "--hepl"],
      { WEIR_DRAIN_SECONDS: "soon", WEIR_POLICEIS: "x" },
      { "/bad.yaml": bad },
    ),
  ).toEqual([
    'there is no option --hepl; did you mean "--help"?',
    '/bad.yaml:3:1: there is no setting "polices"; did you mean "policies"?',
    '/bad.yaml:4:21: there is no setting "spool.bytesmax"; did you mean "spool.bytesMax"?',
    'WEIR_POLICEIS: there is no such setting; did you mean "WEIR_POLICIES"?',
    '/bad.yaml:2:1: listeners[0].listen: write host:port, such as "127.0.0.1:5432" or "[::1]:5432"',
    "/bad.yaml:4:9: spool.folder: write a text that is not empty",
    "/bad.yaml:5:7: log.level: write one of debug, info, warn, error",
    "WEIR_DRAIN_SECONDS: drainSeconds: write a whole number from 0 to 3600",
    "neither policies nor bundle.url is set; name the folder of policies, or where the operator serves them",
  ]);
});

const pod = {
  WEIR_LISTENERS: "127.83.0.1:5432=shop/orders",
  WEIR_SPOOL_FOLDER: "/var/lib/weir/spool",
  WEIR_BUNDLE_URL: "https://weir-operator.weir-system.svc:443/v1/bundle",
  WEIR_BUNDLE_TOKEN: "/var/run/weir/identity/token",
  WEIR_BUNDLE_CA: "/var/run/weir/bundle/ca.crt",
  WEIR_BUNDLE_KEYS: `${"A".repeat(43)}=`,
  WEIR_BUNDLE_FOLDER: "/var/lib/weir/bundle",
};

test("policies come from a folder or from a bundle, and a bundle needs all its parts", () => {
  expect(read([], pod)).toMatchObject({ do: "run", config: { policies: null, "bundle.fallback": null } });
  expect(problems([], { ...pod, WEIR_POLICIES: "/p" })).toEqual([
    "policies and bundle.url are both set; policies come from one of them",
  ]);
  const { WEIR_BUNDLE_TOKEN: _, WEIR_BUNDLE_FOLDER: __, ...half } = pod;
  expect(problems([], half)).toEqual([
    "bundle.token is not set although bundle.url is; set it (file)",
    "bundle.folder is not set although bundle.url is; set it (folder)",
  ]);
  expect(problems([], { ...pod, WEIR_BUNDLE_URL: "http://operator", WEIR_BUNDLE_KEYS: "AAAA" })).toEqual([
    "WEIR_BUNDLE_URL: bundle.url: write an address that begins with https:// and holds no password",
    "WEIR_BUNDLE_KEYS: bundle.keys: key 1 is not an Ed25519 public key; write base64 of its 32 raw bytes",
  ]);
  const folder = { WEIR_LISTENERS: "127.0.0.1:1=a", WEIR_SPOOL_FOLDER: "/s", WEIR_POLICIES: "/p" };
  expect(problems([], { ...folder, WEIR_BUNDLE_FALLBACK: "/b" })).toEqual([
    "bundle.fallback is set although bundle.url is not; set that too, or leave both out",
  ]);
});

test("relays, labels of namespaces and an admin address for all", () => {
  const more = {
    WEIR_RELAYS: "127.83.0.1:6379=orders:6379, 127.83.0.1:9187=orders:9187",
    WEIR_NAMESPACE_LABELS: '{"shop": {"tier": "gold"}}',
    WEIR_ADMIN_LISTEN: ":9464",
    WEIR_RESOLVE: "Dns",
  };
  expect(read([], { ...pod, ...more })).toMatchObject({
    do: "run",
    config: {
      relays: [
        { host: "127.83.0.1", port: 6379, target: { host: "orders", port: 6379 } },
        { host: "127.83.0.1", port: 9187, target: { host: "orders", port: 9187 } },
      ],
      namespaceLabels: { shop: { tier: "gold" } },
      "admin.listen": { host: "", port: 9464 },
      resolve: "Dns",
    },
  });
  expect(
    problems([], { ...pod, WEIR_RELAYS: "127.83.0.1:5432=orders:5433", WEIR_NAMESPACE_LABELS: '{"shop": {"a": 1}}' }),
  ).toEqual([
    "WEIR_NAMESPACE_LABELS: namespaceLabels.shop.a: write a text, in quotes where it looks like a number",
    "relays: 127.83.0.1:5432 is taken by a listener or another relay; give each its own address",
  ]);
});

test("wait needs the admin address and no other setting", () => {
  expect(read(["wait"], { WEIR_ADMIN_LISTEN: ":9000" })).toEqual({ do: "wait", port: 9000, timeoutMs: 120_000 });
  expect(read(["wait", "--timeout", "5s"])).toEqual({ do: "wait", port: 9464, timeoutMs: 5000 });
  expect(problems(["wait", "--timeout", "soon"])).toEqual(["--timeout: write seconds, such as 60 or 60s"]);
  expect(problems(["--timeout", "5", "--config", "/etc/weir/config.yaml"])).toEqual([
    "--timeout is for weir-sidecar wait",
  ]);
  expect(read(["--check", "--config", "/etc/weir/config.yaml"]).do).toBe("check");
});

test("what single settings cannot tell is a problem too", () => {
  const env = {
    WEIR_LISTENERS: "127.0.0.1:5433=a,127.0.0.1:5433=b",
    WEIR_POLICIES: "/p",
    WEIR_SPOOL_FOLDER: "/s",
    WEIR_TLS_KEY: "/absent.pem",
    WEIR_MASK_KEY: "/short.key",
  };
  expect(problems([], env, { "/short.key": "short" })).toEqual([
    "tls.certificate is not set although tls.key is; name the certificate's file or leave both out",
    "listeners: 127.0.0.1:5433 is named twice; give each database its own address",
    "tls.key: /absent.pem cannot be read (ENOENT)",
    "keys.mask: /short.key holds fewer than 32 bytes",
  ]);
});

test("broken YAML, an absent file and doubled keys are told with their place", () => {
  expect(problems(["--config", "/absent"])).toEqual(["/absent: cannot be read (ENOENT)"]);
  expect(problems(["--config"])).toEqual(["--config: name the configuration file behind it"]);
  expect(problems(["/a.yaml"])[0]).toBe('"/a.yaml" is not an option; name the configuration file with --config FILE');
  expect(problems(["--config", "/a"], {}, { "/a": "cluster: x\ncluster: y\n" })[0]).toBe(
    "/a:2:1: Map keys must be unique at line 2, column 1:",
  );
});

test("variables that Kubernetes makes for services are nobody's mistake", () => {
  const names = problems([], { WEIR_SERVICE_HOST: "10.0.0.1", WEIR_COLLECTOR_PORT_4318_TCP: "tcp://10.0.0.1:4318" });
  expect(names.filter((text) => text.includes("no such setting"))).toEqual([]);
});

test("--help names every setting and --version the version", () => {
  expect(read(["--version"])).toEqual({ do: "print", text: "weir-sidecar 1.2.3\n" });
  expect(read(["--help"])).toMatchObject({
    do: "print",
    text: expect.stringMatching(/listeners +WEIR_LISTENERS[\s\S]*limits\.loginSeconds/),
  });
});

test("listeners on unix sockets, client certificates and demands on clients", () => {
  const env = {
    WEIR_LISTENERS: "/run/weir/.s.PGSQL.5432=orders,127.0.0.1:5433=orders",
    WEIR_POLICIES: "/p",
    WEIR_SPOOL_FOLDER: "/s",
    WEIR_TLS_CERTIFICATE: "/etc/weir/password",
    WEIR_TLS_KEY: "/etc/weir/password",
    WEIR_TLS_CLIENT_CA: "/etc/weir/password",
    WEIR_TLS_CLIENT_CERTIFICATE: "VerifyFull",
    WEIR_TLS_REQUIRED: "true",
    WEIR_IDENTITIES:
      '{"ana":{"kind":"Human","certificate":true},"job":{"kind":"Service","certificate":"URI:spiffe://x/job"}}',
  };
  expect(read([], env)).toMatchObject({
    do: "run",
    config: {
      listeners: [
        { path: "/run/weir/.s.PGSQL.5432", mode: 0o660, database: "orders" },
        { host: "127.0.0.1", port: 5433, database: "orders" },
      ],
      "tls.clientCertificate": "VerifyFull",
      "tls.required": true,
      identities: {
        ana: { proof: { kind: "certificate", name: null } },
        job: { proof: { kind: "certificate", name: "URI:spiffe://x/job" } },
      },
    },
  });
  const file = `
listeners: [{listen: /run/weir/s, mode: "0600", database: a}, {listen: /run/weir/s, database: b}, {listen: "127.0.0.1:1", mode: "0600", database: c}]
policies: /p
spool: {folder: /s}
tls: {clientCertificate: VerifyCA, required: true}
`;
  expect(problems(["--config", "/f"], {}, { "/f": file })).toEqual([
    "/f:2:1: listeners[2].listen: mode is for unix sockets; remove it",
    "tls.required is set although tls.certificate is not; nobody could log in",
    "tls.clientCertificate is VerifyCA although tls.clientCa is not set; name the CA's file",
  ]);
  const mended = file.replace('"127.0.0.1:1", mode: "0600"', '"127.0.0.1:1"');
  expect(problems(["--config", "/f"], {}, { "/f": mended })).toEqual([
    "tls.required is set although tls.certificate is not; nobody could log in",
    "tls.clientCertificate is VerifyCA although tls.clientCa is not set; name the CA's file",
    "listeners: /run/weir/s is named twice; give each database its own address",
  ]);
});

test("the login of a Brokered database may be a Secret's two files, of which each must be there", () => {
  const logins = { orders: { userFile: "/none/username", passwordFile: "/none/password" } };
  const env = { WEIR_UPSTREAM_LOGINS: JSON.stringify(logins) };
  const outcome = readConfig([], {
    env,
    version: "1",
    readFile: () => {
      throw Object.assign(new Error(), { code: "ENOENT" });
    },
  });
  expect(outcome.do === "refuse" ? outcome.problems : []).toEqual(
    expect.arrayContaining([
      "upstreamLogins.orders.passwordFile: /none/password cannot be read (ENOENT)",
      "upstreamLogins.orders.userFile: /none/username cannot be read (ENOENT)",
    ]),
  );
  const both = { orders: { user: "weir", ...logins.orders } };
  const refused = readConfig([], {
    env: { WEIR_UPSTREAM_LOGINS: JSON.stringify(both) },
    version: "1",
    readFile: () => Buffer.from("x"),
  });
  expect(refused.do === "refuse" ? refused.problems.join() : "").toContain("give one of user and userFile");
});

test("what is pinned for a database is told whole, and is for one that somebody connects to", () => {
  const env = { WEIR_LISTENERS: "127.0.0.1:5433=shop/orders", WEIR_POLICIES: "/p", WEIR_SPOOL_FOLDER: "/s" };
  const sessions = (value: object) => ({ ...env, WEIR_UPSTREAM_SESSIONS: JSON.stringify({ "shop/orders": value }) });
  const settings = { statement_timeout: 5, "app.tenant": "{principal}" };
  const good = read([], sessions({ role: "reader", settings, identity: true, pooler: "Session" }));
  expect(good.do === "run" && good.config.upstreamSessions["shop/orders"]).toEqual({
    pinned: { role: "reader", settings: { statement_timeout: "5", "app.tenant": "{principal}" }, identity: true },
    pooler: "Session",
  });
  const onlyPooler = read([], sessions({ pooler: "Session" }));
  expect(onlyPooler.do === "run" && onlyPooler.config.upstreamSessions["shop/orders"]!.pinned).toBeNull();
  for (const [value, problem] of [
    [{ roles: "x" }, /roles: there is no such field/],
    [{ settings: { "weir.principal": "x" } }, /weir\.principal: cannot be pinned here/],
    [{ settings: { Search_Path: "x" } }, /Search_Path: write the name of a setting in lower case/],
    [{ settings: { role: "x" } }, /role: cannot be pinned here/],
    [{ pooler: "Transaction" }, /pooler: write one of None, Session/],
  ] as const)
    expect(problems([], sessions(value))[0]).toMatch(problem);
  expect(problems([], { ...env, WEIR_UPSTREAM_SESSIONS: '{"shop/order": {"identity": true}}' })).toEqual([
    "upstreamSessions.shop/order: no listener is for this database; there is shop/orders",
  ]);
});

test("shipping and telemetry: whole addresses, halves told together, and OpenTelemetry's own variables", () => {
  const base = ["--config", "/etc/weir/config.yaml"];
  expect(problems(base, { WEIR_COLLECTOR_URL: "http://collector.weir:443" })).toEqual([
    expect.stringMatching(/^WEIR_COLLECTOR_URL: collector.url: write an address that begins with https:/),
  ]);
  expect(problems(base, { WEIR_COLLECTOR_TOKEN: "/t", WEIR_COLLECTOR_KEY: "/k" })).toEqual([
    "collector.token is set although collector.url is not; set that too, or leave it out",
    "collector.key is set although collector.url is not; set that too, or leave it out",
    "one of collector.certificate and collector.key is set; name both files or neither",
  ]);
  expect(problems(base, { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc", OTEL_EXPORTER_OTLP_HEADERS: "secret" })).toEqual([
    "OTEL_EXPORTER_OTLP_PROTOCOL: telemetry.protocol: write one of http/protobuf",
    "OTEL_EXPORTER_OTLP_HEADERS: telemetry.headers: write a comma list of key=value",
  ]);
  expect(
    read(base, {
      WEIR_COLLECTOR_URL: "http://127.0.0.1:4318",
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://agent:4318/",
      OTEL_EXPORTER_OTLP_HEADERS: "a=b%20c, d=e=f",
      OTEL_TRACES_EXPORTER: "none",
      OTEL_LOGS_EXPORTER: "otlp",
      OTEL_SERVICE_NAME: "",
    }),
  ).toMatchObject({
    do: "run",
    config: {
      "telemetry.endpoint": new URL("http://agent:4318"),
      "telemetry.headers": { a: "b c", d: "e=f" },
      "telemetry.traces": "none",
      "telemetry.serviceName": "weir-sidecar",
    },
  });
});
