import { type Readiness, startAdminServer } from "../../cmd/sidecar/admin-server.ts";

const states: Record<string, Readiness> = {
  ready: { ready: true, notes: [], policyVersion: "v1" },
  waiting: { ready: false, notes: ["no policy has been loaded yet"], policyVersion: "" },
};

async function ask(state: string, path: string, method = "GET") {
  const server = await startAdminServer({
    listen: { host: "127.0.0.1", port: 0 },
    readiness: () => states[state]!,
    sessions: () => [{ session: "s" }],
    metrics: async () => ({ contentType: "text/plain; version=0.0.4", text: "weir_sessions 3\n" }),
  });
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { method });
  const text = await response.text();
  await server.close();
  return { status: response.status, text };
}

test("alive says ok, ready says why not", async () => {
  expect(await ask("waiting", "/healthz")).toEqual({ status: 200, text: "ok\n" });
  expect(await ask("ready", "/readyz")).toMatchObject({ status: 200 });
  const waiting = await ask("waiting", "/readyz");
  expect(waiting.status).toBe(503);
  expect(JSON.parse(waiting.text)).toEqual(states.waiting);
});

test("metrics come in Prometheus' text format; anything else is told what there is", async () => {
  expect(await ask("ready", "/metrics")).toEqual({ status: 200, text: "weir_sessions 3\n" });
  expect(await ask("ready", "/metrics", "HEAD")).toEqual({ status: 200, text: "" });
  expect(JSON.parse((await ask("ready", "/sessions")).text)).toEqual([{ session: "s" }]);
  expect((await ask("ready", "/admin")).status).toBe(404);
  expect((await ask("ready", "/metrics", "POST")).status).toBe(405);
});
