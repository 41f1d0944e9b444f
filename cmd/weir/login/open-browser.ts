// Shows an address in the system's browser, where there is one that a person at this terminal sees.
import { spawn } from "node:child_process";

/** The command that opens addresses, or null: then the printed address has to do. */
export type Opener = readonly [command: string, ...args: string[]] | null;

/** A failure is no matter: the address stands in the terminal, too. */
export function openBrowser(opener: Opener, url: string): void {
  if (opener === null) return;
  const [command, ...args] = opener;
  const child = spawn(command, [...args, url], { stdio: "ignore", detached: true });
  child.on("error", () => {});
  child.unref();
}
