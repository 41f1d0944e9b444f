// What creating a pod costs with the webhook and the admission policies, beside an API server that has neither: two real API servers, one
// pod on each in turn. The handler itself is timed where it runs, in this process.
import { inject } from "../../pkg/admission/inject.ts";
import { parseSettings } from "../../pkg/admission/settings.ts";
import { fromObjects } from "../../pkg/resources/parse-resources.ts";
import { startApi, type TestApi, whyNoApi } from "../cluster/start-api.ts";
import { databases, type Json, keys, plainPod } from "../e2e-api/governed-pod.ts";
import { governedNamespaces, type Installed, until } from "../e2e-api/installed.ts";
import { startTestOperator, type TestOperator } from "../support/operator.ts";
import { short, table } from "./medians.ts";
import type { Bench, Section } from "./section.ts";

const governed = { name: "shop", annotations: { "weir.dev/governance": "enabled" } };

export async function measureAdmission(bench: Bench): Promise<readonly Section[]> {
  const missing = whyNoApi();
  if (missing !== undefined) {
    bench.say(`admission is left out: ${missing}`);
    return [];
  }
  const plain = await startApi();
  const api = await governedNamespaces();
  const operator = await hooked(api);
  try {
    await plain.call("POST", "/api/v1/namespaces", { body: { metadata: { name: "shop" } } });
    await until(
      async () => (await plain.call("GET", "/api/v1/namespaces/shop/serviceaccounts/default")).status === 200,
    );
    await until(async () => (await create(plain, "rehearsal-plain")).status === 201);
    const times = await inTurn(bench, plain, api);
    return [section(times, handlerUs())];
  } finally {
    await operator.stop();
    await api.stop();
    await plain.stop();
  }
}

type Times = Readonly<Record<"without" | "with", readonly number[]>>;

async function inTurn(bench: Bench, plain: TestApi, api: Installed): Promise<Times> {
  const times = { without: [] as number[], with: [] as number[] };
  const pods = bench.isShort ? 30 : 200 * bench.rounds;
  const once = async (into: number[], name: string, send: () => Promise<{ status: number; body: Json }>) => {
    const startedMs = performance.now();
    const { status, body } = await send();
    into.push(performance.now() - startedMs);
    if (status !== 201) throw new Error(`${name}: ${JSON.stringify(body)}`);
  };
  for (let n = 0; n < pods; n++) {
    const [first, second] = [`without-${n}`, `with-${n}`];
    await once(times.without, first, () => create(plain, first));
    await once(times.with, second, () => api.send("POST", "/api/v1/namespaces/shop/pods", plainPod(second)));
    if (n % 100 === 99) bench.say(`admission: ${n + 1} of ${pods} pods each`);
  }
  return times;
}

const create = (api: TestApi, name: string) =>
  api.call("POST", "/api/v1/namespaces/shop/pods", { body: plainPod(name) });

/** The webhook, by URL on loopback, in front of the namespace that the policies govern. */
async function hooked(api: Installed): Promise<TestOperator> {
  const { body } = await api.send("GET", "/api/v1/namespaces/weir-system/configmaps/weir-injection");
  const known = { namespaces: [governed], databases: knownDatabases(), bundleKeys: [keys], nativeSidecars: true };
  const operator = await startTestOperator({ known });
  operator.configure(body.data["settings.json"]);
  const path = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/weir";
  const { body: found } = await api.send("GET", path);
  const [webhook] = found.webhooks;
  const url = `https://127.0.0.1:${operator.port}/mutate`;
  const caBundle = Buffer.from(operator.certificate.certificate).toString("base64");
  await api.send("PATCH", path, { webhooks: [{ ...webhook, clientConfig: { url, caBundle } }] });
  await api.send("PATCH", "/api/v1/namespaces/shop", { metadata: { labels: { "weir.dev/governance": "enabled" } } });
  await until(async () => (await api.tryPod(plainPod("rehearsal"))).status === 201);
  return operator;
}

function knownDatabases() {
  return fromObjects(databases("shop")).resources.flatMap((each) =>
    each.kind === "GovernedDatabase" ? [each.database] : [],
  );
}

/** Of one pod, median of many. */
function handlerUs(): number {
  const parsed = parseSettings(
    JSON.stringify({ image: `weir@sha256:${"a".repeat(64)}`, cluster: "bench", environment: "bench" }),
  );
  if (!parsed.ok) throw new Error(parsed.problems.join("\n"));
  const settings = { ...parsed.settings, bundleKeys: [keys], nativeSidecars: true, version: "0.1.0" };
  const known = knownDatabases();
  const times = Array.from({ length: 2_000 }, () => {
    const pod = plainPod("timed");
    const startedMs = performance.now();
    inject({ pod, settings, namespace: governed, databases: known });
    return (performance.now() - startedMs) * 1000;
  });
  return at(times, 0.5);
}

function at(times: readonly number[], share: number): number {
  return times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * share))]!;
}

function section(times: Times, handler: number): Section {
  const row = (what: string, share: number) => {
    const [without, among] = [at(times.without, share), at(times.with, share)];
    return { what, without, among, ratio: among / without };
  };
  const rows = [row("median", 0.5), row("90 %", 0.9), row("99 %", 0.99)];
  const cells = rows.map(({ what, without, among, ratio }) => [what, short(without), short(among), short(ratio)]);
  const body = `${times.with.length} pods on each of two API servers in turn. The injection itself takes ${short(handler)} µs of that.\n\n${table(["", "without, ms", "with webhook and policies, ms", "ratio"], cells)}`;
  const found = `${short(rows[0]!.ratio)} (median), ${short(rows[2]!.ratio)} (99 %)`;
  return {
    title: "Admission",
    body,
    aims: [{ what: "creating a pod, of the same without Weir", found, aim: "at most 1.3, p99 included" }],
  };
}
