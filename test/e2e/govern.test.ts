// The whole thing on a real node: install, annotate, apply; an application whose manifests know nothing of Weir is governed.
import { startApi, type TestApi } from "../cluster/start-api.ts";
import { chart, until } from "../e2e-api/installed.ts";
import { application, governed, job, namespace, policy, postgres } from "./objects.ts";

const TWO_MINUTES = 1200;
let api: TestApi;

async function kubectl(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await api.kubectl(args);
  if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
  return stdout;
}

async function apply(...objects: unknown[]): Promise<void> {
  const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
  const { code, stderr } = await api.kubectl(["apply", "-f", "-"], list);
  if (code !== 0) throw new Error(stderr);
}

const lastLines = (what: string, container: string) =>
  kubectl("-n", "shop", "logs", what, "-c", container, "--tail", "2").catch(() => "");

beforeAll(async () => {
  api = await startApi();
  const set = ["image.repository=localhost/weir", "image.tag=dev", "cluster=e2e", "environment=test"];
  const flags = ["--namespace", "weir-system", "--create-namespace", ...set.flatMap((each) => ["--set", each])];
  const { code, stderr } = await api.helm(["upgrade", "--install", "weir", chart, ...flags]);
  if (code !== 0) throw new Error(stderr);
  await apply(namespace("data"), namespace("shop"));
  await apply(...postgres);
  await kubectl("-n", "data", "wait", "pod/postgres", "--for=condition=Ready", "--timeout=120s");
  await kubectl("-n", "weir-system", "rollout", "status", "deployment/weir-operator", "--timeout=120s");
}, 400_000);

afterAll(() => api?.stop());

test("helm test finds the operator ready", async () => {
  expect(await api.helm(["test", "weir", "--namespace", "weir-system"])).toMatchObject({ code: 0 });
}, 120_000);

test("three commands govern an application: its rows are masked, its DROP is refused, its migration ran", async () => {
  await kubectl("annotate", "namespace", "shop", "weir.dev/governance=enabled");
  await apply(...governed);
  await apply(application);
  await until(async () => /a\*\*\*@example\.com/.test(await lastLines("deployment/app", "app")), TWO_MINUTES);
  expect(await lastLines("deployment/app", "app")).toMatch(
    /42501.*Tables go through migrations|Tables go through migrations.*42501/,
  );
  expect(await lastLines("deployment/app", "migrate")).toMatch(/"count":"2"/);
}, 200_000);

test("a Job ends although its sidecar runs on", async () => {
  await apply(job("once"));
  await kubectl("-n", "shop", "wait", "job/once", "--for=condition=Complete", "--timeout=120s");
  expect(await lastLines("job/once", "once")).toMatch(/a\*\*\*@example\.com/);
}, 150_000);

test("another policy is in force without a restart", async () => {
  const pods = () => kubectl("-n", "shop", "get", "pods", "-l", "app=app", "-o", "name");
  const before = await pods();
  await apply(policy("Null"));
  await until(async () => /"email":null/.test(await lastLines("deployment/app", "app")), TWO_MINUTES);
  expect(await pods()).toBe(before);
}, 200_000);

test("with the operator away, pods run on, new ones are refused, and come by themselves when it is back", async () => {
  await kubectl("-n", "weir-system", "scale", "deployment/weir-operator", "--replicas=0");
  await kubectl(
    "-n",
    "weir-system",
    "wait",
    "pod",
    "-l",
    "app.kubernetes.io/component=operator",
    "--for=delete",
    "--timeout=90s",
  );
  expect(await lastLines("deployment/app", "app")).toMatch(/"email":null/);
  await apply(job("refused"));
  await until(async () => /no weir-sidecar/.test(await kubectl("-n", "shop", "describe", "job/refused")), TWO_MINUTES);
  await kubectl("-n", "weir-system", "scale", "deployment/weir-operator", "--replicas=2");
  await kubectl("-n", "shop", "wait", "job/refused", "--for=condition=Complete", "--timeout=240s");
}, 400_000);

test("the sidecar is closed to exec; the application's container is not", async () => {
  const exec = (container: string) =>
    kubectl("-n", "shop", "exec", "deployment/app", "-c", container, "--", "/e2e/node", "--version");
  await expect(exec("weir-sidecar")).rejects.toThrow(/exec and attach are closed/);
  expect(await exec("app")).toMatch(/^v24/);
}, 60_000);
