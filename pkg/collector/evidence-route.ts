// `POST /v1/evidence`: a selection in, an evidence file out, written as it is read.
import { Readable } from "node:stream";
import type { FastifyInstance, RouteShorthandOptions } from "fastify";
import type { Logger } from "../runtime/logger.ts";
import type { Checkpoints } from "./checkpoints.ts";
import { type EvidenceOptions, evidenceOf } from "./evidence-export.ts";
import { jsonBody } from "./json-body.ts";
import type { KeptLedger } from "./kept-ledger.ts";
import { readOlderCheckpoints } from "./older-checkpoints.ts";
import { scopedSelection } from "./scope.ts";
import { readSelection } from "./selection.ts";

export interface EvidenceRouteOptions {
  readonly ledger: KeptLedger;
  readonly checkpoints: Checkpoints;
  readonly evidence: EvidenceOptions;
  readonly logger: Logger;
}

const AT_ONCE_MAX = 4;

export function evidenceRoute(app: FastifyInstance, options: EvidenceRouteOptions, guard: RouteShorthandOptions): void {
  const { ledger, checkpoints, evidence, logger } = options;
  let open = 0;
  app.post("/v1/evidence", guard, async (request, reply) => {
    const { checkpoints: kept, ...asked } = membersOf(jsonBody(request) ?? {});
    const read = readSelection(asked);
    if (!read.ok) return reply.code(400).send({ error: read.error });
    const { scope, name } = request.reader!;
    const mine = scopedSelection(read.selection, scope);
    if (!mine.ok) return reply.code(403).send({ error: mine.error });
    if (open >= AT_ONCE_MAX)
      return reply.code(503).header("retry-after", 10).send({ error: "other exports are running" });
    await checkpoints.now();
    const current = ledger.current();
    if (current === null) return reply.code(503).header("retry-after", 2).send({ error: "the ledger is being opened" });
    const older = readOlderCheckpoints(kept, evidence.signer, current.log.checkpointHead?.size ?? 0);
    if (!older.ok) return reply.code(older.status).send({ error: older.error });
    const pieces = await evidenceOf(current, mine.selection, older.checkpoints, { ...evidence, scope });
    if (pieces === null)
      return reply.code(404).send({ error: "nothing of this selection is held under a checkpoint; widen it" });
    open++;
    const stream = Readable.from(pieces, { objectMode: false });
    stream.once("close", () => open--);
    stream.once("error", (cause) => logger.log("error", "evidence_failed", { why: cause.message }));
    logger.log("info", "evidence_asked", { by: name });
    return reply.type("application/vnd.weir.evidence").send(stream);
  });
}

/** What is no object goes on as one that no selection is. */
function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : { body: value };
}
