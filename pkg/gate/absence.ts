// What a statement names is not there, as far as Weir knows: the server is asked by statements of ours that name the same and change
// nothing even if it is there after all. Its error is the one that the client's own statement would get.
import type { Facts } from "../sql/facts.ts";
import { encodeDescribe } from "../wire/postgres/describe.ts";
import type { Core } from "./core.ts";
import type { Errand } from "./errand.ts";
import { queryFrames } from "./own-queries.ts";

export interface Absence {
  readonly frames: Parameters<Core["run"]>[0];
  /** Whether the error is about what the client named, and so may be told. */
  isTold(errand: Errand): boolean;
}

/** null when nothing is known to be absent, or its name cannot be written in every encoding. */
export function absenceFrames(core: Core, facts: Facts): Absence | null {
  const absent = facts.understood ? undefined : facts.absent;
  if (absent === undefined) return null;
  const isTold = (errand: Errand) => errand.error !== null;
  if (absent.what === "prepared statement") {
    if (!isPlain(absent.name)) return null;
    return { frames: [{ bytes: encodeDescribe("S", absent.name), asked: "describeStatement" }], isTold };
  }
  if (!absent.names.every(isPlain)) return null;
  const name = absent.names.map(quoted).join(".");
  const marker = core.names.next();
  if (absent.drop === undefined) return { frames: queryFrames(marker, regclassSql(name)), isTold };
  // DROP looks every name up before it drops anything, and nobody can have made one of our names.
  return {
    frames: queryFrames(marker, `DROP ${absent.drop} ${name}, ${quoted(marker)}`),
    isTold: ({ error }) => error !== null && !(error.get("M") ?? "").includes(marker),
  };
}

/** The cast of a text is made when it runs, so that the error has no position, as that of DDL has none. */
function regclassSql(name: string): string {
  return `SELECT '${name.replaceAll("'", "''")}'::pg_catalog.text::pg_catalog.regclass`;
}

function isPlain(name: string): boolean {
  return /^[\x20-\x7e]+$/.test(name) && !name.includes("\\");
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
