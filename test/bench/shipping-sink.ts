// Takes whatever a sidecar ships, spans too, and keeps nothing: in a process of its own, so that its CPU is not the sidecar's. Prints its
// port.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { GENESIS } from "../../pkg/audit/chain.ts";
import { decode } from "../shipping/receiver.ts";

const standings = new Map<string, { readonly next: number; readonly lastHash: string }>();

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  if (request.url === "/v1/chains") {
    const { chain } = JSON.parse(body.toString());
    response.end(JSON.stringify({ chain, ...(standings.get(chain) ?? { next: 0, lastHash: GENESIS }) }));
    return;
  }
  if (request.url === "/v1/logs") {
    const header = JSON.parse(decode(gunzipSync(body)).logs.at(-1)!.body.toString());
    standings.set(header.chain, { next: header.last + 1, lastHash: header.lastHash });
  }
  response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
});
server.listen(0, "127.0.0.1", () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
process.once("SIGTERM", () => process.exit(0));
