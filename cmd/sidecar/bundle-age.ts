// When the operator last said that the bundle in force is its newest, remembered over restarts as the time of the kept file: a sidecar
// that is restarted has not been renewed by that.
import { statSync, utimesSync } from "node:fs";
import { keptFile } from "../../pkg/bundle/last-good.ts";

export interface BundleAge {
  seconds(): number;
  renewed(): void;
}

/** `isKept`: what is in force is what the folder holds; else its age begins now. */
export function bundleAge(folder: string, isKept: boolean, nowMs: () => number): BundleAge {
  const file = keptFile(folder);
  let renewedAtMs = (isKept ? statSync(file, { throwIfNoEntry: false })?.mtimeMs : undefined) ?? nowMs();
  return {
    seconds: () => Math.max(0, Math.floor((nowMs() - renewedAtMs) / 1000)),
    renewed() {
      renewedAtMs = nowMs();
      try {
        utimesSync(file, renewedAtMs / 1000, renewedAtMs / 1000);
      } catch {
        // Not kept yet, or not to be written: then a restart counts from the time that is there.
      }
    },
  };
}
