// A server that no PostgreSQL is: it lets clients in, mostly, and then answers whatever its seed says, stalls, floods or leaves.
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { cstring, frame, int16, int32 } from "../support/messages.ts";
import { Dice } from "./dice.ts";
import { done, flood, parameterStatus, ready, serverFrames } from "./server-frames.ts";

export interface HostileServer {
  readonly port: number;
  /** Connections that are open now. */
  readonly sockets: ReadonlySet<Socket>;
  close(): Promise<void>;
}

const SETTINGS = {
  server_version: "18.0",
  server_encoding: "UTF8",
  client_encoding: "UTF8",
  DateStyle: "ISO, MDY",
  IntervalStyle: "postgres",
  TimeZone: "UTC",
  integer_datetimes: "on",
  standard_conforming_strings: "on",
  session_authorization: "app",
};
const LET_IN = Buffer.concat([
  frame("R", int32(0)),
  ...Object.entries(SETTINGS).map(([name, value]) => parameterStatus(name, value)),
  frame("K", int32(7, 7)),
  ready(),
]);
const FLOOD_BYTES_MAX = 12 * 2 ** 20;
const TURNS_MAX = 60;
/** A client that has sent `limits.waitingBytes` ahead and leaves is noticed when its server moves (open finding 68). */
const SILENCE_MS_MAX = 15_000;

export async function startHostileServer(seed: number): Promise<HostileServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    sockets.add(socket.on("error", () => {}).on("close", () => sockets.delete(socket)));
    socket.setTimeout(SILENCE_MS_MAX, () => socket.destroy());
    void serve(socket, new Dice(seed * 7919 + ++connections)).catch(() => socket.destroy());
  });
  server.listen(0, "127.0.0.1");
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

async function serve(socket: Socket, dice: Dice): Promise<void> {
  const staysSilent = dice.percent(3);
  let turns = 0;
  for await (const chunk of socket) {
    if (staysSilent) continue;
    if (turns++ === 0) await greet(socket, dice);
    else await answer(socket, dice, chunk as Buffer);
    if (turns > TURNS_MAX || socket.destroyed) break;
  }
  socket.end();
}

async function greet(socket: Socket, dice: Dice): Promise<void> {
  if (dice.percent(80)) return write(socket, LET_IN);
  const frames = [
    frame("R", int32(dice.of([3, 5, 7, 10, 9, 0])), dice.percent(50) ? cstring("SCRAM-SHA-256") : dice.bytes(60)),
    ...serverFrames(dice),
  ];
  return dripOrWrite(socket, dice, Buffer.concat(dice.percent(50) ? frames : [...frames, LET_IN]));
}

async function answer(socket: Socket, dice: Dice, asked: Buffer): Promise<void> {
  const roll = dice.below(100);
  if (roll < 45) return write(socket, soundAnswer(dice, asked));
  if (roll < 80)
    return dripOrWrite(socket, dice, Buffer.concat([...serverFrames(dice), ...(dice.percent(50) ? [ready()] : [])]));
  if (roll < 84) {
    for (const piece of flood(dice, dice.below(FLOOD_BYTES_MAX))) {
      if (socket.destroyed) return;
      await write(socket, piece);
    }
    return write(socket, Buffer.concat([done(), ready()]));
  }
  if (roll < 88)
    return write(
      socket,
      Buffer.concat([frame("T", int16(0)), Buffer.from("D"), int32(dice.of([0x3fffffff, 0x7fffffff, 70_000]))]),
    );
  if (roll < 91) return void socket.end();
  if (roll < 93) return void socket.resetAndDestroy();
  if (roll < 95) return delay(dice.below(400));
}

/** One reply for each frame that begins in `asked`, as a server would have it for statements without rows. */
function soundAnswer(dice: Dice, asked: Buffer): Buffer {
  const replies: Buffer[] = [];
  for (let at = 0; at + 5 <= asked.length && replies.length < 2000; at += 1 + Math.max(4, asked.readInt32BE(at + 1))) {
    const type = String.fromCharCode(asked[at]!);
    if (type === "Q") replies.push(...(dice.percent(40) ? [frame("T", int16(0))] : []), done(), ready());
    else if (type === "S") replies.push(ready());
    else
      replies.push(
        ...({ P: [frame("1")], B: [frame("2")], C: [frame("3")], D: [frame("n")], E: [done()] }[type] ?? []),
      );
  }
  return Buffer.concat(replies);
}

async function dripOrWrite(socket: Socket, dice: Dice, bytes: Buffer): Promise<void> {
  if (dice.percent(70)) return write(socket, bytes);
  for (let at = 0, pieces = 0; at < bytes.length && pieces < 50; pieces++) {
    const end = pieces === 49 ? bytes.length : at + 1 + dice.below(9);
    await write(socket, bytes.subarray(at, end));
    await delay(dice.below(3));
    at = end;
  }
}

async function write(socket: Socket, bytes: Buffer): Promise<void> {
  if (socket.destroyed || socket.writableEnded || socket.write(bytes)) return;
  await new Promise<void>((resolve) => {
    const go = () => {
      socket.off("drain", go).off("close", go);
      resolve();
    };
    socket.once("drain", go).once("close", go);
  });
}
