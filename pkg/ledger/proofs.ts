// Makes the proofs that merkle.ts checks. A tree is known by its nodes: whoever holds it hands in a reader of them.
import { EMPTY_ROOT, isPowerOfTwo, leafHash, nodeHash, splitOf } from "./merkle.ts";

/** The root of the full subtree over the entries `index * 2^level` to `(index + 1) * 2^level - 1`. */
export type NodeReader = (level: number, index: number) => Promise<Buffer>;

/** The root over the first `size` entries. */
export async function treeRoot(size: number, read: NodeReader): Promise<Buffer> {
  return size === 0 ? EMPTY_ROOT : await rangeHash(0, size, read);
}

/** The hashes, nearest first, that lead from entry `index` to the root of the first `size` entries (RFC 6962, 2.1.1). */
export async function inclusionProof(index: number, size: number, read: NodeReader): Promise<Buffer[]> {
  const proof: Buffer[] = [];
  let [start, end] = [0, size];
  if (index < 0 || index >= size) throw new RangeError(`no entry ${index} in a tree of ${size}`);
  while (end - start > 1) {
    const middle = start + splitOf(end - start);
    if (index < middle) {
      proof.unshift(await rangeHash(middle, end, read));
      end = middle;
    } else {
      proof.unshift(await rangeHash(start, middle, read));
      start = middle;
    }
  }
  return proof;
}

/** The hashes that show that the first `newSize` entries begin with the first `oldSize` (RFC 6962, 2.1.2). */
export async function consistencyProof(oldSize: number, newSize: number, read: NodeReader): Promise<Buffer[]> {
  if (oldSize < 0 || oldSize > newSize) throw new RangeError(`a tree of ${newSize} has no earlier one of ${oldSize}`);
  if (oldSize === 0 || oldSize === newSize) return [];
  const proof: Buffer[] = [];
  let [start, end] = [0, newSize];
  while (oldSize < end) {
    const middle = start + splitOf(end - start);
    if (oldSize <= middle) {
      proof.unshift(await rangeHash(middle, end, read));
      end = middle;
    } else {
      proof.unshift(await rangeHash(start, middle, read));
      start = middle;
    }
  }
  // Whoever checks has the old root: it is left out where the old tree is this whole subtree.
  return start === 0 ? proof : [await rangeHash(start, end, read), ...proof];
}

/** A reader over entries held in memory, such as the records of one segment. */
export function nodesInMemory(entries: readonly Uint8Array[]): NodeReader {
  const leaves = entries.map(leafHash);
  const node = (level: number, index: number): Buffer =>
    level === 0 ? leaves[index]! : nodeHash(node(level - 1, index * 2), node(level - 1, index * 2 + 1));
  return async (level, index) => node(level, index);
}

/** The root over the entries `start` to `end - 1`; `start` is a multiple of every power of two below their count. */
async function rangeHash(start: number, end: number, read: NodeReader): Promise<Buffer> {
  const count = end - start;
  if (isPowerOfTwo(count)) return await read(Math.log2(count), start / count);
  const middle = start + splitOf(count);
  return nodeHash(await rangeHash(start, middle, read), await rangeHash(middle, end, read));
}
