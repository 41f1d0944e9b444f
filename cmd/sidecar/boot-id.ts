// Which run of the machine this is, as Linux tells it (random(4)); null elsewhere.
import { readFileSync } from "node:fs";

export function bootId(): string | null {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return null;
  }
}
