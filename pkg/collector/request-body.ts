// A request's body on its way to the decoder: within the process's budget of bytes before it is read, and again before it is unpacked.
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { ByteBudget } from "./byte-budget.ts";
import type { OtlpForm } from "./otlp-decode.ts";

export const REQUEST_BYTES_MAX = 16 * 1024 * 1024;
const RETRY_AFTER_S = 1;
/** Header and trailer of a gzip member. */
const GZIP_BYTES_MIN = 18;

const unzip = promisify(gunzip);

/** Takes the body's share of the budget, given back when the answer is out or the connection gone. False: it has been answered. */
export function admitBody(request: FastifyRequest, reply: FastifyReply, budget: ByteBudget): boolean {
  const length = Number(request.headers["content-length"] ?? REQUEST_BYTES_MAX);
  if (length > REQUEST_BYTES_MAX) {
    void reply
      .code(413)
      .send({ error: `a request has at most ${REQUEST_BYTES_MAX} bytes; send fewer records at once` });
    return false;
  }
  return take(length, reply, budget);
}

function take(bytes: number, reply: FastifyReply, budget: ByteBudget): boolean {
  const giveBack = budget.take(bytes);
  if (giveBack === null) {
    void reply
      .code(429)
      .header("retry-after", RETRY_AFTER_S)
      .send({ error: "the collector has its hands full; send again later" });
    return false;
  }
  reply.raw.once("close", giveBack);
  return true;
}

/** null: it has been answered. */
export async function unpacked(
  request: FastifyRequest,
  reply: FastifyReply,
  budget: ByteBudget,
): Promise<Buffer | null> {
  const body = request.body instanceof Buffer ? request.body : Buffer.alloc(0);
  const encoding = request.headers["content-encoding"] ?? "identity";
  if (encoding === "identity") return body;
  if (encoding !== "gzip") {
    void reply.code(415).send({ error: "content-encoding: send gzip or nothing" });
    return null;
  }
  // A member's last four bytes say how long it is unpacked; it is held to that.
  const claimed = body.length < GZIP_BYTES_MIN ? 0 : body.readUInt32LE(body.length - 4);
  if (claimed > REQUEST_BYTES_MAX) {
    void reply
      .code(413)
      .send({ error: `unpacked, a request has at most ${REQUEST_BYTES_MAX} bytes; send fewer records` });
    return null;
  }
  if (!take(claimed, reply, budget)) return null;
  try {
    return await unzip(body, { maxOutputLength: Math.max(1, claimed) });
  } catch {
    void reply.code(400).send({ error: "the body is not gzip of one member" });
    return null;
  }
}

/** null: it has been answered. */
export function otlpFormOf(request: FastifyRequest, reply: FastifyReply): OtlpForm | null {
  const type = String(request.headers["content-type"] ?? "")
    .split(";")[0]!
    .trim()
    .toLowerCase();
  if (type === "application/x-protobuf") return "protobuf";
  if (type === "application/json") return "json";
  void reply.code(415).send({ error: "content-type: send application/x-protobuf or application/json" });
  return null;
}
