// The chart's collector on a real API server: its certificate by the operator's own rights, its process with its own rights, senders and
// readers by real ServiceAccount tokens. (There is no node: the pod stays Pending, and the test runs the process in its place.)
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { startControllerRole } from "../../cmd/operator/controller-role.ts";
import { startCertificates } from "../../pkg/controller/certificates.ts";
import { connectKube } from "../../pkg/kube/connect.ts";
import { systemClock } from "../../pkg/runtime/clock.ts";
import { silentLogger } from "../../pkg/runtime/logger.ts";
import { systemRandom } from "../../pkg/runtime/random.ts";
import { describeApi } from "../cluster/start-api.ts";
import { ChainMaker, otlpProtobuf } from "../collector/chain-maker.ts";
import { ask } from "../collector/fixtures.ts";
import type { Json } from "./governed-pod.ts";
import { type Installed, installed, until } from "./installed.ts";

const core = "/api/v1/namespaces";
const release = `${core}/weir-system`;
const audience = "weir.dev/weir-system";
const host = "weir-collector.weir-system.svc";
const tls = { servername: host };

describeApi("the chart's collector", () => {
  const folder = mkdtempSync(join(tmpdir(), "weir-chart-collector-"));
  let api: Installed;
  let ca: string;
  let port: number;
  let process_: ChildProcess | undefined;
  let stopOperator = async () => {};

  beforeAll(async () => {
    api = await installed();
    await api.namespace("shop", {});
    stopOperator = await startOperator();
    await until(async () => (await secret())["tls.crt"] !== undefined);
    ca = (await api.send("GET", `${release}/configmaps/weir-public`)).body.data["ca.crt"];
    port = await startCollector();
  }, 240_000);

  afterAll(async () => {
    const ended = new Promise((done) => process_?.once("close", done) ?? done(null));
    process_?.kill();
    await ended;
    await stopOperator();
    await api?.stop();
    rmSync(folder, { recursive: true });
  }, 60_000);

  const put = (name: string, text: string) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };

  async function secret(): Promise<Record<string, string>> {
    const { data = {} } = (await api.send("GET", `${release}/secrets/weir-collector-tls`)).body;
    return Object.fromEntries(
      Object.entries(data).map(([key, text]) => [key, Buffer.from(String(text), "base64").toString()]),
    );
  }

  async function tokenOf(namespace: string, account: string, spec: Json): Promise<string> {
    const path = `${core}/${namespace}/serviceaccounts/${account}/token`;
    const { status, body } = await api.send("POST", path, { spec: { expirationSeconds: 3600, ...spec } });
    if (status !== 201) throw new Error(JSON.stringify(body));
    return body.status.token;
  }

  /** With the rights that the chart gives to the account, and no others. */
  async function kubeconfigOf(account: string): Promise<string> {
    const admin = parse(readFileSync(api.kubeconfig, "utf8"));
    const users = [{ name: account, user: { token: await tokenOf("weir-system", account, {}) } }];
    const contexts = [{ name: account, context: { cluster: admin.clusters[0].name, user: account } }];
    return put(`${account}.kubeconfig`, JSON.stringify({ ...admin, users, contexts, "current-context": account }));
  }

  async function startOperator() {
    const kube = connectKube(await kubeconfigOf("weir-operator"));
    const shared = { api: kube, releaseNamespace: "weir-system", clock: systemClock, logger: silentLogger };
    const certificates = await startCertificates({
      ...{ api: kube, namespace: "weir-system", names: ["weir-operator.weir-system.svc"], patchWebhook: false },
      nowMs: () => Date.now(),
      onError() {},
    });
    const served = { secret: "weir-collector-tls", names: [host, "localhost"] };
    const place = { cluster: "prod-eu", clusterDomain: "cluster.local" };
    const role = startControllerRole({ ...shared, ...place, served, random: systemRandom, lookEveryMs: 500 });
    return async () => {
      await role.stop();
      await certificates.stop();
      kube.close();
    };
  }

  /** As the StatefulSet says, but for files and ports. */
  async function startCollector(): Promise<number> {
    const { body } = await api.send("GET", "/apis/apps/v1/namespaces/weir-system/statefulsets/weir-collector");
    const given = body.spec.template.spec.containers[0].env.map(({ name, value }: Json) => [name, value]);
    const sources = (await api.send("GET", `${release}/configmaps/weir-collector`)).body.data["sources.yaml"];
    const pair = await secret();
    const env = {
      ...Object.fromEntries(given),
      PATH: process.env.PATH,
      KUBECONFIG: await kubeconfigOf("weir-collector"),
      WEIR_COLLECTOR_DATA: join(folder, "data"),
      WEIR_COLLECTOR_SOURCES: put("sources.yaml", sources),
      WEIR_COLLECTOR_TLS_CERTIFICATE: put("tls.crt", pair["tls.crt"]!),
      WEIR_COLLECTOR_TLS_KEY: put("tls.key", pair["tls.key"]!),
      WEIR_COLLECTOR_LISTEN: "127.0.0.1:0",
      WEIR_COLLECTOR_ADMIN_LISTEN: "127.0.0.1:0",
      WEIR_COLLECTOR_DRAIN_SECONDS: "0",
    };
    const program = resolve(import.meta.dirname, "../../cmd/collector/main.ts");
    process_ = spawn(process.execPath, [program], { env, stdio: ["ignore", "ignore", "pipe"] });
    let log = "";
    process_.stderr!.on("data", (bytes) => (log += bytes));
    const started = () => log.split("\n").find((line) => line.includes('"collector_started"'));
    await until(async () => started() !== undefined || process_!.exitCode !== null, 600);
    if (started() === undefined) throw new Error(log);
    return JSON.parse(started()!).port;
  }

  async function pod(name: string): Promise<Json> {
    const spec = { containers: [{ name: "app", image: "app" }] };
    return (await api.create("pods", { metadata: { name, namespace: "shop" }, spec })).body;
  }

  const boundTo = (of: Json, audiences = [audience]) =>
    tokenOf("shop", "default", {
      audiences,
      boundObjectRef: { kind: "Pod", apiVersion: "v1", name: of.metadata.name, uid: of.metadata.uid },
    });

  const chainOf = (instance: string, id: string, namespace = "shop") =>
    new ChainMaker(id.repeat(32), { cluster: "prod-eu", environment: "production", namespace, instance });

  const register = (token: string | null, chain: ChainMaker) =>
    ask(port, ca, "POST", "/v1/chains", { token, body: chain.registration(), tls });

  test("its pod and its volume are asked for, once each", async () => {
    await until(async () => (await api.send("GET", `${release}/pods/weir-collector-0`)).status === 200);
    const claim = await api.send("GET", `${release}/persistentvolumeclaims/data-weir-collector-0`);
    expect(claim.body.spec).toMatchObject({
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: "20Gi" } },
    });
  });

  test("a pod's own token is taken, and its records", async () => {
    const token = await boundTo(await pod("web-1"));
    const chain = chainOf("web-1", "a").statements(2);
    expect(await register(token, chain)).toMatchObject({ status: 200, json: { next: 0 } });
    const sent = await ask(port, ca, "POST", "/v1/logs", { token, body: otlpProtobuf([chain.seal()]), tls });
    expect(sent.status).toBe(200);
  });

  test("who reads is the auditor's account, not a pod", async () => {
    const auditor = await tokenOf("weir-system", "weir-auditor", { audiences: [audience] });
    const { status, json } = await ask(port, ca, "GET", "/v1/chains", { token: auditor, tls });
    expect([status, JSON.stringify(json)]).toEqual([200, expect.stringContaining("a".repeat(32))]);
    const token = await boundTo(await pod("web-2"));
    expect(await ask(port, ca, "GET", "/v1/chains", { token, tls })).toMatchObject({ status: 401 });
  });

  test("other tokens are refused: none, of another audience, of a pod that is gone, for another namespace", async () => {
    const web = await pod("web-3");
    const gone = await pod("web-4");
    const late = await boundTo(gone);
    await api.send("DELETE", `${core}/shop/pods/web-4?gracePeriodSeconds=0`);
    const chain = chainOf("web-3", "b");
    const answers = [
      await register(null, chain),
      await register("x.y.z", chain),
      await register(await boundTo(web, ["https://kubernetes.default.svc"]), chain),
      await register(late, chain),
      await register(await boundTo(web), chainOf("web-3", "b", "bank")),
    ];
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 403]);
  });

  test("who knows the release's CA knows the collector; others do not, and not under another name", async () => {
    const other = { tls: { servername: "another.svc" } };
    await expect(ask(port, ca, "GET", "/v1/checkpoint", other)).rejects.toThrow(/altnames/);
    await expect(ask(port, (await secret())["tls.crt"]!, "GET", "/v1/checkpoint", { tls })).rejects.toThrow(
      /issuer|verify/,
    );
  });

  test("a certificate that somebody spoils is issued anew", async () => {
    const before = await secret();
    await api.send("PATCH", `${release}/secrets/weir-collector-tls`, { data: { "tls.crt": null } });
    await until(async () => ![undefined, before["tls.crt"]].includes((await secret())["tls.crt"]));
  }, 60_000);

  test("the two have no rights beyond", async () => {
    const kube = connectKube(await kubeconfigOf("weir-collector"));
    const asked = [`${release}/secrets/weir-collector-tls`, `${release}/configmaps`, `${core}/shop/pods`];
    const answers = await Promise.all(asked.map((path) => kube.call({ path })));
    kube.close();
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403]);
  });
});
