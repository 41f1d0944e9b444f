// The last good bundle on disk, so that policies survive a restart without the control plane. What is read is as untrusted as what
// comes over the network: it goes through `unwrap` again.
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { type Accepts, type Unwrapped, unwrap, WRAPPED_BYTES_MAX } from "./wrap.ts";

export interface LastGood {
  /** The wrapped text kept last, or null. */
  read(): string | null;
  /** Durable when it returns. @throws the system's error when the folder cannot be written. */
  keep(text: string): void;
}

/** Where `keepLastGood` keeps it. */
export function keptFile(folder: string): string {
  return join(folder, "bundle.json");
}

export function keepLastGood(folder: string): LastGood {
  const file = keptFile(folder);
  return {
    read: () => readBounded(file),
    keep(text) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const draft = `${file}.new`;
      writeDurably(draft, text);
      renameSync(draft, file);
      syncFolder(folder);
    },
  };
}

export interface StartingBundle {
  /** The newest good one; null when there is none. */
  readonly found: Extract<Unwrapped, { good: true }> | null;
  /** What was there and is no good. */
  readonly problems: readonly string[];
}

/** The newest good bundle of what was kept and of the ConfigMap's file, at the start of a sidecar. */
export function startingBundle(kept: LastGood, fallbackFile: string | null, accepts: Accepts): StartingBundle {
  const places = [
    { name: "the bundle kept last", text: kept.read() },
    { name: "the namespace's ConfigMap", text: fallbackFile === null ? null : readBounded(fallbackFile) },
  ];
  const problems: string[] = [];
  let found: StartingBundle["found"] = null;
  for (const { name, text } of places) {
    if (text === null) continue;
    const outcome = unwrap(text, accepts);
    if (!outcome.good) problems.push(`${name}: ${outcome.why}`);
    else if (found === null || outcome.bundle.generation > found.bundle.generation) found = outcome;
  }
  return { found, problems };
}

function readBounded(file: string): string | null {
  try {
    return statSync(file).size > WRAPPED_BYTES_MAX ? "" : readFileSync(file, "utf8");
  } catch {
    return null;
  }
}

function writeDurably(file: string, text: string): void {
  const fd = openSync(file, "w", 0o600);
  try {
    const bytes = Buffer.from(text, "utf8");
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function syncFolder(folder: string): void {
  const fd = openSync(folder, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
