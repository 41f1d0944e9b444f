// Everything that a play needs of chance, out of one seed.
import { seeded } from "../audit/seeded.ts";

export class Dice {
  private readonly next: () => number;
  constructor(seed: number) {
    this.next = seeded(seed);
    for (let n = 0; n < 3; n++) this.next(); // seeds that are neighbours begin alike
  }

  /** From 0, below `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  /** `parts` times in a hundred. */
  percent(parts: number): boolean {
    return this.next() * 100 < parts;
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  bytes(bytesMax: number): Buffer {
    return Buffer.from(Array.from({ length: this.below(bytesMax + 1) }, () => this.below(256)));
  }

  times<T>(countMax: number, make: (index: number) => T): T[] {
    return Array.from({ length: this.below(countMax + 1) }, (_, index) => make(index));
  }

  /** Mostly sound, sometimes at an edge of what 32 bits can say. */
  count(sound: number): number {
    if (this.percent(70)) return sound;
    return this.of([-1, 0, 1, 3, 4, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, -2147483648, sound + 1, sound - 1]);
  }
}
