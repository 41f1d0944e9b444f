// What readers call: chains and alarms, the log with its proofs, traces, legal holds. The checkpoint and the tiles of hashes are for
// everybody: they tell how large the log is, and nothing of what is in it.
import { join } from "node:path";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { isChainName } from "../ledger/segment.ts";
import { parseTilePath } from "../ledger/tiles.ts";
import { alarmsOf } from "./alarms.ts";
import type { Authenticator } from "./authenticate.ts";
import { chainsPage } from "./chain-states.ts";
import type { CollectorFiles } from "./collector-files.ts";
import { credentialsOf } from "./credentials-of.ts";
import { type EvidenceRouteOptions, evidenceRoute } from "./evidence-route.ts";
import { jsonBody } from "./json-body.ts";
import type { KeptLedger } from "./kept-ledger.ts";
import type { Ledger } from "./ledger.ts";
import type { LedgerIndex } from "./ledger-index.ts";
import { holdState, liftHold, placeHold } from "./legal-holds.ts";
import { proofOf } from "./proof-of.ts";
import type { Guarding } from "./reader-guard.ts";
import { holdsPlace, holdsTime, isWhole, type Scope } from "./scope.ts";
import { type TailReaders, tailRoute } from "./tail-route.ts";
import { isTraceId, type TraceRing } from "./trace-ring.ts";

export interface ReadRoutesOptions extends EvidenceRouteOptions {
  readonly authenticator: Authenticator;
  readonly guarding: Guarding;
  readonly traces: TraceRing;
  readonly tails: TailReaders;
  readonly files: CollectorFiles;
  readonly dataFolder: string;
  readonly nowMs: () => number;
}

const PAGE_MAX = 500;
const TILE_BYTES_MAX = 32 * 1024 * 1024;
const WHOLE_ONLY = "this tells of everything that is kept, and you may see a part of it";

export function readRoutes(app: FastifyInstance, options: ReadRoutesOptions): void {
  const { guarding } = options;
  const withLedger = withLedgerOf(options.ledger);
  logRoutes(app, options);
  holdRoutes(app, options);
  tailRoute(app, { ledger: options.ledger, readers: options.tails }, guarding.guard("read"));
  evidenceRoute(app, options, guarding.guard("export"));
  app.get("/v1/chains", guarding.guard("read"), async (request, reply) =>
    withLedger(reply, ({ index }) => {
      const { after = "", limit = PAGE_MAX } = request.query as { readonly after?: string; readonly limit?: string };
      const most = Math.max(1, Math.min(PAGE_MAX, Math.trunc(Number(limit)) || PAGE_MAX));
      return chainsPage(index, String(after), most, request.reader!.scope);
    }),
  );
  app.get("/v1/alarms", guarding.guard("read"), async (request, reply) =>
    withLedger(reply, ({ index }) => {
      const { before } = request.query as { readonly before?: string };
      return {
        alarms: alarmsOf(index, Number(before ?? Number.MAX_SAFE_INTEGER) || 0, PAGE_MAX, request.reader!.scope),
      };
    }),
  );
  app.get("/v1/traces/:id", guarding.guard("read"), async (request, reply) => {
    const id = (request.params as { readonly id: string }).id.toLowerCase();
    const trace = isTraceId(id) ? options.traces.trace(id, request.reader!.scope) : null;
    return trace ?? reply.code(404).send({ error: "no span of this trace is kept; a trace id has 32 hex digits" });
  });
}

function logRoutes(app: FastifyInstance, options: ReadRoutesOptions) {
  const { ledger, files, dataFolder, authenticator, evidence, guarding } = options;
  const withLedger = withLedgerOf(ledger);
  const checkpoint = async (_request: FastifyRequest, reply: FastifyReply) =>
    withLedger(reply, ({ log }) =>
      log.checkpointNote === null
        ? reply.code(404).send({ error: "there is no checkpoint yet; ask again in some seconds" })
        : reply.type("text/plain; charset=utf-8").header("cache-control", "no-cache").send(log.checkpointNote),
    );
  app.get("/v1/checkpoint", checkpoint);
  // As clients of C2SP tlog-tiles ask for it.
  app.get("/checkpoint", checkpoint);
  app.get("/tile/*", async (request, reply) => {
    const path = `tile/${(request.params as { readonly "*": string })["*"]}`;
    const tile = parseTilePath(path);
    if (tile === null) return reply.code(404).send({ error: "there is no such tile" });
    if (tile.level === "entries") {
      const verified = await authenticator.reader(credentialsOf(request), "read");
      if (!verified.ok) return reply.code(verified.status).send({ error: verified.error });
      request.reader = verified.who;
      if (!isWhole(verified.who.scope)) return reply.code(403).send({ error: WHOLE_ONLY });
      if (!(await guarding.record(request, path))) return guarding.unrecorded(reply);
    }
    const bytes = await files.read(join(dataFolder, "log", path), TILE_BYTES_MAX);
    if (bytes === null)
      return reply.code(404).send({ error: "there is no such tile; a partial one goes when it is full" });
    return reply.type("application/octet-stream").header("cache-control", "max-age=31536000, immutable").send(bytes);
  });
  app.get("/v1/proof", guarding.guard("export"), async (request, reply) =>
    withLedger(reply, async (current) => {
      const { chain, number } = request.query as { readonly chain?: string; readonly number?: string };
      if (!isChainName(chain) || !/^\d{1,15}$/.test(number ?? ""))
        return reply.code(400).send({ error: "ask with chain (32 hex digits) and number" });
      if (!mayProve(current.index, chain, Number(number), request.reader!.scope))
        return reply.code(404).send({ error: "there is no such record that you may see" });
      const found = await proofOf(current, { chain, number: Number(number) }, evidence.signer.vkey);
      return found.ok
        ? reply.type("application/json").send(found.proof)
        : reply.code(found.status).send({ error: found.error });
    }),
  );
}

function holdRoutes(app: FastifyInstance, { ledger, nowMs, logger, guarding }: ReadRoutesOptions) {
  const withLedger = withLedgerOf(ledger);
  const nameOf = (request: FastifyRequest) => (request.params as { readonly name: string }).name;
  app.get("/v1/legal-holds", guarding.guard("read"), async (request, reply) =>
    withLedger(reply, ({ index }) =>
      isWhole(request.reader!.scope)
        ? { holds: index.holds().map(holdState) }
        : reply.code(403).send({ error: WHOLE_ONLY }),
    ),
  );
  app.put("/v1/legal-holds/:name", guarding.guard("hold"), async (request, reply) =>
    withLedger(reply, async (current) => {
      const by = request.reader!.name;
      const { status, body } = await placeHold(current, nameOf(request), jsonBody(request), by, nowMs());
      if (status === 200) logger.log("info", "hold_placed", { name: nameOf(request), by });
      return reply.code(status).send(body);
    }),
  );
  app.delete("/v1/legal-holds/:name", guarding.guard("hold"), async (request, reply) =>
    withLedger(reply, async (current) => {
      const by = request.reader!.name;
      const { status, body } = await liftHold(current, nameOf(request), by, nowMs());
      if (status === 200) logger.log("info", "hold_lifted", { name: nameOf(request), by });
      return reply.code(status).send(body);
    }),
  );
}

/** The record's segment lies in the reader's part, all of it: its times are known by the segment. */
function mayProve(index: LedgerIndex, chain: string, number: number, scope: Scope): boolean {
  if (isWhole(scope)) return true;
  const [row] = index.segmentsOver(chain, number, number);
  return row !== undefined && holdsPlace(scope, row) && holdsTime(scope, row.from, row.to);
}

function withLedgerOf(kept: KeptLedger) {
  return async (reply: FastifyReply, use: (ledger: Ledger) => unknown): Promise<unknown> => {
    const ledger = kept.current();
    if (ledger !== null) return await use(ledger);
    return reply.code(503).header("retry-after", 2).send({ error: "the ledger is being opened; ask again later" });
  };
}
