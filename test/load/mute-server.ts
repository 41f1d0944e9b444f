// A server that lets everybody in and answers every Query with an empty result, for counting what a session costs us.
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { encodeAuthentication } from "../../pkg/wire/postgres/authentication.ts";
import { encodeBackendKeyData } from "../../pkg/wire/postgres/backend-key-data.ts";
import { encodeCommandComplete } from "../../pkg/wire/postgres/command-complete.ts";
import { encodeParameterStatus } from "../../pkg/wire/postgres/parameter-status.ts";
import { encodeReadyForQuery } from "../../pkg/wire/postgres/ready-for-query.ts";

export interface MuteServer {
  readonly port: number;
  /** Connections that are open now. */
  readonly sockets: ReadonlySet<Socket>;
  close(): Promise<void>;
}

const settings = {
  server_version: "18.0",
  server_encoding: "UTF8",
  client_encoding: "UTF8",
  DateStyle: "ISO, MDY",
  IntervalStyle: "postgres",
  TimeZone: "UTC",
  integer_datetimes: "on",
  standard_conforming_strings: "on",
  in_hot_standby: "off",
  is_superuser: "off",
  session_authorization: "ana",
};
const ready = encodeReadyForQuery("I");
const answered = Buffer.concat([encodeCommandComplete("SELECT 0"), ready]);
const reported = Buffer.concat(Object.entries(settings).map(([name, value]) => encodeParameterStatus(name, value)));

export async function startMuteServer(): Promise<MuteServer> {
  const sockets = new Set<Socket>();
  let processes = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket.on("error", () => {}).on("close", () => sockets.delete(socket)));
    socket.once("data", () => {
      const key = encodeBackendKeyData({ processId: ++processes, secret: Buffer.alloc(4, 1) });
      socket.write(Buffer.concat([encodeAuthentication({ method: "ok" }), reported, key, ready]));
      socket.on("data", (chunk) => {
        if (chunk[0] === 0x51) socket.write(answered);
        else if (chunk[0] === 0x58) socket.end();
      });
    });
  });
  server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 });
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
