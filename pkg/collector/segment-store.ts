// Segments as files: `segments/<cluster>/<namespace>/<chain>/<first>-<last>.segment`. A new one first lies in `incoming`, durable, until the
// log has its entry: then it moves to its place. What lies in `incoming` without an entry after a crash was never confirmed.
import { join } from "node:path";
import { type OpenedSegment, openSegment, parseSegmentFileName, segmentFileName } from "../ledger/segment.ts";
import { chainFolder } from "../ledger/segment-path.ts";
import type { CollectorFiles } from "./collector-files.ts";

/** Which segment, and where it belongs. */
export interface SegmentPlace {
  readonly chain: string;
  readonly cluster: string;
  readonly namespace: string;
  readonly first: number;
  readonly last: number;
}

export interface NewSegment {
  readonly place: SegmentPlace;
  readonly bytes: Buffer;
}

/** More than one request may be long. */
export const SEGMENT_FILE_BYTES_MAX = 64 * 1024 * 1024;

export class SegmentStore {
  private readonly files: CollectorFiles;
  private readonly folder: string;

  constructor(files: CollectorFiles, dataFolder: string) {
    this.files = files;
    this.folder = dataFolder;
  }

  /** Durable when it returns, not yet in their places. All of them share the folder's sync. */
  async receive(segments: readonly NewSegment[]): Promise<void> {
    await this.files.replaceAll(segments.map(({ place, bytes }) => [this.incomingPath(place), bytes] as const));
  }

  /** After the log has their entries. */
  async settle(places: readonly SegmentPlace[]): Promise<void> {
    for (const place of places) await this.files.move(this.incomingPath(place), this.pathOf(place));
  }

  /** What a crash has left: `placeOf` knows those that the log has an entry for; the rest is removed. Returns how many of each. */
  async recover(
    placeOf: (chain: string, first: number, last: number) => SegmentPlace | null,
  ): Promise<{ readonly settled: number; readonly dropped: number }> {
    let [settled, dropped] = [0, 0];
    for (const name of await this.files.list(join(this.folder, "incoming"))) {
      const range = parseSegmentFileName(name.slice(name.indexOf(".") + 1));
      const place = range === null ? null : placeOf(name.slice(0, name.indexOf(".")), range.first, range.last);
      if (place === null) {
        await this.files.remove(join(this.folder, "incoming", name));
        dropped++;
      } else {
        await this.settle([place]);
        settled++;
      }
    }
    return { settled, dropped };
  }

  /** null: it is not there, or not whole. */
  async read(place: SegmentPlace): Promise<OpenedSegment | null> {
    const bytes = await this.readBytes(place);
    return bytes === null ? null : openSegment(bytes);
  }

  async readBytes(place: SegmentPlace): Promise<Buffer | null> {
    return (
      (await this.files.read(this.pathOf(place), SEGMENT_FILE_BYTES_MAX)) ??
      // Between the log's entry and the move; and it may be moved between these two looks.
      (await this.files.read(this.incomingPath(place), SEGMENT_FILE_BYTES_MAX)) ??
      (await this.files.read(this.pathOf(place), SEGMENT_FILE_BYTES_MAX))
    );
  }

  async remove(place: SegmentPlace): Promise<void> {
    await this.files.remove(this.pathOf(place));
    await this.files.remove(this.incomingPath(place));
  }

  async has(place: SegmentPlace): Promise<boolean> {
    return await this.files.exists(this.pathOf(place));
  }

  /** When it arrived, or was restored; null: it is not there. */
  async arrivedMs(place: SegmentPlace): Promise<number | null> {
    return await this.files.writtenMs(this.pathOf(place));
  }

  pathOf(place: SegmentPlace): string {
    return join(this.folder, pathBelow(place));
  }

  private incomingPath(place: SegmentPlace): string {
    return join(this.folder, "incoming", `${place.chain}.${segmentFileName(place)}`);
  }
}

/** Below the data folder: `segments/…`. */
export function pathBelow(place: SegmentPlace): string {
  return join(chainFolder(place), segmentFileName(place));
}
