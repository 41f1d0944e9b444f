// Processes that die by kill -9, at a call of theirs that they are told or from outside, and how many did.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

export interface Life {
  readonly child: ChildProcess;
  /** What it has written to standard output. */
  told(): string;
  /** Settles when it is gone and has told everything. */
  readonly ended: Promise<void>;
}

const program = (side: "shipping" | "collector") => join(import.meta.dirname, "..", side, "kill-child.ts");

export class Lives {
  /** Processes that kill -9 ended. */
  kills = 0;
  private readonly living = new Set<ChildProcess>();

  sidecar(args: readonly string[]): Life {
    return this.start([program("shipping"), "sidecar", ...args]);
  }

  /** Ready, or gone already. */
  async collector(args: readonly string[]): Promise<Life> {
    const life = this.start([program("collector"), ...args]);
    await Promise.race([once(life.child.stdout!, "data"), life.ended]);
    return life;
  }

  async kill({ child, ended }: Life): Promise<void> {
    child.kill("SIGKILL");
    await ended;
  }

  async killAll(): Promise<void> {
    await Promise.all([...this.living].map(async (child) => child.kill("SIGKILL") && (await once(child, "close"))));
  }

  private start(args: readonly string[]): Life {
    const { NODE_OPTIONS: _, ...env } = process.env;
    const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "inherit"] });
    this.living.add(child);
    let told = "";
    child.stdout.on("data", (bytes) => (told += bytes));
    const ended = new Promise<void>((done) =>
      child.once("close", (_, signal) => {
        if (signal === "SIGKILL") this.kills++;
        this.living.delete(child);
        done();
      }),
    );
    return { child, ended, told: () => told };
  }
}
