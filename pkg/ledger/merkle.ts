// The Merkle tree of RFC 6962 (and RFC 9162): hashes, roots, proofs that an entry is in a tree, proofs that one tree goes on from
// another. Pure. Sizes are numbers below 2^53, so nothing here shifts bits.
import { createHash, hash as digest } from "node:crypto";

export const HASH_BYTES = 32;
/** Longer than any proof of a tree whose size is a safe integer. */
export const PROOF_LENGTH_MAX = 128;

const LEAF = Buffer.from([0]);
const NODE = Buffer.from([1]);

/** The root of the tree without entries. */
export const EMPTY_ROOT: Buffer = digest("sha256", "", "buffer");

export function leafHash(data: Uint8Array): Buffer {
  return createHash("sha256").update(LEAF).update(data).digest();
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return createHash("sha256").update(NODE).update(left).update(right).digest();
}

/** The root over entries, given their leaf hashes one by one; keeps one hash per level. */
export class GrowingTree {
  private count = 0;
  /** Roots of the full subtrees that the entries make up, largest first. */
  private readonly subtrees: Buffer[] = [];

  /** The tree over the first `size` entries, to go on from; `read` gives its nodes. */
  static async resumed(size: number, read: (level: number, index: number) => Promise<Buffer>): Promise<GrowingTree> {
    const tree = new GrowingTree();
    for (let end = 0; end < size; ) {
      let level = 0;
      while (end + 2 ** (level + 1) <= size) level++;
      tree.subtrees.push(await read(level, end / 2 ** level));
      end += 2 ** level;
    }
    tree.count = size;
    return tree;
  }

  get size(): number {
    return this.count;
  }

  add(leaf: Buffer): void {
    let node = leaf;
    for (let rest = this.count; rest % 2 === 1; rest = Math.floor(rest / 2))
      node = nodeHash(this.subtrees.pop()!, node);
    this.subtrees.push(node);
    this.count++;
  }

  root(): Buffer {
    if (this.count === 0) return EMPTY_ROOT;
    return this.subtrees.reduceRight((right, left) => nodeHash(left, right));
  }
}

/** The root over entries held in memory. */
export function rootOf(entries: Iterable<Uint8Array>): Buffer {
  const tree = new GrowingTree();
  for (const entry of entries) tree.add(leafHash(entry));
  return tree.root();
}

/** The proof that the entry with this leaf hash stands at `index` of a tree of `size` with this root (RFC 9162, 2.1.3.2). */
export function isIncluded(
  leaf: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!isCount(index) || !isCount(size) || index >= size || !areHashes(proof) || leaf.length !== HASH_BYTES)
    return false;
  let node = index;
  let last = size - 1;
  let found: Uint8Array = leaf;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      found = nodeHash(sibling, found);
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, half(last)];
    } else {
      found = nodeHash(found, sibling);
    }
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && sameHash(found, root);
}

export interface TreeHead {
  readonly size: number;
  readonly root: Buffer;
}

/** The proof that the newer tree begins with exactly the entries of the older (RFC 9162, 2.1.4.2). */
export function isConsistent(older: TreeHead, newer: TreeHead, proof: readonly Uint8Array[]): boolean {
  if (!isCount(older.size) || !isCount(newer.size) || older.size > newer.size || !areHashes(proof)) return false;
  if (older.size === 0) return proof.length === 0 && sameHash(older.root, EMPTY_ROOT);
  if (older.size === newer.size) return proof.length === 0 && sameHash(older.root, newer.root);
  const path = isPowerOfTwo(older.size) ? [older.root, ...proof] : proof;
  let [node, last] = [older.size - 1, newer.size - 1];
  while (node % 2 === 1) [node, last] = [half(node), half(last)];
  const first = path[0];
  if (first === undefined) return false;
  let [oldRoot, newRoot] = [first, first];
  for (const sibling of path.slice(1)) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      oldRoot = nodeHash(sibling, oldRoot);
      newRoot = nodeHash(sibling, newRoot);
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, half(last)];
    } else {
      newRoot = nodeHash(newRoot, sibling);
    }
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && sameHash(oldRoot, older.root) && sameHash(newRoot, newer.root);
}

export function sameHash(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === HASH_BYTES && Buffer.compare(a, b) === 0;
}

/** The largest power of two below `size`, which is at least 2. */
export function splitOf(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

export function isPowerOfTwo(size: number): boolean {
  return size > 0 && Number.isInteger(Math.log2(size));
}

function areHashes(proof: readonly Uint8Array[]): boolean {
  return proof.length <= PROOF_LENGTH_MAX && proof.every((hash) => hash.length === HASH_BYTES);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function half(value: number): number {
  return Math.floor(value / 2);
}
