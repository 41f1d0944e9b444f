// Memory that is used again: a megabyte made anew for every piece would keep the garbage collector busier than the work itself.

const STEP_BYTES = 256 * 1024;

export class Scratch {
  private memory = Buffer.alloc(0);

  /** Uninitialised, and valid until the next call. */
  of(bytes: number): Buffer {
    if (this.memory.length < bytes) this.memory = Buffer.allocUnsafeSlow(Math.ceil(bytes / STEP_BYTES) * STEP_BYTES);
    return this.memory.subarray(0, bytes);
  }
}
