import { readConfig } from "../../cmd/operator/config.ts";

const read = (argv: readonly string[], env: Record<string, string> = {}) => readConfig(argv, env, "1.2.3");

test("without anything it runs all roles, with a certificate of its own and what the API server says", () => {
  expect(read([])).toEqual({
    do: "run",
    config: {
      roles: ["webhook", "controller", "bundles"],
      mutateClientCa: null,
      listen: { host: "::", port: 10250 },
      adminListen: { host: "::", port: 8080 },
      injectionSettings: "/etc/weir/injection/settings.json",
      tls: null,
      knownFolder: null,
      releaseNamespace: "weir-system",
      podName: "weir-operator",
      collectorCa: null,
      collectorSecret: null,
      drainSeconds: 15,
      logLevel: "info",
    },
  });
});

test("what is written is taken, the flag before the environment", () => {
  const env = {
    WEIR_ROLES: "controller",
    WEIR_LISTEN: "[::1]:1",
    WEIR_TLS_CERTIFICATE: "c",
    WEIR_TLS_KEY: "k",
    POD_NAMESPACE: "ops",
  };
  expect(read(["--roles=bundles,webhook"], env)).toMatchObject({
    config: {
      roles: ["webhook", "bundles"],
      listen: { host: "::1", port: 1 },
      tls: { certificate: "c", key: "k" },
      releaseNamespace: "ops",
    },
  });
});

test("all problems come together, each with its place and remedy", () => {
  const outcome = read(["--rolse=x", "now"], {
    WEIR_ROLES: "webhook,webhok",
    WEIR_LISTEN: "10250",
    WEIR_DRAIN_SECONDS: "soon",
    WEIR_LOGLEVEL: "debug",
    WEIR_TLS_KEY: "k",
    WEIR_OPERATOR_SERVICE_HOST: "10.0.0.1",
  });
  expect(outcome).toEqual({
    do: "refuse",
    problems: [
      '"now" is not an option; options begin with --',
      'there is no option --rolse; did you mean "--roles"?',
      'WEIR_LOGLEVEL: there is no such setting; did you mean "WEIR_LOG_LEVEL"?',
      "WEIR_ROLES: does not fit; write some of webhook, controller, bundles, commas between (also --roles)",
      "WEIR_LISTEN: does not fit; write host:port; :port for all addresses",
      "WEIR_DRAIN_SECONDS: does not fit; write seconds from 0 to 600",
      "WEIR_TLS_CERTIFICATE and WEIR_TLS_KEY belong together: name both files, or neither",
    ],
  });
});

test("--help names every setting, --version the version", () => {
  const help = read(["--help"]);
  expect(help).toMatchObject({ do: "print", text: expect.stringContaining("WEIR_INJECTION_SETTINGS") });
  expect(read(["--version"])).toEqual({ do: "print", text: "weir-operator 1.2.3\n" });
});
