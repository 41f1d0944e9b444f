// What is wrong with a gateway's settings is told before it starts, all together.
import { readConfig } from "../../cmd/sidecar/config.ts";

function problems(env: Record<string, string>): readonly string[] {
  const base = { WEIR_POLICIES: "/policies", WEIR_SPOOL_FOLDER: "/spool" };
  const outside = { env: { ...base, ...env }, readFile: () => Buffer.alloc(64), version: "test" };
  const outcome = readConfig([], outside);
  return outcome.do === "refuse" ? outcome.problems : [];
}

test("a gateway on a loopback address needs nothing else", () => {
  expect(problems({ WEIR_GATEWAY_LISTEN: "127.0.0.1:6432" })).toEqual([]);
});

test("somebody has to listen", () => {
  expect(problems({})).toEqual(["neither listeners nor gateway.listen is set; say where clients connect"]);
});

test.each([":6432", "0.0.0.0:6432", "[::]:6432", "gateway.example:6432"])("%s needs a certificate", (listen) => {
  expect(problems({ WEIR_GATEWAY_LISTEN: listen })).toEqual([
    "gateway.listen takes clients from elsewhere although tls.certificate is not set; none could log in",
  ]);
});

test("listeners, trust in loopback, unknown issuers and half of what replicas need are told at once", () => {
  const told = problems({
    WEIR_GATEWAY_LISTEN: "127.0.0.1:6432",
    WEIR_LISTENERS: "127.0.0.1:1=main",
    WEIR_IDENTITIES: '{"app": {"kind": "Service", "trustLoopback": true}}',
    WEIR_GATEWAY_DATABASES: '{"main": {"issuers": ["https://id.example"]}}',
    WEIR_GATEWAY_CANCELS: "127.0.0.1:6433",
  });
  expect(told).toEqual([
    "listeners and gateway.listen are both set; a gateway has one address for all databases",
    "identities.app.trustLoopback: whoever is forwarded to a gateway comes from a loopback address; use another proof",
    "gateway.databases.main.issuers: https://id.example is not one of identity.issuers",
    "one of gateway.cancels and gateway.replicas is set; set both, or neither where there is one gateway",
  ]);
});

test("what is for a gateway is nothing without one", () => {
  expect(
    problems({
      WEIR_LISTENERS: "127.0.0.1:1=main",
      WEIR_GATEWAY_LOGINS: "/logins",
      WEIR_GATEWAY_DATABASES: '{"a": {}}',
    }),
  ).toEqual([
    "gateway.logins is set although gateway.listen is not; set that too, or leave it out",
    "gateway.databases is set although gateway.listen is not; set that too, or leave it out",
  ]);
});
