import { mkdtempSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bundle, versionOf } from "../../pkg/bundle/bundle.ts";
import { type FollowOptions, followBundle } from "../../pkg/bundle/follow-bundle.ts";
import { newSigningKeyPem, signingKey } from "../../pkg/bundle/keys.ts";
import { keepLastGood } from "../../pkg/bundle/last-good.ts";
import { wrap } from "../../pkg/bundle/wrap.ts";
import { selfSignedCertificate } from "../../pkg/localdb/certificate.ts";

const key = signingKey(newSigningKeyPem());
const at = (generation: number, cluster = "west"): Bundle => ({
  format: "weir.dev/bundle/v1",
  cluster,
  namespace: "shop",
  generation,
  resources: [],
  namespaceLabels: {},
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

const says =
  (status: number, body = "", headers: Record<string, string> = {}): Answer =>
  (_, response) =>
    response.writeHead(status, headers).end(body);

/** A fake operator that gives one answer after the other; afterwards requests wait. */
async function fakeOperator(answers: Answer[]) {
  const { certificate, key: tlsKey } = selfSignedCertificate(["localhost", "127.0.0.1"]);
  const seen: IncomingMessage[] = [];
  let quiet = () => {};
  const waiting = new Promise<void>((resolve) => {
    quiet = resolve;
  });
  const server = createServer({ cert: certificate, key: tlsKey }, (request, response) => {
    seen.push(request);
    const answer = answers.shift();
    if (answer === undefined) quiet();
    else answer(request, response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const folder = mkdtempSync(join(tmpdir(), "weir-follow-"));
  writeFileSync(join(folder, "token"), "token-1\n");
  writeFileSync(join(folder, "ca.crt"), certificate);
  const url = `https://localhost:${(server.address() as AddressInfo).port}/v1/bundle`;
  return { url, seen, waiting, folder, tokenFile: join(folder, "token"), caFile: join(folder, "ca.crt") };
}

async function follow(answers: Answer[], more: Partial<FollowOptions> = {}) {
  const operator = await fakeOperator(answers);
  const told: string[] = [];
  const pauses: number[] = [];
  const kept = keepLastGood(join(operator.folder, "kept"));
  const following = followBundle({
    ...operator,
    keys: [key.public],
    namespace: "shop",
    starting: null,
    kept,
    onBundle: (bundle) => {
      told.push(`bundle ${bundle.generation}`);
      return true;
    },
    onFresh: () => told.push("fresh"),
    onProblem: (why) => told.push(why),
    waitS: 1,
    random: () => 1,
    pause: async (ms) => {
      pauses.push(ms);
    },
    ...more,
  });
  await operator.waiting;
  await following.stop();
  return { ...operator, told, pauses, kept };
}

test("a changed bundle is put in force, kept and told; the next request asks for changes of it", async () => {
  const text = wrap(at(5), key);
  const { told, seen, kept } = await follow([says(200, text), says(304)]);
  expect(told).toEqual(["bundle 5", "fresh", "fresh"]);
  expect(kept.read()).toBe(text);
  expect(seen.slice(0, 2).map(({ url }) => url)).toEqual(["/v1/bundle?wait=0", "/v1/bundle?wait=1"]);
  expect(seen[0]!.headers).toMatchObject({ authorization: "Bearer token-1" });
  expect(seen[0]!.headers["if-none-match"]).toBeUndefined();
  expect(seen[1]!.headers).toMatchObject({
    "if-none-match": `"${versionOf(at(5))}"`,
    "weir-applied": versionOf(at(5)),
  });
});

test("a bundle older than the starting one, or by another key, is told and neither applied nor kept", async () => {
  const stranger = signingKey(newSigningKeyPem());
  const { told, kept } = await follow([says(200, wrap(at(4), key)), says(200, wrap(at(9), stranger))], {
    starting: at(5),
  });
  expect(told).toEqual([expect.stringMatching(/older/), expect.stringMatching(/does not know/)]);
  expect(kept.read()).toBeNull();
});

test("a bundle that does not compile here leaves the one before in force, and is not asked for again", async () => {
  const { told, seen, kept } = await follow([says(200, wrap(at(6, "east"), key)), says(304)], {
    starting: at(5),
    onBundle: () => false,
  });
  expect(told).toEqual([]);
  expect(kept.read()).toBeNull();
  expect(seen[1]!.headers).toMatchObject({
    "if-none-match": `"${versionOf(at(6, "east"))}"`,
    "weir-applied": versionOf(at(5)),
  });
});

test("what onBundle throws is a problem told, and following goes on", async () => {
  let calls = 0;
  const { told } = await follow([says(200, wrap(at(6), key)), says(200, wrap(at(7, "east"), key))], {
    onBundle: () => {
      calls += 1;
      if (calls === 1) throw new Error("out of memory");
      return true;
    },
  });
  expect(told).toEqual([expect.stringMatching(/cannot be put in force or kept: out of memory/), "fresh"]);
});

test("pauses grow with failures, keep to what the server asks, and shrink again after a success", async () => {
  const { pauses, told } = await follow([
    says(503, '{"error":"no bundle yet"}'),
    says(503, "", { "retry-after": "7" }),
    (request) => request.socket.destroy(),
    says(200, wrap(at(1), key)),
    says(500),
  ]);
  expect(pauses).toEqual([500 + 1000, 7000 + 2000, 500 + 4000, 500, 500 + 1000]);
  expect(told.slice(0, 2)).toEqual(["the operator answered 503: no bundle yet", "the operator answered 503"]);
});

test("the token's file is read anew for each request", async () => {
  const operator = await fakeOperator([says(304), says(304)]);
  const following = followBundle({
    ...operator,
    keys: [key.public],
    namespace: "shop",
    starting: null,
    kept: null,
    onBundle: () => true,
    onFresh: () => {},
    onProblem: () => {},
    pause: async () => writeFileSync(operator.tokenFile, `token-${operator.seen.length + 1}`),
  });
  await operator.waiting;
  await following.stop();
  expect(operator.seen.map((request) => request.headers.authorization)).toEqual([
    "Bearer token-1",
    "Bearer token-2",
    "Bearer token-3",
  ]);
});

test("a server of another CA and a missing token are problems, without a request", async () => {
  const operator = await fakeOperator([]);
  const problems: string[] = [];
  writeFileSync(operator.caFile, selfSignedCertificate(["localhost"]).certificate);
  let following: ReturnType<typeof followBundle> | undefined;
  await new Promise<void>((done) => {
    following = followBundle({
      ...operator,
      keys: [key.public],
      namespace: "shop",
      starting: null,
      kept: null,
      onBundle: () => true,
      onFresh: () => {},
      onProblem: (why) => problems.push(why),
      pause: async (_, signal) => {
        if (problems.length === 1) return writeFileSync(operator.tokenFile, "");
        done();
        await new Promise((stopped) => signal.addEventListener("abort", stopped));
      },
    });
  });
  await following!.stop();
  expect(problems[0]).toMatch(/DEPTH_ZERO_SELF_SIGNED_CERT/);
  expect(problems[1]).toMatch(/token has no token; the pod must mount weir-identity/);
  expect(operator.seen).toEqual([]);
});

test("an answer without end is cut off", async () => {
  const { told } = await follow([
    (_, response) => {
      response.writeHead(200);
      const more = () => {
        while (response.write("x".repeat(65_536)));
        response.once("drain", more);
      };
      more();
    },
  ]);
  expect(told[0]).toMatch(/too long/);
});
