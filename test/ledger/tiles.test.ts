// Tiles where C2SP tlog-tiles puts them, and proofs out of them.
import fc from "fast-check";
import { rootOf } from "../../pkg/ledger/merkle.ts";
import { consistencyProof, inclusionProof, nodesInMemory, treeRoot } from "../../pkg/ledger/proofs.ts";
import { TileStore } from "../../pkg/ledger/tile-store.ts";
import { bundleOf, entriesOf, newTiles, parseTilePath, tilePath } from "../../pkg/ledger/tiles.ts";
import { SimulatedDisk } from "./simulated-disk.ts";

test.each([
  [{ level: 0, index: 0, width: 256 }, "tile/0/000"],
  [{ level: 3, index: 1234067, width: 256 }, "tile/3/x001/x234/067"],
  [{ level: "entries", index: 999, width: 17 }, "tile/entries/999.p/17"],
  [{ level: 1, index: 1000, width: 1 }, "tile/1/x001/000.p/1"],
] as const)("%j is %s", (tile, path) => {
  expect(tilePath(tile)).toBe(path);
  expect(parseTilePath(path)).toEqual(tile);
});

test.each([
  "tile/0/00",
  "tile/0/1",
  "tile/00/000",
  "tile/0/000.p/256",
  "tile/0/000.p/0",
  "tile/0/x000/001",
  "tile/0/../../checkpoint",
  "tile/x/000",
  "/tile/0/000",
  "tile/100/000",
])("no tile has the path %s", (path) => {
  expect(parseTilePath(path)).toBeNull();
});

test("a log of 70,000 writes 274 bundles, as many tiles of hashes, and two above them", () => {
  const paths = newTiles(0, 70_000).map(tilePath);
  expect(paths.length).toBe(274 + 274 + 2 + 1);
  expect(paths).toEqual(
    expect.arrayContaining([
      "tile/entries/273.p/112",
      "tile/0/273.p/112",
      "tile/1/000",
      "tile/1/001.p/17",
      "tile/2/000.p/1",
    ]),
  );
  expect(newTiles(70_000, 70_001).map(tilePath)).toEqual(["tile/entries/273.p/113", "tile/0/273.p/113"]);
});

test("entries come out of their bundle, and a bundle that is cut or too long is refused", () => {
  const entries = ["", "a", "bc".repeat(500)].map((text) => Buffer.from(text));
  const bundle = bundleOf(entries);
  expect(entriesOf(bundle, 3, "x")).toEqual(entries);
  for (const wrong of [bundle.subarray(0, -1), Buffer.concat([bundle, Buffer.from([0])]), bundle.subarray(2)])
    expect(() => entriesOf(wrong, 3, "tile/entries/000.p/3")).toThrow(
      "tile/entries/000.p/3: not a bundle of 3 entries",
    );
});

test("however a log has grown, its tiles give its entries, roots and proofs of every size", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 6 }),
      fc.nat(),
      fc.nat(),
      async (steps, a, b) => {
        const disk = new SimulatedDisk();
        const store = new TileStore(disk, "/log");
        const all = Array.from({ length: steps.reduce((sum, step) => sum + step, 0) }, (_, index) =>
          Buffer.from(`${index}`),
        );
        let written = 0;
        for (const step of steps) {
          await store.grow(written, all.slice(written, written + step));
          written += step;
        }
        const size = 1 + (a % written);
        const index = b % size;
        const [stored, kept] = [store.nodes(size, written), nodesInMemory(all)];
        expect(await treeRoot(size, stored)).toEqual(rootOf(all.slice(0, size)));
        expect(await inclusionProof(index, size, stored)).toEqual(await inclusionProof(index, size, kept));
        expect(await consistencyProof(index, size, stored)).toEqual(await consistencyProof(index, size, kept));
        expect((await store.bundle(Math.floor(index / 256), size, written))[index % 256]).toEqual(all[index]);
      },
    ),
    { numRuns: 40 },
  );
});

test("a log of 66,000 has hashes on three levels of tiles", async () => {
  const disk = new SimulatedDisk();
  const store = new TileStore(disk, "/log");
  const all = Array.from({ length: 66_000 }, (_, index) => Buffer.from(`${index}`));
  await store.grow(0, all.slice(0, 65_000));
  await store.grow(65_000, all.slice(65_000));
  expect(await treeRoot(66_000, store.nodes(66_000))).toEqual(rootOf(all));
  expect(disk.paths().filter((path) => path.startsWith("/log/tile/2/"))).toEqual(["/log/tile/2/000.p/1"]);
});
