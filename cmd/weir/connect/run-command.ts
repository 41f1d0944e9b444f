// Runs a program beside the local end, with this terminal as its own.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { LoginProblem } from "../login/login-problem.ts";

/** What shells give for a program that is not there. */
const NOT_FOUND = 127;

/**
 * Its exit code; 128 and the signal's number when it was ended by one. Ctrl-C reaches it through the terminal and is its to act on
 * (psql cancels its statement), so that it does not end us; a SIGTERM of ours is passed on.
 */
export function runCommand(command: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command[0]!, command.slice(1), { stdio: "inherit", env });
    const pass = (signal: NodeJS.Signals) => void child.kill(signal);
    const ignore = () => {};
    process.on("SIGINT", ignore).on("SIGTERM", pass).on("SIGHUP", pass);
    const settle = () => process.off("SIGINT", ignore).off("SIGTERM", pass).off("SIGHUP", pass);
    child.once("error", ({ code }: NodeJS.ErrnoException) => {
      settle();
      reject(new LoginProblem(`${command[0]} cannot be run: ${code ?? "error"}`, NOT_FOUND));
    });
    child.once("exit", (code, signal) => {
      settle();
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}
