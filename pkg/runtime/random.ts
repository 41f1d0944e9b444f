// Randomness as an argument, so that a seed reproduces a run.
import { randomBytes } from "node:crypto";

export interface Random {
  /** `count` random bytes fit for keys and names. */
  bytes(count: number): Buffer;
}

export const systemRandom: Random = { bytes: (count) => randomBytes(count) };
