// A TCP relay that keeps what passes: put between the sidecar and the server, it shows what really reached the server.
import { connect, createServer, type Socket } from "node:net";

export interface RecordingRelay {
  readonly port: number;
  /** Everything sent to the server since the relay began or was last cleared, over all connections. */
  toServer(): Buffer;
  clear(): void;
  close(): void;
}

export function startRecordingRelay(serverPort: number): Promise<RecordingRelay> {
  let kept: Buffer[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(serverPort, "127.0.0.1");
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true).on("error", () => {});
    }
    client.on("data", (chunk) => {
      kept.push(chunk);
      upstream.write(chunk);
    });
    upstream.on("data", (chunk) => client.write(chunk));
    client.on("close", () => upstream.destroy());
    upstream.on("close", () => client.destroy());
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      resolve({
        port: (server.address() as { port: number }).port,
        toServer: () => Buffer.concat(kept),
        clear: () => {
          kept = [];
        },
        close: () => {
          server.close();
          for (const socket of sockets) socket.destroy();
        },
      });
    });
  });
}
