// Which functions of the server Weir's own queries call, read off their texts: without rights to one, a query fails.
import { claimQuery, standingQuery } from "../catalog/claim-query.ts";
import { catalogQueries, probeQuery, temporaryQuery } from "../catalog/queries.ts";
import { reachQuery } from "../catalog/reach-query.ts";
import { resolutionQuery } from "../catalog/resolution.ts";
import { isolationQuery } from "./own-queries.ts";

const anyMajor = 15;
const anyClaim = { schema: "a", table: "a", column: "a" };

/** Casts are functions of their type's name; operators have functions of other names, which are taken for safe. */
const called: ReadonlySet<string> = new Set(
  [
    ...catalogQueries(anyMajor),
    ...[probeQuery(anyMajor), temporaryQuery(anyMajor), resolutionQuery(anyMajor), isolationQuery, reachQuery],
    ...[claimQuery([anyClaim]), standingQuery([anyClaim])].filter((query) => query !== null),
  ].flatMap(({ sql }) => [...sql.matchAll(/pg_catalog\."?([a-z0-9_]+)/g)].map(([, name]) => name!)),
);

export function isCalledByUs(name: string): boolean {
  return name === "*" || called.has(name);
}
