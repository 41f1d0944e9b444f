// How far a spool may be read, in memory that the writer's thread and the shipper's share. The writer stores on the statement's path, so
// it is two plain stores; a reader that meets a change of segment in between looks again.

export interface Committed {
  readonly segment: number;
  readonly bytes: number;
}

const SEGMENT = 0;
const BYTES = 1;

export class CommittedMark {
  readonly memory: SharedArrayBuffer;
  private readonly cells: Int32Array;
  private segment = 0;

  constructor(memory = new SharedArrayBuffer(8)) {
    this.memory = memory;
    this.cells = new Int32Array(memory);
  }

  set(segment: number, bytes: number): void {
    if (segment !== this.segment) {
      // Whoever sees the new segment never sees the bytes of the old one.
      Atomics.store(this.cells, BYTES, 0);
      Atomics.store(this.cells, SEGMENT, segment);
      this.segment = segment;
    }
    Atomics.store(this.cells, BYTES, bytes);
  }

  get(): Committed {
    for (;;) {
      const segment = Atomics.load(this.cells, SEGMENT);
      const bytes = Atomics.load(this.cells, BYTES);
      if (Atomics.load(this.cells, SEGMENT) === segment) return { segment, bytes };
    }
  }
}
