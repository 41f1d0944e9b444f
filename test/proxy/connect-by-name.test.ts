// A name whose address changes while a connection is being made.
import type { LookupAddress } from "node:dns";
import { createServer, type LookupFunction, Socket } from "node:net";
import { connectByName, fixed } from "../../pkg/proxy/connect-by-name.ts";
import { type TcpTarget, tcpConnect } from "../../pkg/proxy/sockets.ts";

const never = new AbortController().signal;

/** A network in which some addresses answer and others are silent or refuse. */
function network(kinds: Readonly<Record<string, "answers" | "refuses">>) {
  const attempts: string[] = [];
  const open: Socket[] = [];
  const connect = (to: TcpTarget, signal: AbortSignal) =>
    new Promise<Socket>((resolve, reject) => {
      signal.addEventListener("abort", () => reject(new Error("given up")));
      to.lookup!(to.host, { all: true }, (_, found) => {
        for (const { address } of found as LookupAddress[]) {
          attempts.push(address);
          if (kinds[address] === "refuses") reject(new Error("refused"));
          if (kinds[address] !== "answers") continue;
          const socket = new Socket();
          open.push(socket);
          resolve(socket);
        }
      });
    });
  return { attempts, open, connect };
}

/** Answers one after the other, the last again and again. */
function names(...answers: readonly string[][]) {
  let asked = 0;
  const lookup: LookupFunction = (host, options, done) => {
    const addresses = answers[Math.min(asked++, answers.length - 1)]!;
    fixed(addresses.map((address) => ({ address, family: 4 })))(host, options, done);
  };
  return { lookup, asked: () => asked };
}

const target = (lookup: LookupFunction): TcpTarget => ({ host: "db", port: 5432, lookup });

test("a database that moves while its old address is waited for is found at the new one", async () => {
  const { attempts, open, connect } = network({ "10.0.0.2": "answers" });
  const { lookup } = names(["10.0.0.1"], ["10.0.0.1"], ["10.0.0.2"]);
  expect(await connectByName(target(lookup), never, connect, 5)).toBe(open[0]);
  expect(attempts).toEqual(["10.0.0.1", "10.0.0.2"]);
});

test("an address is tried once, however often the name still leads there, and refused at once fails at once", async () => {
  const silent = network({});
  const { lookup, asked } = names(["10.0.0.1"]);
  const giveUp = new AbortController();
  const waits = connectByName(target(lookup), giveUp.signal, silent.connect, 5);
  while (asked() < 4) await new Promise((resolve) => setTimeout(resolve, 1));
  expect(silent.attempts).toEqual(["10.0.0.1"]);
  giveUp.abort();
  await expect(waits).rejects.toThrow("given up");
  const refusing = network({ "10.0.0.1": "refuses" });
  await expect(connectByName(target(names(["10.0.0.1"]).lookup), never, refusing.connect, 5)).rejects.toThrow(
    "refused",
  );
});

test("a name server that fails meanwhile changes nothing", async () => {
  const { open, connect } = network({ "10.0.0.2": "answers" });
  let asked = 0;
  const lookup: LookupFunction = (host, options, done) => {
    asked += 1;
    if (asked === 2) return done(new Error("the server failed"), "");
    fixed([{ address: asked === 1 ? "10.0.0.1" : "10.0.0.2", family: 4 }])(host, options, done);
  };
  expect(await connectByName(target(lookup), never, connect, 5)).toBe(open[0]);
});

test("sockets are made this way", async () => {
  const server = createServer((socket) => socket.end()).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  const socket = await tcpConnect({ host: "db.shop", port, lookup: names(["127.0.0.1"]).lookup }, never);
  expect([socket.remoteAddress, socket.isPaused()]).toEqual(["127.0.0.1", true]);
  socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});
