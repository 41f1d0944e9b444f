// Real conversations cut at each place: however a client's bytes are cut, the answer is the server's own.
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** What the answer is, but for what no two sessions share: keys and reported settings. */
export async function answerTo(port: number, bytes: Buffer, cutAt: number | null): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  const chunks: Buffer[] = [];
  socket.on("error", () => {}).on("data", (chunk) => chunks.push(chunk));
  const closed = new Promise((resolve) => socket.once("close", resolve));
  if (cutAt === null) socket.write(bytes);
  else {
    socket.write(bytes.subarray(0, cutAt));
    await delay(2);
    socket.write(bytes.subarray(cutAt));
  }
  await closed;
  return comparable(Buffer.concat(chunks));
}

function comparable(bytes: Buffer): string {
  const kept: Buffer[] = [];
  for (let at = 0; at + 5 <= bytes.length; ) {
    const end = at + 1 + Math.max(4, bytes.readInt32BE(at + 1));
    if (!"KS".includes(String.fromCharCode(bytes[at]!))) kept.push(bytes.subarray(at, end));
    at = end;
  }
  return Buffer.concat(kept).toString("latin1");
}
