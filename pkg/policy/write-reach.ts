// Which tables a write to one table may change or complain about: cascades follow foreign keys back, triggers go anywhere.
// Errors of such writes may print whole rows of the tables they reach, so they count as touching what those hold.
import type { RelationShape } from "./class-book.ts";

export class WriteReach {
  readonly #shapes: ReadonlyMap<number, RelationShape>;
  readonly #referencing = new Map<number, number[]>();
  readonly #holdsClass: (oid: number) => boolean;
  readonly #answers = new Map<number, boolean>();

  constructor(shapes: readonly RelationShape[], holdsClass: (oid: number) => boolean) {
    this.#shapes = new Map(shapes.map((shape) => [shape.oid, shape]));
    this.#holdsClass = holdsClass;
    for (const { oid, parents, foreignKeys } of shapes) {
      for (const { target } of foreignKeys ?? []) this.#link(target, oid);
      // A write to a parent goes to its children, one to a partition fires what its parent declares.
      for (const parent of parents) {
        this.#link(parent, oid);
        this.#link(oid, parent);
      }
    }
  }

  /** Whether a write to `oid` may meet a class. A relation that the book does not know may, unless it is temporary. */
  touches(oid: number, temporary: boolean): boolean {
    if (!this.#shapes.has(oid)) return !temporary;
    let answer = this.#answers.get(oid);
    if (answer === undefined) {
      answer = this.#search(oid);
      this.#answers.set(oid, answer);
    }
    return answer;
  }

  #search(start: number): boolean {
    const seen = new Set([start]);
    for (const oid of seen) {
      const shape = this.#shapes.get(oid);
      const known = shape?.foreignKeys !== undefined && shape.hasTriggers === false;
      if (!known || this.#holdsClass(oid)) return true;
      for (const next of this.#referencing.get(oid) ?? []) seen.add(next);
    }
    return false;
  }

  #link(from: number, to: number): void {
    const list = this.#referencing.get(from);
    if (list === undefined) this.#referencing.set(from, [to]);
    else list.push(to);
  }
}
