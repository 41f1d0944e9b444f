// A client that reads a result as fast as it can and looks at nothing: the one process of a streaming run that must not be the slow
// one. Arguments: port, statement. Prints bytes and milliseconds from the first byte asked for to ReadyForQuery.
import { connect } from "node:net";
import { query, startup } from "../support/messages.ts";

const [port = "0", statement = ""] = process.argv.slice(2);
const socket = connect({ port: Number(port), host: "127.0.0.1", noDelay: true });
const login = startup({ user: "postgres", database: "postgres" });
/** ReadyForQuery is the last frame of a login and of a result: Z, length 5, one byte. */
const READY = Buffer.from("Z\0\0\0\x05I");
let tail = Buffer.alloc(0);
let bytes = 0;
let beganAt = 0n;

socket.on("connect", () => socket.write(login));
socket.on("data", (chunk: Buffer) => {
  bytes += chunk.length;
  tail = Buffer.concat([tail, chunk.subarray(-READY.length)]).subarray(-READY.length);
  if (!tail.equals(READY)) return;
  if (beganAt === 0n) {
    beganAt = process.hrtime.bigint();
    bytes = 0;
    socket.write(query(statement));
    return;
  }
  process.stdout.write(`${bytes} ${Number(process.hrtime.bigint() - beganAt) / 1e6}\n`);
  process.exit(0);
});
socket.on("close", () => process.exit(1));
socket.on("error", () => process.exit(1));
