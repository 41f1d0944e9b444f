// Syslog over TLS (RFC 5424 in the frames of RFC 5425): one OCSF event a message. Syslog acknowledges nothing: a batch counts as taken when
// the kernel has taken it and the connection stood a moment longer; what was in flight when it broke is sent again. The sequence in the
// structured data shows a receiver what he missed and what came twice.
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { connect, type TLSSocket } from "node:tls";
import type { Delivered, Delivery, Forwarded } from "./delivery.ts";

export interface SyslogOptions {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Files; null: the system's, none. */
  readonly ca: string | null;
  readonly certificate: string | null;
  readonly key: string | null;
  readonly settleMs?: number;
}

const TIMEOUT_MS = 15_000;
const SETTLE_MS = 200;
/** Facility 13 (log audit), severity 6 (informational). */
const PRIORITY = 13 * 8 + 6;
/** An example's number is for examples; this one is our own mark inside the structured data. */
const SD_ID = "weir@32473";

export function syslogDelivery(options: SyslogOptions): Delivery {
  let socket: TLSSocket | null = null;
  const drop = () => {
    socket?.destroy();
    socket = null;
  };
  return {
    async deliver(batch, signal): Promise<Delivered> {
      const ending = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
      try {
        socket ??= await open(options, ending);
        const current = socket;
        await written(current, frames(batch, options.name), ending);
        await delay(options.settleMs ?? SETTLE_MS, undefined, { signal: ending });
        if (!current.writable || current.destroyed) throw new Error("the connection broke");
        return { as: "taken" };
      } catch (cause) {
        drop();
        const { code, message } = cause as NodeJS.ErrnoException;
        return { as: "again", why: `${options.host}:${options.port}: ${code ?? message}`, afterMs: null };
      }
    },
    close: drop,
  };
}

async function open({ host, port, ca, certificate, key }: SyslogOptions, signal: AbortSignal): Promise<TLSSocket> {
  const file = (path: string | null) => (path === null ? undefined : readFileSync(path, "utf8"));
  const socket = connect({
    host,
    port,
    servername: isIP(host) ? "" : host,
    ca: file(ca),
    cert: file(certificate),
    key: file(key),
    minVersion: "TLSv1.2",
  });
  // Whoever waits for the next write hears it there.
  socket.on("error", () => {});
  socket.on("end", () => socket.destroy());
  socket.resume();
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: Error) => {
      socket.destroy();
      reject(cause);
    };
    socket.once("secureConnect", resolve);
    socket.once("error", fail);
    socket.once("close", () => fail(new Error("closed before it was secure")));
    signal.addEventListener("abort", () => fail(new Error("it took too long")), { once: true });
  });
  return socket;
}

function written(socket: TLSSocket, bytes: Buffer, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = () => reject(new Error("the connection broke"));
    socket.once("close", fail);
    signal.addEventListener("abort", fail, { once: true });
    socket.write(bytes, (cause) => (cause ? reject(cause) : resolve()));
  });
}

function frames(batch: readonly Forwarded[], name: string): Buffer {
  return Buffer.concat(
    batch.map(({ sequence, uid, timeMs, event }) => {
      const head = `<${PRIORITY}>1 ${new Date(timeMs).toISOString()} ${hostname().slice(0, 255)} weir-collector - record`;
      const data = `[${SD_ID} destination="${name}" sequence="${sequence}" uid="${uid}"]`;
      const message = Buffer.from(`${head} ${data} \ufeff${JSON.stringify(event)}`);
      return Buffer.concat([Buffer.from(`${message.length} `), message]);
    }),
  );
}
