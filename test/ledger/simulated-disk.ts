// A disk in memory that can stop at any call and forgets, when it crashes, what was not made durable: some of it, as a disk does.
import type { AppendFile, LedgerFiles } from "../../pkg/ledger/ledger-files.ts";

export class Crash extends Error {
  readonly code = "EIO";
}

interface SimulatedFile {
  /** What a reader sees. */
  bytes: Buffer;
  /** How many of them survive a crash. */
  durable: number;
}

/** Draws a number from 0 to `most`. */
export type Draw = (most: number) => number;

export class SimulatedDisk implements LedgerFiles {
  private readonly files: Map<string, SimulatedFile>;
  /** Steps that change something, before the disk stops. */
  stepsLeft = Number.POSITIVE_INFINITY;
  steps = 0;
  /** Confirms and does not keep: as a disk with a lying cache. */
  lies = false;
  private readonly draw: Draw;

  constructor(draw: Draw = () => 0, files: Map<string, SimulatedFile> = new Map()) {
    this.draw = draw;
    this.files = files;
  }

  /** What is there after power was lost and came back. */
  afterCrash(draw: Draw = this.draw): SimulatedDisk {
    const kept = [...this.files].map(([path, { bytes, durable }]): [string, SimulatedFile] => {
      const length = durable + draw(bytes.length - durable);
      return [path, { bytes: Buffer.from(bytes.subarray(0, length)), durable: length }];
    });
    return new SimulatedDisk(draw, new Map(kept));
  }

  /** What is there after only the process died: all that was written. */
  afterKill(): SimulatedDisk {
    return this.afterCrash((most) => most);
  }

  paths(): string[] {
    return [...this.files.keys()].sort();
  }

  get(path: string): Buffer | undefined {
    return this.files.get(path)?.bytes;
  }

  put(path: string, bytes: Buffer | null): void {
    if (bytes === null) this.files.delete(path);
    else this.files.set(path, { bytes, durable: bytes.length });
  }

  async makeFolder(): Promise<void> {
    // Folders are what the paths of files say.
  }

  async list(folder: string): Promise<string[]> {
    const inside = this.paths().filter((path) => path.startsWith(`${folder}/`));
    return [...new Set(inside.map((path) => path.slice(folder.length + 1).split("/")[0]!))];
  }

  async read(path: string, bytesMax: number): Promise<Buffer | null> {
    const bytes = this.files.get(path)?.bytes;
    if (bytes !== undefined && bytes.length > bytesMax) throw new Error(`${path}: ${bytes.length} bytes`);
    return bytes === undefined ? null : Buffer.from(bytes);
  }

  async openAppend(path: string): Promise<AppendFile> {
    const file = this.files.get(path) ?? { bytes: Buffer.alloc(0), durable: 0 };
    this.files.set(path, file);
    return {
      write: async (bytes) => {
        const part = this.left() === 0 ? this.draw(bytes.length) : bytes.length;
        file.bytes = Buffer.concat([file.bytes, bytes.subarray(0, part)]);
        this.step();
      },
      datasync: async () => {
        this.step();
        if (!this.lies) file.durable = file.bytes.length;
      },
      close: async () => {},
    };
  }

  async replaceAll(files: readonly (readonly [string, Uint8Array])[]): Promise<void> {
    for (const [path, content] of files) {
      this.step();
      this.put(path, Buffer.from(content));
    }
  }

  async remove(path: string): Promise<void> {
    this.step();
    for (const each of this.paths()) if (each === path || each.startsWith(`${path}/`)) this.files.delete(each);
  }

  private left(): number {
    return this.stepsLeft - this.steps;
  }

  private step(): void {
    if (this.left() <= 0) throw new Crash("the disk has stopped");
    this.steps++;
  }
}
