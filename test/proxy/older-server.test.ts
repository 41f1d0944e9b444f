// A server that does not know protocol 3.2: its answer is relayed, and both go on with 3.0.
import { existsSync } from "node:fs";
import { startSystemPostgres } from "../../pkg/localdb/start-postgres.ts";
import { decodeBackendKeyData } from "../../pkg/wire/postgres/backend-key-data.ts";
import { decodeNegotiateProtocolVersion } from "../../pkg/wire/postgres/negotiate-protocol-version.ts";
import { encodeStartupMessage } from "../../pkg/wire/postgres/startup-packet.ts";
import { rawClient } from "./raw-client.ts";
import { startRelay } from "./relay.ts";

const binDir = ["14", "15", "16", "17"]
  .map((major) => `/usr/lib/postgresql/${major}/bin`)
  .find((path) => existsSync(path));

(binDir === undefined ? test.skip : test)("3.2 is negotiated down to 3.0, with a key of 4 bytes", async () => {
  const server = await startSystemPostgres(binDir!);
  const upstream = { name: "shop", host: "127.0.0.1", port: server.port, tls: { mode: "disable" } } as const;
  const relay = await startRelay({ upstream });
  const client = await rawClient(relay.port);
  client.send(encodeStartupMessage(0x30002, [["user", "postgres"]]));
  const frames = await client.until("Z");
  expect(decodeNegotiateProtocolVersion(frames[0]!.body)).toEqual({ version: 0x30000, options: [] });
  expect(decodeBackendKeyData(frames.find((frame) => frame.type === "K")!.body).secret).toHaveLength(4);
  client.close();
  await relay.close();
  await server.stop();
});
