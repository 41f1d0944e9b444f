// A fake name server for tests: authoritative for what it is given, over UDP on loopback.
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { isIP } from "node:net";

/** Lower-case name to its addresses; `SERVFAIL`, or silence. What is not listed does not exist. */
export type Zone = Record<string, readonly string[] | "SERVFAIL" | "silent">;

export interface FakeDns {
  /** As a resolv.conf may name it. */
  readonly nameserver: string;
  /** Changes count from the next question on. */
  readonly zone: Zone;
  /** Names that were asked for, with type, in order. */
  readonly asked: readonly string[];
  stop(): void;
}

const types: Readonly<Record<number, string>> = { 1: "A", 28: "AAAA" };

export async function startFakeDns(zone: Zone): Promise<FakeDns> {
  const socket: Socket = createSocket("udp4");
  const asked: string[] = [];
  socket.on("message", (question, from) => {
    const { name, type, end } = readQuestion(question);
    asked.push(`${name} ${types[type] ?? type}`);
    const known = zone[name];
    if (known !== "silent") socket.send(answer(question.subarray(0, end), type, known), from.port, from.address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return { nameserver: `127.0.0.1:${socket.address().port}`, zone, asked, stop: () => socket.close() };
}

/** RFC 1035, 4.1: the first question, and where it ends. */
function readQuestion(packet: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = packet[at]!; length > 0; length = packet[at]!) {
    labels.push(packet.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join(".").toLowerCase(), type: packet.readUInt16BE(at + 1), end: at + 5 };
}

const NXDOMAIN = 3;
const SERVFAIL = 2;

function answer(question: Buffer, type: number, known: readonly string[] | "SERVFAIL" | undefined): Buffer {
  const addresses = typeof known === "object" ? known : [];
  const records = addresses.filter((address) => isIP(address) === (type === 1 ? 4 : 6)).map(record);
  const head = Buffer.from(question);
  const code = known === undefined ? NXDOMAIN : known === "SERVFAIL" ? SERVFAIL : 0;
  head.writeUInt16BE(0x8580 | code, 2); // an authoritative response, recursion available
  head.writeUInt16BE(records.length, 6);
  head.writeUInt32BE(0, 8);
  return Buffer.concat([head, ...records]);
}

function record(address: string): Buffer {
  const bytes = isIP(address) === 4 ? Buffer.from(address.split(".").map(Number)) : v6Bytes(address);
  const head = Buffer.from("c00c0000000100000e100000", "hex"); // the question's name, class IN, an hour to live
  head.writeUInt16BE(bytes.length === 4 ? 1 : 28, 2);
  head.writeUInt16BE(bytes.length, 10);
  return Buffer.concat([head, bytes]);
}

function v6Bytes(address: string): Buffer {
  const [left = "", right = ""] = address.split("::").map((part) => part);
  const words = (part: string) => (part === "" ? [] : part.split(":").map((word) => Number.parseInt(word, 16)));
  const [before, after] = [words(left), words(right)];
  const all = [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
  const bytes = Buffer.alloc(16);
  for (const [index, word] of all.entries()) bytes.writeUInt16BE(word, index * 2);
  return bytes;
}
