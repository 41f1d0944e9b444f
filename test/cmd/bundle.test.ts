// Policies out of signed bundles: a whole sidecar in front of a real PostgreSQL, beside a fake operator.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { linkTo } from "../../pkg/bundle/key-links.ts";
import { newSigningKeyPem, signingKey } from "../../pkg/bundle/keys.ts";
import { type FakeDns, startFakeDns } from "../support/fake-dns.ts";
import {
  type FakeOperator,
  type Made,
  makeBundle,
  signer,
  startFakeOperator,
  TOKEN,
} from "../support/fake-operator.ts";
import { eventually, mount, type PodSidecar, startPodSidecar } from "../support/pod-sidecar.ts";
import { PASSWORD, startTestServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let operator: FakeOperator;
let folder: string;
let running: PodSidecar[] = [];
let dns: FakeDns | null = null;

beforeAll(async () => {
  server = await startTestServer(["app"]);
  await server.admin(
    "CREATE TABLE notes (id int PRIMARY KEY, body text); INSERT INTO notes VALUES (1, 'x'); GRANT ALL ON notes TO app",
  );
});
afterAll(() => server.stop());
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "weir-bundle-"));
  operator = await startFakeOperator();
  put("token", `${TOKEN}\n`);
  put("ca.crt", operator.ca);
});
afterEach(async () => {
  for (const each of running.splice(0)) await each.stop();
  await operator.stop();
  dns?.stop();
  dns = null;
  rmSync(folder, { recursive: true, force: true });
});

const put = (name: string, text: string) => mount(folder, name, text);

/** The time of the sidecar beside the real one. */
let laterMs = 0;
beforeEach(() => {
  laterMs = 0;
});

async function start(env: Record<string, string> = {}): Promise<PodSidecar> {
  const nowMs = () => Date.now() + laterMs;
  const sidecar = await startPodSidecar({ folder, operatorUrl: operator.url, env, nowMs });
  running.push(sidecar);
  return sidecar;
}

async function stop(sidecar: PodSidecar): Promise<void> {
  running = running.filter((each) => each !== sidecar);
  await sidecar.stop();
}

const noDelete = {
  guard: [{ name: "no-delete", effects: ["Delete"], action: "Deny", message: "Nothing is deleted." }],
};
const noUpdate = {
  guard: [{ name: "no-update", effects: ["Update"], action: "Deny", message: "Nothing is changed." }],
};
const DELETE = "DELETE FROM notes WHERE id = 0";

const serve = ({ wrapped, version }: Made) => operator.serve(wrapped, version);

test("without any bundle it is not ready and says why, logins end with 57P03, and the first bundle opens it", async () => {
  const sidecar = await start();
  const waiting = await eventually(
    () => sidecar.readiness(),
    ({ notes }) => notes.some((note) => note.includes("no bundle yet")),
  );
  expect(waiting).toMatchObject({ status: 503, policyVersion: null, bundle: { version: null } });
  expect(waiting.notes[0]).toBe("no bundle of policies has been received yet");
  await expect(sidecar.connect()).rejects.toMatchObject({
    severity: "FATAL",
    code: "57P03",
    message: expect.stringMatching(
      /^weir: no bundle of policies has been received yet \(.*no bundle yet\), so no login is/,
    ),
  });

  const first = makeBundle(1, server.port, { p: noDelete });
  serve(first);
  expect(await sidecar.inForce(first)).toMatchObject({ status: 200 });
  expect(await sidecar.refusal(DELETE)).toMatchObject({
    code: "42501",
    message: expect.stringContaining("Nothing is deleted."),
  });
  expect(await sidecar.metric(`weir_bundle_version\\{version="${first.version}"\\}`)).toBe("1");
  expect(Number(await sidecar.metric("weir_bundle_age_seconds"))).toBeLessThan(60);
  await eventually(operator.applied, (applied) => applied === first.version);
});

test("a changed bundle counts in sessions that are open, without a restart", async () => {
  serve(makeBundle(1, server.port, { p: noDelete }));
  const sidecar = await start();
  await eventually(
    () => sidecar.readiness(),
    ({ status }) => status === 200,
  );
  const client = await sidecar.connect();
  await expect(client.query(DELETE)).rejects.toMatchObject({ code: "42501" });
  const second = makeBundle(2, server.port, { p: noUpdate });
  serve(second);
  await sidecar.inForce(second);
  await client.query(DELETE);
  await expect(client.query("UPDATE notes SET body = 'y'")).rejects.toMatchObject({ code: "42501" });
  await client.end();
});

test("a bundle of a new key for which the old one vouches counts, also after a restart without the operator", async () => {
  serve(makeBundle(1, server.port, {}));
  const sidecar = await start();
  await eventually(
    () => sidecar.readiness(),
    ({ status }) => status === 200,
  );
  const next = signingKey(newSigningKeyPem());
  const second = makeBundle(2, server.port, { p: noDelete }, { key: next, links: [linkTo(next.public, signer)] });
  serve(second);
  await sidecar.inForce(second);
  await stop(sidecar);
  await operator.stop();
  const again = await start();
  expect(await again.inForce(second)).toMatchObject({ status: 200 });
  expect(await again.refusal(DELETE)).toMatchObject({ code: "42501" });
});

const other = signingKey(newSigningKeyPem());
test.each<[string, () => Made, RegExp]>([
  [
    "signed by another key",
    () => makeBundle(6, server.port, {}, { key: other }),
    /key that this sidecar does not know/,
  ],
  ["of another namespace", () => makeBundle(6, server.port, {}, { namespace: "till" }), /for namespace till, not shop/],
  ["older than the one in force", () => makeBundle(4, server.port, {}), /older \(generation 4\)/],
  [
    "with a policy that is wrong",
    () => makeBundle(6, server.port, { p: { mask: [{ classes: ["X"], method: "Blur" }] } }),
    /DataPolicy shop\/p/,
  ],
  [
    "with a policy that needs a key that is not there",
    () =>
      makeBundle(6, server.port, {
        p: { classify: [{ columns: ["public.notes.body"], class: "X" }], mask: [{ classes: ["X"], method: "Token" }] },
      }),
    /Token needs a mask key/,
  ],
])("a bundle %s is refused, told and counted, and the last good one stays", async (_, make, why) => {
  const good = makeBundle(5, server.port, { p: noDelete });
  serve(good);
  const sidecar = await start();
  await sidecar.inForce(good);
  serve(make());
  const refused = await eventually(
    () => sidecar.events.find(({ event }) => event === "bundle.refused"),
    (event) => event !== undefined,
  );
  expect(refused!.reason).toMatch(why);
  expect(Number(await sidecar.metric("weir_bundle_refused_total"))).toBeGreaterThanOrEqual(1);
  const now = await sidecar.readiness();
  expect(now).toMatchObject({ status: 200, bundle: { version: good.version } });
  expect(now.notes.join("\n")).toMatch(why);
  expect(await sidecar.refusal(DELETE)).toMatchObject({ code: "42501" });
});

test("the last good bundle counts after a restart without the operator, also above an older one of the ConfigMap", async () => {
  const good = makeBundle(5, server.port, { p: noDelete });
  serve(good);
  const first = await start();
  await first.inForce(good);
  await stop(first);
  await operator.stop();
  put("bundle.json", makeBundle(4, server.port, {}).wrapped);
  const second = await start();
  expect(await second.readiness()).toMatchObject({ status: 200, bundle: { version: good.version } });
  expect(await second.refusal(DELETE)).toMatchObject({ code: "42501" });
  expect((await second.readiness()).notes.join()).toMatch(/bundle\.url: /);
});

test("a new pod without the operator takes the ConfigMap's bundle, and a newer one when it changes", async () => {
  await operator.stop();
  const first = makeBundle(5, server.port, { p: noDelete });
  put("bundle.json", first.wrapped);
  const sidecar = await start();
  expect(await sidecar.readiness()).toMatchObject({ status: 200, bundle: { version: first.version } });
  put("bundle.json", makeBundle(4, server.port, {}).wrapped);
  const newer = makeBundle(6, server.port, { p: noUpdate });
  put("bundle.json", newer.wrapped);
  await sidecar.inForce(newer);
  expect(await sidecar.refusal(DELETE)).toBeNull();
  await stop(sidecar);
  rmSync(join(folder, "bundle.json"));
  expect(await (await start()).readiness()).toMatchObject({ bundle: { version: newer.version } });
});

test("what was kept and has been tampered with is refused at the start", async () => {
  await operator.stop();
  mkdirSync(join(folder, "state"));
  const { wrapped } = makeBundle(5, server.port, { p: noDelete });
  writeFileSync(join(folder, "state", "bundle.json"), wrapped.replace(/"payload":"..../, '"payload":"AAAA'));
  const sidecar = await start();
  expect(await sidecar.readiness()).toMatchObject({ status: 503 });
  expect(sidecar.events.find(({ event }) => event === "bundle.refused")!.reason).toMatch(/its signature is not good/);
});

test("a bundle in which no policy matches passes everything, and records it", async () => {
  const bundle = makeBundle(1, server.port, {});
  serve(bundle);
  const sidecar = await start();
  await sidecar.inForce(bundle);
  expect(await sidecar.refusal(DELETE)).toBeNull();
  await stop(sidecar);
  const spool = readdirSync(join(folder, "spool"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.jsonl|records/.test(join(entry.parentPath, entry.name)))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"))
    .join("");
  expect(spool).toContain("DELETE FROM notes WHERE id = $1");
  expect(spool).toContain("the operator has sent a bundle");
});

test("a ClusterDataPolicy finds the bundle's namespace by its labels", async () => {
  const cluster = (tier: string) => ({
    apiVersion: "weir.dev/v1alpha1",
    kind: "ClusterDataPolicy",
    metadata: { name: "all-gold" },
    spec: { namespaceSelector: { matchLabels: { tier } }, ...noDelete },
  });
  const bundle = makeBundle(1, server.port, {}, { more: [cluster("gold")] });
  serve(bundle);
  const sidecar = await start();
  await sidecar.inForce(bundle);
  expect(await sidecar.refusal(DELETE)).toMatchObject({ code: "42501" });
  const none = makeBundle(2, server.port, {}, { more: [cluster("lead")] });
  serve(none);
  await sidecar.inForce(none);
  expect(await sidecar.refusal(DELETE)).toBeNull();
});

test("a database that is not in the bundle closes its own listener only", async () => {
  const bundle = makeBundle(1, server.port, {});
  serve(bundle);
  const sidecar = await start({ WEIR_LISTENERS: "127.0.0.1:0=shop/main,127.0.0.1:0=shop/billing" });
  await sidecar.inForce(bundle);
  const [, billing] = sidecar.events.filter(({ event }) => event === "listening");
  await expect(sidecar.connect(billing!.port as number)).rejects.toMatchObject({
    code: "57P03",
    message: expect.stringContaining("there is no GovernedDatabase shop/billing in the bundle"),
  });
  expect(await sidecar.refusal(DELETE)).toBeNull();
  expect((await sidecar.readiness()).notes.join()).toContain("shop/billing");
});

test("a database that the bundle closes refuses logins and says which policy is wrong; open sessions go on", async () => {
  const open = makeBundle(1, server.port, { p: noDelete });
  serve(open);
  const sidecar = await start();
  await sidecar.inForce(open);
  const client = await sidecar.connect();
  const closed = makeBundle(2, server.port, { p: noUpdate }, { closed: { main: "DataPolicy shop/x has errors" } });
  serve(closed);
  await sidecar.inForce(closed);
  await expect(sidecar.connect()).rejects.toMatchObject({
    code: "57P03",
    message: expect.stringContaining("database shop/main is closed, because DataPolicy shop/x has errors"),
  });
  await client.query(DELETE);
  await expect(client.query("UPDATE notes SET body = 'y'")).rejects.toMatchObject({ code: "42501" });
  await client.end();
  const again = makeBundle(3, server.port, { p: noDelete });
  serve(again);
  await sidecar.inForce(again);
  expect(await sidecar.refusal("SELECT 1")).toBeNull();
});

test("a database that moves counts from the next login on; one that leaves the bundle stays, under the policies that are left", async () => {
  serve(makeBundle(1, 1, {}));
  const sidecar = await start();
  await eventually(
    () => sidecar.readiness(),
    ({ status }) => status === 200,
  );
  await expect(sidecar.connect()).rejects.toMatchObject({ code: "08006" }); // nobody is at port 1
  const moved = makeBundle(2, server.port, {});
  serve(moved);
  await sidecar.inForce(moved);
  expect(await sidecar.refusal(DELETE)).toBeNull();
  const without = makeBundle(3, server.port, { p: noDelete }, { without: true });
  serve(without);
  await sidecar.inForce(without);
  expect(await sidecar.refusal("SELECT 1")).toBeNull();
  expect(await sidecar.refusal(DELETE)).toMatchObject({ code: "42501" });
});

test("a database that leaves the bundle keeps the policies that named it, in open sessions and new ones", async () => {
  const named = makeBundle(1, server.port, { p: { ...noDelete, databases: ["main"] } });
  serve(named);
  const sidecar = await start();
  await sidecar.inForce(named);
  expect(await sidecar.refusal(DELETE)).toMatchObject({ code: "42501" });
  for (const generation of [2, 3]) {
    const renamed = makeBundle(
      generation,
      server.port,
      generation === 2 ? {} : { q: { ...noDelete, mode: "Observe" } },
      { without: true },
    );
    serve(renamed);
    await sidecar.inForce(renamed);
    expect(await sidecar.refusal(DELETE)).toMatchObject({ code: "42501" });
  }
});

test("Brokered in a pod: the workload logs in without a password from loopback, and the sidecar holds the real one", async () => {
  put("password", PASSWORD);
  const held = JSON.stringify({ main: { user: "app", passwordFile: join(folder, "password") } });
  const bundle = makeBundle(1, server.port, { p: noDelete }, { credentials: "Brokered" });
  serve(bundle);
  const sidecar = await start({ WEIR_UPSTREAM_LOGINS: held });
  await sidecar.inForce(bundle);
  const client = new pg.Client({ host: "127.0.0.1", port: sidecar.port, user: "orders-service", database: "postgres" });
  await client.connect();
  expect((await client.query("SELECT current_user AS me")).rows).toEqual([{ me: "app" }]);
  await expect(client.query(DELETE)).rejects.toMatchObject({ code: "42501" });
  await client.end();
});

test("what cannot be renewed for too long is held to onStale, restarts included, and freed when the operator is back", async () => {
  const bundle = makeBundle(1, server.port, { p: { onStale: { after: "1h", action: "DenyWrites" } } });
  serve(bundle);
  const first = await start();
  await first.inForce(bundle);
  await eventually(operator.applied, (applied) => applied === bundle.version);
  expect(await first.refusal(DELETE)).toBeNull();
  await operator.stop();
  laterMs = 2 * 3_600_000;
  await eventually(
    () => first.readiness(),
    ({ policyVersion }) => policyVersion!.endsWith("+stale1"),
  );
  expect(await first.refusal(DELETE)).toMatchObject({
    code: "42501",
    message: expect.stringContaining(
      "policies could not be renewed for longer than shop/p allows, so nothing may be written",
    ),
  });
  expect(await first.refusal("SELECT * FROM notes")).toBeNull();
  await stop(first);

  const second = await start();
  expect(await second.refusal(DELETE)).toMatchObject({ code: "42501" });
  await stop(second);

  operator = await startFakeOperator();
  put("ca.crt", operator.ca);
  serve(bundle);
  const third = await start();
  await eventually(
    () => third.readiness(),
    ({ policyVersion }) => !policyVersion!.includes("stale"),
  );
  expect(await third.refusal(DELETE)).toBeNull();
});

test("in a pod the database is found by DNS, not by the name's own meaning there", async () => {
  dns = await startFakeDns({ "orders-db.shop.svc.cluster.local": ["127.0.0.1"] });
  put("resolv.conf", `nameserver ${dns.nameserver}\nsearch shop.svc.cluster.local cluster.local\noptions ndots:5\n`);
  const bundle = makeBundle(1, server.port, { p: noDelete }, { host: "orders-db" });
  serve(bundle);
  const sidecar = await start({ WEIR_RESOLVE: "Dns" });
  await sidecar.inForce(bundle);
  expect(await sidecar.refusal(DELETE)).toMatchObject({ code: "42501" });
  dns.zone["orders-db.shop.svc.cluster.local"] = [];
  await expect(sidecar.connect()).rejects.toMatchObject({
    code: "08006",
    message: expect.stringContaining("knows no address of orders-db"),
  });
});
