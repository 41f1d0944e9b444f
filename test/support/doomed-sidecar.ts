// A sidecar that kills itself, as `kill -9` would, at one chosen point: before, amid or after the n-th write of a kind.
// Run as a process of its own; its orders come as JSON in WEIR_DOOM, its port leaves on standard output.
import { Socket } from "node:net";
import { type SpoolFiles, systemFiles } from "../../pkg/audit/spool-files.ts";
import { startGoverned } from "./governed.ts";

export interface Doom {
  readonly upstreamPort: number;
  readonly spoolDir: string;
  readonly policies: Readonly<Record<string, string>>;
  /** Which writes are counted: to the spool, or to the server. */
  readonly of: "spool" | "server";
  readonly side: "before" | "amid" | "after";
  /** Counted from 1, from the moment the port is known. */
  readonly at: number;
}

const doom: Doom = JSON.parse(process.env.WEIR_DOOM!);
let armed = false;
let count = 0;

const die = () => process.kill(process.pid, "SIGKILL");
const isDue = (of: Doom["of"]) => armed && of === doom.of && ++count === doom.at;

const files: SpoolFiles = {
  ...systemFiles,
  write(fd, bytes) {
    const due = isDue("spool");
    if (due && doom.side === "before") die();
    if (due && doom.side === "amid") {
      systemFiles.write(fd, bytes.subarray(0, bytes.length >> 1));
      die();
    }
    const written = systemFiles.write(fd, bytes);
    if (due) die();
    return written;
  },
};

/** Bytes are with the kernel when the synchronous part of `write` has run, so a kill after it lets them arrive. */
const write = Socket.prototype.write as (this: Socket, ...args: unknown[]) => boolean;
Socket.prototype.write = function (this: Socket, ...args: unknown[]): boolean {
  const due = this.remotePort === doom.upstreamPort && isDue("server");
  if (due && doom.side === "before") die();
  if (due && doom.side === "amid") {
    const bytes = args[0] as Buffer;
    write.call(this, bytes.subarray(0, bytes.length >> 1));
    die();
  }
  const flowing = write.apply(this, args);
  if (due) die();
  return flowing;
} as Socket["write"];

const { port } = await startGoverned({ ...doom, files });
armed = true;
process.stdout.write(`${port}\n`);
