import type { KubeObject } from "../../pkg/kube/object.ts";
import { type ReflectorOptions, startReflector } from "../../pkg/kube/reflector.ts";
import {
  type Answer,
  type FakeApiServer,
  list,
  object,
  reset,
  startFakeApiServer,
  status,
  watch,
} from "./fake-api-server.ts";

const open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.stop();
});

/** A reflector on a fake; `told` is `key value` of each change, `-` for gone. */
async function reflect(answers: Answer[], more: Partial<ReflectorOptions<string>> = {}) {
  const server = await startFakeApiServer(answers);
  const told: string[] = [];
  const errors: string[] = [];
  const pauses: number[] = [];
  const reflector = startReflector<string>({
    api: server.api,
    path: "/api/v1/things",
    keep: (found: KubeObject) => String(found.metadata.resourceVersion),
    onChange: (key, value) => {
      told.push(`${key} ${value ?? "-"}`);
    },
    onError: (what) => errors.push(what),
    random: () => 1,
    pause: async (ms) => {
      pauses.push(ms);
    },
    ...more,
  });
  open.push(server, reflector);
  return { server, reflector, told, errors, pauses };
}

const asked = (server: FakeApiServer, count: number) => server.until(() => server.asked.length >= count);

test("fake API server: pages are put together, then the watch goes on from the list's version", async () => {
  const { server, reflector, told } = await reflect([
    list("10", [object("a", "1")], "next"),
    list("10", [object("b", "2")]),
    watch([
      { type: "MODIFIED", object: object("a", "11") },
      { type: "DELETED", object: object("b", "12") },
      { type: "ADDED", object: object("c", "13") },
    ]),
  ]);
  await asked(server, 4);
  expect(server.asked).toEqual(["LIST 500", "LIST 500 next", "WATCH 10", "WATCH 13"]);
  expect(reflector.list()).toEqual(["11", "13"]);
  expect(reflector.hasSynced()).toBe(true);
  expect(told.slice(-1)).toEqual(["shop/c 13"]);
});

test("fake API server: a bookmark moves the version without telling of a change", async () => {
  const { server, told, reflector } = await reflect([
    list("10", []),
    watch([{ type: "BOOKMARK", object: { metadata: { resourceVersion: "opaque-x" } } }]),
  ]);
  await asked(server, 3);
  expect(server.asked[2]).toBe("WATCH opaque-x");
  expect(told).toEqual([]);
  expect(reflector.list()).toEqual([]);
});

test("fake API server: an expired page token begins the list again without pages", async () => {
  const { server, reflector } = await reflect([
    list("10", [object("gone", "1")], "next"),
    status(410),
    list("20", [object("a", "2")]),
  ]);
  await asked(server, 4);
  expect(server.asked).toEqual(["LIST 500", "LIST 500 next", "LIST all", "WATCH 20"]);
  expect(reflector.list()).toEqual(["2"]);
});

test.each([
  ["as the status", status(410)],
  ["as an event", watch([{ type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired" } }])],
  ["as an event that cannot be read", watch(["{not json"])],
])("fake API server: 410 %s lists again, and what is missing then has been deleted", async (_, answer) => {
  const { server, reflector, told } = await reflect([
    list("10", [object("a", "1"), object("b", "2")]),
    answer,
    list("20", [object("b", "2"), object("c", "3")]),
  ]);
  await asked(server, 4);
  await new Promise(setImmediate);
  expect(server.asked).toEqual(["LIST 500", "WATCH 10", "LIST 500", "WATCH 20"]);
  expect(reflector.get("shop/a")).toBeUndefined();
  expect(told).toContain("shop/a -");
  expect(told.filter((text) => text === "shop/b 2")).toHaveLength(1);
});

test.each([
  ["503", status(503)],
  ["401", status(401)],
  ["a reset connection", reset],
  ["an event of another error", watch([{ type: "ERROR", object: { code: 500, message: "etcd" } }])],
  ["an end without a word", watch([])],
])("fake API server: after %s the watch goes on from the same version after a pause", async (_, answer) => {
  const { server, pauses, errors } = await reflect([list("10", []), answer, answer, answer]);
  await asked(server, 5);
  expect(server.asked).toEqual(["LIST 500", "WATCH 10", "WATCH 10", "WATCH 10", "WATCH 10"]);
  expect(pauses).toEqual([250, 500, 1000]);
  expect(errors).toHaveLength(3);
});

test("fake API server: a list that fails is tried until it succeeds, with Retry-After obeyed and pauses bounded", async () => {
  const failures = Array.from({ length: 12 }, () => status(403));
  const { server, pauses, reflector } = await reflect([status(429, { "retry-after": "3" }), ...failures]);
  await asked(server, 14);
  await reflector.synced();
  expect(pauses[0]).toBe(3000 + 250);
  expect(Math.max(...pauses)).toBe(30_000);
});

test("fake API server: a watch that falls silent is given up and begun anew", async () => {
  const { server, reflector } = await reflect(
    [list("10", []), watch([{ type: "ADDED", object: object("a", "11") }], true)],
    { silenceMs: 50 },
  );
  await asked(server, 4);
  expect(server.asked).toEqual(["LIST 500", "WATCH 10", "WATCH 11", "WATCH 11"]);
  expect(reflector.list()).toEqual(["11"]);
});

test("fake API server: a handler that throws neither ends the watch nor loses the object", async () => {
  const told: string[] = [];
  let failures = 2;
  const { server, errors } = await reflect([list("10", [object("a", "1"), object("b", "2")])], {
    onChange(key) {
      told.push(key);
      if (key === "shop/a" && failures-- > 0) throw new Error("no room");
    },
  });
  await asked(server, 2);
  while (told.length < 4) await new Promise(setImmediate);
  expect(told).toEqual(["shop/a", "shop/b", "shop/a", "shop/a"]);
  expect(errors).toEqual(["/api/v1/things: shop/a: no room", "/api/v1/things: shop/a: no room"]);
});

test("fake API server: changes are handled strictly one after the other, and a burst of one object once", async () => {
  let running = 0;
  let most = 0;
  const seen: string[] = [];
  const burst = Array.from({ length: 50 }, (_, i) => ({ type: "MODIFIED", object: object("a", String(20 + i)) }));
  const { server } = await reflect([list("10", [object("a", "1"), object("b", "2")]), watch(burst)], {
    async onChange(key, value) {
      most = Math.max(most, ++running);
      await server.until(() => server.asked.length >= 3);
      running -= 1;
      seen.push(`${key} ${value}`);
    },
  });
  await asked(server, 3);
  while (seen.length < 3) await new Promise(setImmediate);
  expect(most).toBe(1);
  expect(seen).toEqual(["shop/a 1", "shop/b 2", "shop/a 69"]);
});

test("fake API server: stopping ends an open watch", async () => {
  const { server, reflector } = await reflect([list("10", [])]);
  await asked(server, 2);
  await reflector.stop();
});
