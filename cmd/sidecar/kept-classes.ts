// Which column has which class, kept beside the records over a restart: a column that is renamed while the sidecar is down keeps its
// class, because what counts is its table's OID and its number.
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BookEntry } from "../../pkg/policy/class-book.ts";
import type { KeptClasses } from "../../pkg/proxy/shared-knowledge.ts";
import type { Logger } from "../../pkg/runtime/logger.ts";

export const CLASSES_FILE = "classes.json";
const FORMAT = 1;

interface Stored {
  readonly format: typeof FORMAT;
  /** By database, as `SharedKnowledge` names it. */
  readonly databases: Readonly<Record<string, readonly BookEntry[]>>;
}

/** What cannot be read counts as nothing kept, and what cannot be written is logged: patterns still find their columns by name. */
export function keptClasses(folder: string, logger: Logger): KeptClasses {
  const path = join(folder, CLASSES_FILE);
  const databases = new Map(Object.entries(read(path, logger)));
  return {
    databases: () => databases.keys(),
    load: (database) => databases.get(database) ?? null,
    save(database, entries) {
      if (JSON.stringify(databases.get(database) ?? []) === JSON.stringify(entries)) return;
      databases.set(database, entries);
      write(path, { format: FORMAT, databases: Object.fromEntries(databases) }, logger);
    },
  };
}

function read(path: string, logger: Logger): Stored["databases"] {
  try {
    const stored = JSON.parse(readFileSync(path, "utf8"));
    if (stored?.format === FORMAT && Object.values(stored.databases).every(isList)) return stored.databases;
    logger.log("warn", "classes.unreadable", { path, reason: "not of a form that this version knows" });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT") logger.log("warn", "classes.unreadable", { path, reason: code ?? message });
  }
  return {};
}

function isList(entries: unknown): boolean {
  return Array.isArray(entries) && entries.every(isEntry);
}

function isEntry(entry: Partial<BookEntry> | null): boolean {
  return (
    Number.isInteger(entry?.relation) &&
    Number.isInteger(entry?.attnum) &&
    [entry?.class, entry?.policy, entry?.pattern].every((text) => typeof text === "string") &&
    Array.isArray(entry?.path) &&
    typeof entry?.observeOnly === "boolean"
  );
}

/** Whole or not at all. */
function write(path: string, stored: Stored, logger: Logger): void {
  try {
    writeFileSync(`${path}.new`, JSON.stringify(stored), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  } catch (error) {
    logger.log("warn", "classes.unwritable", { path, reason: (error as NodeJS.ErrnoException).code ?? "error" });
  }
}
