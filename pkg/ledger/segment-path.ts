// Where a segment lies in a collector's folder. Names from outside never lead out of it.
import { hash as digest } from "node:crypto";
import { join } from "node:path";
import { type SegmentHeader, segmentFileName } from "./segment.ts";

const NAME_MAX = 200;

/** `segments/<cluster>/<namespace>/<chain>`, below the data folder. */
export function chainFolder({
  cluster,
  namespace,
  chain,
}: Pick<SegmentHeader, "cluster" | "namespace" | "chain">): string {
  return join("segments", folderName(cluster), folderName(namespace), chain);
}

export function segmentPath(header: SegmentHeader): string {
  return join(chainFolder(header), segmentFileName(header));
}

/** One name per text: percent-encoded, dots of their own as well, `%` for no text, and cut with a hash when it is long. */
function folderName(text: string): string {
  const name = encodeURIComponent(text).replace(/^\.+$/, (dots) => "%2E".repeat(dots.length)) || "%";
  if (name.length <= NAME_MAX) return name;
  return `${name.slice(0, NAME_MAX - 34)}%~${digest("sha256", text, "hex").slice(0, 32)}`;
}
