// A TCP relay that remembers the first packet of each connection, to see in what way somebody was spoken to.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export type FirstPacket = "SSLRequest" | "TLS" | "StartupMessage" | "CancelRequest";

export interface Sniffer {
  readonly port: number;
  readonly firsts: FirstPacket[];
  close(): Promise<void>;
}

export async function startSniffer(target: number): Promise<Sniffer> {
  const firsts: FirstPacket[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const other = connect(target, "127.0.0.1");
    for (const one of [socket, other]) sockets.add(one.on("error", () => {}).on("close", () => sockets.delete(one)));
    socket.once("data", (chunk) => firsts.push(kindOf(chunk)));
    socket.pipe(other).pipe(socket);
    socket.on("close", () => other.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    firsts,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function kindOf(chunk: Buffer): FirstPacket {
  if (chunk[0] === 0x16) return "TLS";
  const code = chunk.readUInt32BE(4);
  return code === 80877103 ? "SSLRequest" : code === 80877102 ? "CancelRequest" : "StartupMessage";
}
