import { Agent, type RequestOptions, request } from "node:https";
import type { TLSSocket } from "node:tls";
import { reviewLimits } from "../../cmd/operator/review-limits.ts";
import { knownFrom } from "../../pkg/admission/known.ts";
import { selfSignedCertificate } from "../../pkg/localdb/certificate.ts";
import type { Logger } from "../../pkg/runtime/logger.ts";
import { databases, settings, shape } from "../support/injection.ts";
import { installed, startTestOperator, type TestOperator, type TestOperatorOptions } from "../support/operator.ts";

const shop = { name: "shop", annotations: { "weir.dev/governance": "enabled" } };
const content = { namespaces: [shop], databases, bundleKeys: settings.bundleKeys, nativeSidecars: true };
const review = (object: unknown = shape("django-migrate"), changes: object = {}) =>
  JSON.stringify({
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid: "1",
      resource: { group: "", version: "v1", resource: "pods" },
      operation: "CREATE",
      namespace: "shop",
      object,
      ...changes,
    },
  });

const operators: TestOperator[] = [];
afterEach(async () => {
  for (const operator of operators.splice(0)) await operator.stop();
});

async function start(options: Partial<TestOperatorOptions> = {}): Promise<TestOperator> {
  const operator = await startTestOperator({ known: content, ...options });
  operators.push(operator);
  return operator;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly subject: string | undefined;
}

function post(operator: TestOperator, body: string | Buffer, options: RequestOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: "127.0.0.1",
        port: operator.port,
        path: "/mutate",
        method: "POST",
        rejectUnauthorized: false,
        headers: { "content-type": "application/json" },
        ...options,
      },
      async (response) => {
        const subject = (response.socket as TLSSocket).getPeerCertificate().subjectaltname;
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(chunk);
        resolve({
          status: response.statusCode!,
          headers: response.headers,
          text: Buffer.concat(chunks).toString(),
          subject,
        });
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}

const admin = async (operator: TestOperator, path: string) => {
  const response = await fetch(`http://127.0.0.1:${operator.adminPort}${path}`);
  return { status: response.status, text: await response.text() };
};

test("a review is answered with a patch, whatever content type it comes with", async () => {
  const operator = await start();
  for (const headers of [{ "content-type": "application/json" }, { "content-type": "text/plain" }, {}]) {
    const { status, text } = await post(operator, review(), { headers });
    expect([status, JSON.parse(text).response]).toEqual([
      200,
      expect.objectContaining({ uid: "1", allowed: true, patchType: "JSONPatch" }),
    ]);
  }
});

test("what is too long or no review gets an error and does no harm", async () => {
  const operator = await start();
  expect((await post(operator, "{")).status).toBe(400);
  expect((await post(operator, "")).status).toBe(400);
  const long = await post(operator, Buffer.alloc(8 * 1024 * 1024 + 1, 0x20)).then(
    ({ status }) => status,
    () => 413, // the server may close while the rest is still being sent
  );
  expect(long).toBe(413);
  expect((await post(operator, review())).status).toBe(200);
});

describe("what its callers may hold", () => {
  const limits = { ...reviewLimits, reviewsOfAddressMax: 3, bytesOfAddressMax: 200_000 };
  const waits = () => {
    const known = knownFrom(() => content);
    const ends: (() => void)[] = [];
    const namespace = (name: string) =>
      new Promise<void>((resolve) => ends.push(resolve)).then(() => known.namespace(name));
    return { known: { ...known, namespace }, ends };
  };

  test("reviews beyond the limit get 503 at once, and there is room again when the others have ended", async () => {
    const { known, ends } = waits();
    const operator = await start({ known, limits });
    const first = [1, 2, 3].map(() => post(operator, review()));
    while (ends.length < 3) await new Promise(setImmediate);
    const more = await post(operator, review());
    expect([more.status, more.headers["retry-after"]]).toEqual([503, "1"]);
    for (const end of ends) end();
    expect((await Promise.all(first)).map(({ status }) => status)).toEqual([200, 200, 200]);
    const again = post(operator, review());
    while (ends.length < 4) await new Promise(setImmediate);
    ends[3]!();
    expect((await again).status).toBe(200);
    expect((await admin(operator, "/metrics")).text).toContain("\nweir_admission_turned_away_total 1\n");
  });

  test("bytes that are held while others stall count for all of them together", async () => {
    const operator = await start({ limits });
    const stalled = [1, 2].map(() => {
      const sent = request({
        host: "127.0.0.1",
        port: operator.port,
        path: "/mutate",
        method: "POST",
        rejectUnauthorized: false,
        headers: { "content-length": 1_000_000 },
      });
      const closed = new Promise<void>((resolve) => sent.on("error", () => resolve()));
      sent.write(Buffer.alloc(150_000, 0x20));
      return { sent, closed };
    });
    await Promise.race(stalled.map(({ closed }) => closed)); // the second exceeds what one address may hold
    for (const { sent } of stalled) sent.destroy();
    expect((await post(operator, review())).status).toBe(200);
  });

  test("a body that does not come in time is given up", async () => {
    const operator = await start({ limits: { ...limits, bodyMs: 50 } });
    await expect(post(operator, review(), { headers: { "content-length": 100_000 } })).rejects.toThrow();
  });

  test("with a client CA only its certificates may ask for a review", async () => {
    const own = selfSignedCertificate(["apiserver"]);
    const operator = await start({ clientCa: own.certificate });
    expect((await post(operator, review())).status).toBe(401);
    const stranger = selfSignedCertificate(["apiserver"]);
    const asked = (pair: typeof own) =>
      post(operator, review(), { cert: pair.certificate, key: pair.key, agent: false });
    expect((await asked(stranger)).status).toBe(401);
    expect((await asked(own)).status).toBe(200);
    operator.renew(selfSignedCertificate(["127.0.0.1", "localhost"]));
    expect((await asked(own)).status).toBe(200);
    expect((await asked(stranger)).status).toBe(401);
  });
});

test("a store that throws, and one that never answers, let the pod pass with a warning, a count and a line in the log", async () => {
  const lines: string[] = [];
  const logger: Logger = { log: (level, event, fields) => void lines.push(`${level} ${event} ${fields?.error ?? ""}`) };
  const known = knownFrom(() => content);
  for (const namespace of [() => Promise.reject(new Error("gone")), () => new Promise<never>(() => {})]) {
    const operator = await start({ known: { ...known, namespace }, logger });
    const { response } = JSON.parse((await post(operator, review())).text);
    expect(response).toMatchObject({ allowed: true, warnings: [expect.stringContaining("left this pod as it came")] });
    expect(response).not.toHaveProperty("patch");
    expect((await admin(operator, "/metrics")).text).toContain("\nweir_admission_failed_open_total 1\n");
  }
  expect(lines.filter((line) => line.startsWith("error"))).toEqual([
    "error admission_failed_open gone",
    "error admission_failed_open no answer about the namespace within 1500 ms",
  ]);
});

test("outcomes are counted by reason, rehearsals are not", async () => {
  const operator = await start();
  await post(operator, review());
  await post(operator, review(shape("daemonset-host-network")));
  await post(operator, review(shape("daemonset-host-network"), { dryRun: true }));
  const { text } = await admin(operator, "/metrics");
  expect(text).toContain('\nweir_admission_total{outcome="injected",reason=""} 1\n');
  expect(text).toContain('\nweir_admission_total{outcome="skipped",reason="HostNetwork"} 1\n');
  expect(text).toContain("\nweir_admission_seconds_count 2\n");
});

test("it is ready when what it knows is complete, and says what it waits for until then", async () => {
  let waits: readonly string[] = ["the list of Namespaces"];
  const operator = await start({ known: { ...knownFrom(() => content), waitsFor: () => waits } });
  expect(await admin(operator, "/healthz")).toEqual({ status: 200, text: "ok\n" });
  expect(await admin(operator, "/readyz")).toEqual({
    status: 503,
    text: '{"ready":false,"waitsFor":["webhook: the list of Namespaces"]}',
  });
  waits = [];
  expect((await admin(operator, "/readyz")).status).toBe(200);
});

test("a new certificate counts for new connections, and open ones go on", async () => {
  const operator = await start();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  expect((await post(operator, review(), { agent })).subject).toContain("DNS:localhost");
  operator.renew(selfSignedCertificate(["renewed.example"]));
  expect((await post(operator, review(), { agent })).subject).toContain("DNS:localhost");
  expect((await post(operator, review(), { agent: false })).subject).toBe("DNS:renewed.example");
  agent.destroy();
});

test("a certificate without its key is not taken", async () => {
  const operator = await start();
  const [one, other] = [selfSignedCertificate(["one.example"]), selfSignedCertificate(["other.example"])];
  operator.renew({ certificate: one.certificate, key: other.key });
  expect((await post(operator, review(), { agent: false })).subject).toContain("DNS:localhost");
});

test("settings with a problem leave the last good ones in force and are counted", async () => {
  const operator = await start();
  const problems = async () =>
    (await admin(operator, "/metrics")).text.match(/\nweir_injection_settings_problems (\d+)/)?.[1];
  const image = async () =>
    Buffer.from(JSON.parse((await post(operator, review())).text).response.patch, "base64").toString();
  operator.configure('{"image": 7}');
  expect([await problems(), await image()]).toEqual(["2", expect.stringContaining(settings.image)]);
  operator.configure(installed.replace(settings.image, "other/image:2"));
  expect([await problems(), await image()]).toEqual(["0", expect.stringContaining("other/image:2")]);
});

test("told to stop it is unready, answers on open connections, closes them, and ends", async () => {
  const operator = await startTestOperator({ known: content, drainSeconds: 1 });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  expect((await post(operator, review(), { agent })).headers.connection).toBe("keep-alive");
  const stopped = operator.stop();
  expect((await admin(operator, "/readyz")).status).toBe(503);
  const last = await post(operator, review(), { agent });
  expect([last.status, last.headers.connection]).toEqual([200, "close"]);
  await stopped;
  await expect(post(operator, review(), { agent: false })).rejects.toThrow("ECONNREFUSED");
  agent.destroy();
});

test("a request that is under way when the drain ends is still answered", async () => {
  let answer: () => void = () => {};
  const asked = new Promise<void>((resolve) => {
    answer = resolve;
  });
  let begun: () => void = () => {};
  const seen = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const known = knownFrom(() => content);
  const operator = await startTestOperator({
    known: {
      ...known,
      async namespace(name) {
        begun();
        await asked;
        return known.namespace(name);
      },
    },
  });
  const pending = post(operator, review());
  await seen;
  const stopped = operator.stop();
  answer();
  expect((await pending).status).toBe(200);
  await stopped;
});

test("TLS below 1.2 is not spoken", async () => {
  const operator = await start();
  const old = post(operator, review(), {
    maxVersion: "TLSv1.1",
    minVersion: "TLSv1",
    ciphers: "DEFAULT@SECLEVEL=0",
    agent: false,
  });
  await expect(old).rejects.toThrow();
});
