// The on-disk spool: records go in, each as a line of a segment file, and have reached the kernel when `append` returns. One sidecar
// owns the folder (folder-lock.ts). A write that fails leaves no trace: the file is cut back and the chain stays where it was.
import { join } from "node:path";
import type { Clock } from "../runtime/clock.ts";
import { AuditUnavailable, ioFailure } from "./audit-unavailable.ts";
import { type ChainState, newChain, type RecordBody } from "./chain.ts";
import type { FolderLock } from "./folder-lock.ts";
import { type Head, headText, type Mark } from "./head.ts";
import { lastMark } from "./last-mark.ts";
import { LineBuffer } from "./line.ts";
import { type Found, recover } from "./recover.ts";
import { HEAD_FILE, segmentName } from "./segment-file.ts";
import { type SpoolFiles, syncFolderOf } from "./spool-files.ts";

/** `Process`: a completed write survives the end of the process. `Node`: fdatasync as well, so that it survives the machine's. */
export type Durability = "Process" | "Node";

export interface SpoolLimits {
  /** A segment takes no further batch beyond this. */
  readonly segmentBytesMax: number;
  /** All segments together. */
  readonly totalBytesMax: number;
}

export interface SpoolWorld {
  readonly files: SpoolFiles;
  readonly lock: (folder: string) => FolderLock;
  readonly clock: Clock;
  /** Name of a chain that has to begin: 32 hex digits. */
  readonly newChainName: () => string;
  /** The oldest segment with a decision that has no outcome yet; null when there is none. */
  readonly openFrom: () => number | null;
  /** The machine's run; null where nobody can tell. */
  readonly boot?: string | null;
  /** Hears how far the spool may be read: what lies beyond may still be taken back. */
  readonly committed?: (segment: number, bytes: number) => void;
}

export interface SpoolCounters {
  readonly records: number;
  readonly bytes: number;
  readonly writes: number;
  readonly failures: number;
  readonly headFailures: number;
  readonly segments: number;
  /** Bytes that lie in the spool now. */
  readonly depthBytes: number;
  readonly limitBytes: number;
}

/** Bytes of one write, at least one record. */
const WRITE_BYTES = 1024 * 1024;
const HEAD_INTERVAL_MS = 1000;

interface Encoded {
  readonly state: ChainState;
  readonly end: number;
}

interface Segment {
  readonly ordinal: number;
  bytes: number;
}

export class Spool {
  readonly folder: string;
  readonly found: Found;
  private readonly limits: SpoolLimits;
  private readonly world: SpoolWorld;
  private readonly lock: FolderLock;
  private readonly lines = new LineBuffer();
  private readonly segments: Segment[];
  private state: ChainState;
  private fd: number;
  private released: Mark | null;
  /** Records of one page may refer to each other: of one segment, in one run, with no failure between them. */
  private page = 0;
  private tailDirty = false;
  private headDirty = false;
  private headAtMs: number;
  private open = true;
  private counted = { records: 0, bytes: 0, writes: 0, failures: 0, headFailures: 0 };
  private depthBytes: number;

  /** @throws AuditUnavailable `locked`, or `io` with the file and the remedy. */
  constructor(folder: string, limits: SpoolLimits, world: SpoolWorld) {
    this.folder = folder;
    this.limits = limits;
    this.world = world;
    attempt("create", folder, () => world.files.makeFolder(folder));
    this.lock = world.lock(folder);
    try {
      this.found = attempt("read", folder, () => recover(world.files, folder, world.boot));
      this.state = this.found.state ?? newChain(world.newChainName());
      this.segments = this.found.segments.map(({ ordinal, bytes }) => ({ ordinal, bytes }));
      this.fd = attempt("open a segment in", folder, () => this.openLast());
    } catch (cause) {
      this.lock.release();
      throw cause;
    }
    this.released = this.found.head?.released ?? null;
    this.tellCommitted();
    this.dropReleased();
    this.depthBytes = this.segments.reduce((sum, { bytes }) => sum + bytes, 0);
    this.headAtMs = world.clock.nowMs();
  }

  /** The number of the next record and the hash of the last. */
  get position(): ChainState {
    return this.state;
  }

  /** Ordinal of the segment that the last records went to. */
  get segment(): number {
    return this.segments.at(-1)!.ordinal;
  }

  get freeBytes(): number {
    return this.limits.totalBytesMax - this.depthBytes;
  }

  counters(): SpoolCounters {
    return {
      ...this.counted,
      segments: this.segments.length,
      depthBytes: this.depthBytes,
      limitBytes: this.limits.totalBytesMax,
    };
  }

  /**
   * Writes `bodies` from index `from` on in one completed write, as many as go into it, and returns how many that were; all of them lie
   * in `segment`. `keepFree`: bytes that must stay free afterwards.
   * @throws AuditUnavailable; then none of them is recorded.
   */
  append(bodies: readonly RecordBody[], from: number, keepFree: number, durability: Durability): number {
    if (!this.open)
      throw new AuditUnavailable("closed", `audit spool: ${this.folder} is closed, the sidecar is stopping`);
    this.cutTail();
    // A clock that was set back must not keep the head from being written.
    if (Math.abs(this.world.clock.nowMs() - this.headAtMs) >= HEAD_INTERVAL_MS) this.writeHead();
    try {
      const { state, end } = this.place(bodies, from, keepFree, durability);
      this.write(this.lines.bytes(), durability);
      this.state = state;
      this.headDirty = true;
      this.counted.records += end - from;
      return end - from;
    } catch (failure) {
      // Nothing of it was written, so nothing may refer to it.
      this.page++;
      throw failure;
    }
  }

  /** Encodes what goes into one write, for the segment that will hold it. */
  private place(bodies: readonly RecordBody[], from: number, keepFree: number, durability: Durability): Encoded {
    const encoded = this.encode(bodies, from);
    this.demandRoom(this.lines.length + keepFree);
    if (this.current.bytes === 0 || this.current.bytes + this.lines.length <= this.limits.segmentBytesMax)
      return encoded;
    this.roll(durability);
    this.page++;
    const again = this.encode(bodies, from);
    this.demandRoom(this.lines.length + keepFree);
    return again;
  }

  /** The next record begins a chain of this name: the one so far cannot go on where it is shipped to. */
  beginChain(): void {
    this.state = newChain(this.world.newChainName());
    this.page++;
  }

  /** Remembers how far the chain has come, when that has changed. A failure is counted: the head is a witness, not the record. */
  writeHead(): void {
    this.headAtMs = this.world.clock.nowMs();
    if (!this.headDirty) return;
    try {
      this.replaceHead(this.released);
      this.headDirty = false;
    } catch {
      this.counted.headFailures++;
    }
  }

  /** Everything written so far survives the machine. @throws AuditUnavailable */
  sync(): void {
    attempt("sync", this.currentFile, () => this.world.files.datasync(this.fd));
  }

  /**
   * Removes segments up to `ordinal`, which are safe elsewhere; never the newest, and while there is room none with a decision that a
   * restart would have to close. The head keeps the last record of what is gone.
   * @throws AuditUnavailable when the head cannot be written; then nothing is removed.
   */
  release(ordinal: number): void {
    const isPressed = this.depthBytes > this.limits.totalBytesMax / 2;
    const openFrom = isPressed ? this.segment : (this.world.openFrom() ?? this.segment);
    const gone = this.segments.filter((segment) => segment.ordinal <= ordinal && segment.ordinal < openFrom);
    const last = gone.at(-1);
    if (last === undefined) return;
    attempt("release segments of", this.folder, () => {
      const mark = lastMark(this.world.files, join(this.folder, segmentName(last.ordinal)));
      this.replaceHead(mark ?? this.released);
      this.released = mark ?? this.released;
      for (const segment of gone) {
        this.world.files.remove(join(this.folder, segmentName(segment.ordinal)));
        this.segments.shift();
        this.depthBytes -= segment.bytes;
      }
    });
  }

  /** Makes all of it durable, writes the head and gives the folder up. Safe to call twice. */
  close(): void {
    if (!this.open) return;
    this.open = false;
    try {
      this.cutTail();
      this.sync();
      this.writeHead();
    } finally {
      this.world.files.close(this.fd);
      this.lock.release();
    }
  }

  /** A crash may come between the head that gives segments away and their removal. */
  private dropReleased(): void {
    const { released } = this;
    for (let first = this.segments[0]; released !== null && first !== this.current; first = this.segments[0]) {
      const file = join(this.folder, segmentName(first!.ordinal));
      const last = attempt("read", file, () => lastMark(this.world.files, file));
      if (last === null || last.chain !== released.chain || last.number > released.number) return;
      attempt("remove", file, () => this.world.files.remove(file));
      this.segments.shift();
    }
  }

  private tellCommitted(): void {
    this.world.committed?.(this.segment, this.current.bytes);
  }

  private get current(): Segment {
    return this.segments.at(-1)!;
  }

  private get currentFile(): string {
    return join(this.folder, segmentName(this.segment));
  }

  /** Goes on in the last segment unless something is wrong: then a new one begins, so that damage is never written over. */
  private openLast(): number {
    const { files } = this.world;
    const last = this.segments.at(-1);
    if (last === undefined || this.found.predecessor !== null) return this.openNext();
    const fd = files.openAppend(this.currentFile, false);
    if (this.found.tornBytes > 0) {
      last.bytes -= this.found.tornBytes;
      files.truncate(fd, last.bytes);
    }
    return fd;
  }

  private openNext(): number {
    const ordinal = (this.segments.at(-1)?.ordinal ?? 0) + 1;
    const fd = this.world.files.openAppend(join(this.folder, segmentName(ordinal)), true);
    this.segments.push({ ordinal, bytes: 0 });
    return fd;
  }

  private roll(durability: Durability): void {
    attempt(
      "begin a segment in",
      this.folder,
      () => {
        if (durability === "Node") this.world.files.datasync(this.fd);
        this.writeHead();
        const old = this.fd;
        this.fd = this.openNext();
        this.tellCommitted();
        this.world.files.close(old);
        if (durability === "Node") syncFolderOf(this.world.files, this.currentFile);
      },
      () => this.counted.failures++,
    );
  }

  private encode(bodies: readonly RecordBody[], from: number): Encoded {
    const { page } = this;
    const { chain } = this.state;
    const timeMs = this.world.clock.nowMs();
    let { next: number, last: previous } = this.state;
    let end = from;
    this.lines.clear();
    try {
      while (end < bodies.length && (end === from || this.lines.length < WRITE_BYTES)) {
        previous = this.lines.add(bodies[end]!, { chain, number, previous, timeMs, page });
        number++;
        end++;
      }
    } catch (cause) {
      if (end > from) return { state: { chain, next: number, last: previous }, end };
      throw new AuditUnavailable(
        "encoding",
        "audit: an event could not be written down as a record; this is a defect, please report it",
        cause,
      );
    }
    return { state: { chain, next: number, last: previous }, end };
  }

  private demandRoom(bytes: number): void {
    if (this.depthBytes + bytes <= this.limits.totalBytesMax) return;
    const { totalBytesMax } = this.limits;
    throw new AuditUnavailable(
      "full",
      `audit spool: ${this.folder} is full (${this.depthBytes} of ${totalBytesMax} bytes): records wait to be shipped; ` +
        "check the connection to the collector or raise the spool's limit",
    );
  }

  private write(bytes: Buffer, durability: Durability): void {
    const { files } = this.world;
    try {
      for (let done = 0; done < bytes.length; ) {
        const count = files.write(this.fd, bytes.subarray(done));
        if (count <= 0) throw new Error("nothing was written");
        done += count;
      }
      if (durability === "Node") files.datasync(this.fd);
    } catch (cause) {
      this.counted.failures++;
      this.tailDirty = true;
      const failure = ioFailure("append to", this.currentFile, cause);
      this.tryCutTail();
      throw failure;
    }
    this.current.bytes += bytes.length;
    this.tellCommitted();
    this.depthBytes += bytes.length;
    this.counted.bytes += bytes.length;
    this.counted.writes++;
  }

  private tryCutTail(): void {
    try {
      this.cutTail();
    } catch {
      // Stays dirty: the next append tries again before it writes anything.
    }
  }

  /** Takes away what a failed write may have left. */
  private cutTail(): void {
    if (!this.tailDirty) return;
    attempt("cut back", this.currentFile, () => this.world.files.truncate(this.fd, this.current.bytes));
    this.tailDirty = false;
  }

  private replaceHead(released: Mark | null): void {
    const { chain, next, last } = this.state;
    if (next === 0) return;
    const segment = this.segment;
    const head: Head = {
      last: { chain, number: next - 1, hash: last },
      segment,
      openFrom: Math.min(this.world.openFrom() ?? segment, segment),
      released,
      boot: this.world.boot ?? null,
    };
    this.world.files.replace(join(this.folder, HEAD_FILE), headText(head));
  }
}

function attempt<T>(what: string, file: string, act: () => T, failed?: () => void): T {
  try {
    return act();
  } catch (cause) {
    failed?.();
    throw ioFailure(what, file, cause);
  }
}
