// Ends a server and removes its data when our process ends in whatever way, kill -9 included: a shell that waits for
// the end of a pipe which only we hold open.
import { spawn } from "node:child_process";

const script = `
read -r done && exit 0
[ "$(head -n 1 "$2/postmaster.pid" 2>/dev/null)" = "$1" ] && kill -QUIT "$1"
while kill -0 "$1" 2>/dev/null; do sleep 0.1; done
[ -z "$3" ] || rm -rf "$3"
`;

export interface Guardian {
  /** The server has ended in good order; nothing is left to do. */
  dismiss(): void;
}

/** Watches over the postmaster `pid` of `dataDir`; `remove` is the folder to delete afterwards, empty for none. */
export function guard(pid: number, dataDir: string, remove: string): Guardian {
  const child = spawn("/bin/sh", ["-c", script, "weir-guardian", String(pid), dataDir, remove], {
    cwd: "/",
    detached: true, // a Ctrl-C at the terminal must not end the guardian before its time
    stdio: ["pipe", "ignore", "ignore"],
  });
  child.on("error", () => {});
  child.stdin.on("error", () => {});
  child.unref();
  (child.stdin as unknown as { unref(): void }).unref();
  return { dismiss: () => void child.stdin.end("done\n") };
}
