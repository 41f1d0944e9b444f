// Ends a server and removes its data when our process ends in whatever way, kill -9 included: a shell that waits for
// the end of a pipe which only we hold open.

import { type ChildProcess, spawn } from "node:child_process";

const script = `
read -r done && exit 0
kill -s "$2" "$1"
while kill -0 "$1" 2>/dev/null; do sleep 0.1; done
[ -z "$3" ] || rm -rf "$3"
`;

/** Watches over a running child; `remove` is the folder to delete afterwards, empty for none. Dismissed when it ends. */
export function guard(child: ChildProcess, signal: "QUIT" | "TERM", remove: string): void {
  const guardian = spawn("/bin/sh", ["-c", script, "weir-guardian", String(child.pid), signal, remove], {
    cwd: "/",
    detached: true, // a Ctrl-C at the terminal must not end the guardian before its time
    stdio: ["pipe", "ignore", "ignore"],
  });
  guardian.on("error", () => {});
  guardian.stdin.on("error", () => {});
  guardian.unref();
  (guardian.stdin as unknown as { unref(): void }).unref();
  child.once("exit", () => guardian.stdin.end("done\n"));
}
