// The tree against the vectors that implementations of RFC 6962 share, and its proofs against every way to get them wrong.
import fc from "fast-check";
import {
  EMPTY_ROOT,
  GrowingTree,
  isConsistent,
  isIncluded,
  leafHash,
  nodeHash,
  rootOf,
  splitOf,
} from "../../pkg/ledger/merkle.ts";
import { consistencyProof, inclusionProof, nodesInMemory, treeRoot } from "../../pkg/ledger/proofs.ts";

/** The eight entries of the reference implementation of Certificate Transparency. */
const entries = [
  "",
  "00",
  "10",
  "2021",
  "3031",
  "40414243",
  "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
].map((hex) => Buffer.from(hex, "hex"));

const roots = [
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

test("the roots of the reference implementation", () => {
  expect(EMPTY_ROOT.toString("hex")).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  expect(roots.map((_, index) => rootOf(entries.slice(0, index + 1)).toString("hex"))).toEqual(roots);
});

test.each([
  [
    0,
    8,
    [
      "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
  ],
  [
    5,
    8,
    [
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
  ],
  [2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]],
  [
    1,
    5,
    [
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
  ],
])("the reference's inclusion proof of entry %i of %i", async (index, size, expected) => {
  const proof = await inclusionProof(index, size, nodesInMemory(entries));
  expect(proof.map((hash) => hash.toString("hex"))).toEqual(expected);
});

test.each([
  [
    1,
    8,
    [
      "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
  ],
  [
    6,
    8,
    [
      "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
  ],
  [
    2,
    5,
    [
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
  ],
])("the reference's consistency proof from %i to %i", async (from, to, expected) => {
  const proof = await consistencyProof(from, to, nodesInMemory(entries));
  expect(proof.map((hash) => hash.toString("hex"))).toEqual(expected);
});

/** The definition of RFC 6962, as it is written there. */
function definedRoot(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return EMPTY_ROOT;
  if (leaves.length === 1) return leafHash(leaves[0]!);
  const split = splitOf(leaves.length);
  return nodeHash(definedRoot(leaves.slice(0, split)), definedRoot(leaves.slice(split)));
}

function numbered(count: number): Buffer[] {
  return Array.from({ length: count }, (_, index) => Buffer.from(`entry ${index}`));
}

test("a growing tree, one gone on with, and the definition agree at every size", async () => {
  const all = numbered(70);
  const tree = new GrowingTree();
  for (let size = 0; size <= all.length; size++) {
    const expected = definedRoot(all.slice(0, size));
    const resumed = await GrowingTree.resumed(size, nodesInMemory(all.slice(0, size)));
    expect([tree.root(), resumed.root(), await treeRoot(size, nodesInMemory(all))]).toEqual([
      expected,
      expected,
      expected,
    ]);
    if (size < all.length) {
      tree.add(leafHash(all[size]!));
      resumed.add(leafHash(all[size]!));
      expect(resumed.root()).toEqual(tree.root());
    }
  }
});

test("every entry of every tree is proven, at its place and nowhere else", async () => {
  const all = numbered(40);
  const nodes = nodesInMemory(all);
  for (let size = 1; size <= all.length; size++) {
    const root = rootOf(all.slice(0, size));
    for (let index = 0; index < size; index++) {
      const proof = await inclusionProof(index, size, nodes);
      const places = Array.from({ length: size }, (_, at) => isIncluded(leafHash(all[index]!), at, size, proof, root));
      expect(places).toEqual(places.map((_, at) => at === index));
    }
  }
});

test("every tree goes on from every earlier one", async () => {
  const all = numbered(40);
  const nodes = nodesInMemory(all);
  const head = (size: number) => ({ size, root: rootOf(all.slice(0, size)) });
  for (let size = 0; size <= all.length; size++) {
    for (let old = 0; old <= size; old++) {
      const proof = await consistencyProof(old, size, nodes);
      expect(isConsistent(head(old), head(size), proof)).toBe(true);
      if (old > 0 && old < size)
        expect(isConsistent({ size: old, root: rootOf(all.slice(1, old + 1)) }, head(size), proof)).toBe(false);
    }
  }
});

const forgery = fc.record({
  at: fc.nat(),
  bit: fc.nat(255),
  kind: fc.constantFrom("flip", "drop", "add", "swap", "shorten"),
});

function forged(
  proof: readonly Buffer[],
  { at, bit, kind }: { at: number; bit: number; kind: string },
): Buffer[] | null {
  const copy: Buffer[] = proof.map((hash) => Buffer.from(hash));
  const place = at % Math.max(1, copy.length);
  if (kind === "add") return copy.toSpliced(place, 0, leafHash(Buffer.from([bit])));
  if (copy.length === 0) return null;
  if (kind === "drop") return copy.toSpliced(place, 1);
  if (kind === "shorten") return copy.with(place, copy[place]!.subarray(0, 31));
  if (kind === "flip") copy[place]![bit >> 3]! ^= 1 << (bit & 7);
  if (kind === "swap" && copy.length < 2) return null;
  if (kind === "swap") [copy[0], copy[copy.length - 1]] = [copy.at(-1)!, copy[0]!];
  return copy;
}

test("no forged inclusion proof is taken", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 600 }), fc.nat(), forgery, async (size, pick, how) => {
      const all = numbered(size);
      const index = pick % size;
      const proof = await inclusionProof(index, size, nodesInMemory(all));
      const root = rootOf(all);
      expect(isIncluded(leafHash(all[index]!), index, size, proof, root)).toBe(true);
      const wrong = forged(proof, how);
      if (wrong !== null) expect(isIncluded(leafHash(all[index]!), index, size, wrong, root)).toBe(false);
      expect(isIncluded(leafHash(Buffer.from("another")), index, size, proof, root)).toBe(false);
      // A node is no leaf: the two are hashed apart.
      if (size > 1)
        expect(isIncluded(nodeHash(leafHash(all[index]!), proof[0]!), index >> 1, size, proof.slice(1), root)).toBe(
          false,
        );
    }),
    { numRuns: 60 },
  );
});

test("no forged consistency proof is taken", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 2, max: 600 }), fc.nat(), forgery, async (size, pick, how) => {
      const all = numbered(size);
      const old = 1 + (pick % (size - 1));
      const heads = [
        { size: old, root: rootOf(all.slice(0, old)) },
        { size, root: rootOf(all) },
      ] as const;
      const proof = await consistencyProof(old, size, nodesInMemory(all));
      expect(isConsistent(...heads, proof)).toBe(true);
      const wrong = forged(proof, how);
      if (wrong !== null) expect(isConsistent(...heads, wrong)).toBe(false);
      const rewritten = rootOf([Buffer.from("rewritten"), ...all.slice(1)]);
      expect(isConsistent(heads[0], { size, root: rewritten }, proof)).toBe(false);
    }),
    { numRuns: 60 },
  );
});

test("sizes and indexes that are none are refused", () => {
  const leaf = leafHash(Buffer.from("x"));
  expect(isIncluded(leaf, 0, 1, [], leaf)).toBe(true);
  for (const [index, size] of [
    [1, 1],
    [-1, 1],
    [0, 0],
    [0.5, 1],
    [0, Number.NaN],
    [2 ** 53, 2 ** 54],
  ])
    expect(isIncluded(leaf, index!, size!, [], leaf)).toBe(false);
  expect(isConsistent({ size: 2, root: leaf }, { size: 1, root: leaf }, [])).toBe(false);
  expect(isConsistent({ size: 0, root: leaf }, { size: 1, root: leaf }, [])).toBe(false);
  expect(isConsistent({ size: 0, root: EMPTY_ROOT }, { size: 1, root: leaf }, [])).toBe(true);
});
