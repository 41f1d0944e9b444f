// Invariant 10 on a real API server: a governed pod cannot start ungoverned, with neither webhook nor operator running.
import { databases, governedPod, image, type Json, keys, legacyPod, plainPod } from "./governed-pod.ts";
import { installed, type Installed } from "./installed.ts";
import { legacyOnly, type Mutation, mutations, nativeOnly } from "./mutations.ts";

let api: Installed;

beforeAll(async () => {
  api = await installed(image, keys);
  await api.namespace("shop", { "weir.dev/governance": "enabled" });
  await api.namespace("free", {});
  for (const database of databases("shop")) await api.create("governeddatabases", database);
  for (const database of databases("free")) await api.create("governeddatabases", database);
  await api.settled("shop");
}, 180_000);

afterAll(async () => {
  await api?.stop();
});

const refused = (mutation: Mutation, pod: Json) => async () => {
  mutation.change(pod);
  const answer = await api.tryPod(pod);
  expect(answer.body.message ?? "accepted").toMatch(mutation.says);
  expect([403, 422]).toContain(answer.status);
};

describe("a native sidecar", () => {
  test("as the injector makes it is accepted", async () => {
    expect(await api.tryPod(governedPod())).toMatchObject({ status: 201 });
  });
  for (const mutation of [...mutations, ...nativeOnly]) test(`refused: ${mutation.what}`, refused(mutation, governedPod()));
});
