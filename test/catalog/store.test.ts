import type { Snapshot } from "../../pkg/catalog/snapshot.ts";
import { CatalogStore } from "../../pkg/catalog/store.ts";

const snapshot = { version: 1, probe: "p" } as Snapshot;

test("it is stale until the first snapshot, fresh with it, stale after DDL, fresh again with the next or a confirmation", () => {
  const store = new CatalogStore();
  const seen = [[store.stale, store.current, store.probedAtMs]];
  store.put(snapshot, 10);
  seen.push([store.stale, store.current, store.probedAtMs]);
  store.invalidate();
  seen.push([store.stale, store.current, store.probedAtMs]);
  store.confirm(20);
  seen.push([store.stale, store.current, store.probedAtMs]);
  expect(seen).toEqual([
    [true, null, Number.NEGATIVE_INFINITY],
    [false, snapshot, 10],
    [true, snapshot, 10],
    [false, snapshot, 20],
  ]);
});

test("DDL seen while a load was under way leaves its result stale", () => {
  const store = new CatalogStore();
  const before = store.changes;
  store.invalidate();
  store.put(snapshot, 10, before);
  expect(store.stale).toBe(true);
  store.confirm(11, before);
  expect(store.stale).toBe(true);
});

test("a confirmation without a snapshot makes nothing fresh", () => {
  const store = new CatalogStore();
  store.confirm(5);
  expect(store.stale).toBe(true);
});
