// `weir COMMAND ...`: finds the command, runs it, turns its end into an exit code.
import { hint } from "../../pkg/runtime/closest.ts";
import { type Command, exits, UsageError } from "./command.ts";
import { connect } from "./connect/connect.ts";
import { demo } from "./demo/demo.ts";
import { evidence } from "./evidence.ts";
import { newKey } from "./evidence-pack/new-key.ts";
import { signOff } from "./evidence-pack/sign-off.ts";
import { explain } from "./explain/explain.ts";
import { inject } from "./inject/inject.ts";
import { policyLint } from "./policy-lint.ts";
import { query } from "./query/query.ts";
import { reindex } from "./reindex.ts";
import { tail } from "./tail/tail.ts";
import { type Terminal, terminalOn } from "./terminal.ts";
import { tokenKey } from "./token/key.ts";
import { tokenSign } from "./token/sign.ts";
import { token } from "./token/token.ts";
import { verify } from "./verify.ts";
import { version } from "./version.ts";

const commands: Readonly<Record<string, Command>> = {
  connect,
  demo,
  evidence,
  "evidence new-key": newKey,
  "evidence sign-off": signOff,
  explain,
  inject,
  "policy lint": policyLint,
  reindex,
  query,
  tail,
  token,
  "token key": tokenKey,
  "token sign": tokenSign,
  verify,
};

function overview(): string {
  const lines = Object.entries(commands).map(([name, command]) => `  ${name.padEnd(17)} ${command.summary}`);
  return `weir: governs what programs, people and AI agents do to databases.

usage: weir COMMAND [options]

${lines.join("\n")}

\`weir COMMAND --help\` tells more, \`weir --version\` which version this is.
exit codes: 0 good, 1 what was looked at does not hold, 64 wrong arguments, 69 something needed is not there, 70 an error of Weir's own`;
}

function unknownCommand(word: string): string {
  const longer = longerThan(word);
  if (longer.length > 0)
    return `"${word}" is no whole command; there is ${longer.map((name) => `"${name}"`).join(", ")}`;
  return `there is no command "${word}"${hint(word, Object.keys(commands))}`;
}

function longerThan(word: string): readonly string[] {
  return Object.keys(commands).filter((name) => name.startsWith(`${word} `));
}

/** What `--help` is to be asked of: the command of the arguments, where there is one. */
function commandOf([first = "", second = ""]: readonly string[]): string {
  return [`${first} ${second}`, first].find((name) => Object.hasOwn(commands, name)) ?? "";
}

async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const [first = "--help", second = ""] = args;
  if (first === "help" && second !== "") return await run([...args.slice(1), "--help"], terminal);
  if (["help", "--help", "-h"].includes(first)) {
    terminal.print(overview());
    return exits.good;
  }
  if (first === "--version" || first === "version") {
    terminal.print(`weir ${version()}`);
    return exits.good;
  }
  const name = commandOf(args);
  if (name === "" && ["--help", "-h"].includes(second) && longerThan(first).length === 1)
    return await run([...longerThan(first)[0]!.split(" "), second], terminal);
  if (name === "") throw new UsageError(unknownCommand(first));
  const rest = args.slice(name.split(" ").length);
  const own = rest.includes("--") ? rest.slice(0, rest.indexOf("--")) : rest; // behind it is another program's
  if (own.includes("--help") || own.includes("-h")) {
    terminal.print(commands[name]!.help);
    return exits.good;
  }
  return await commands[name]!.run(rest, terminal);
}

const terminal = terminalOn(process.stdout, process.env);
try {
  process.exitCode = await run(process.argv.slice(2), terminal);
} catch (error) {
  const usage = error instanceof UsageError;
  process.stderr.write(
    `weir: ${usage ? `${error.message}\ntry weir ${`${commandOf(process.argv.slice(2))} --help`.trim()}` : ((error as Error).stack ?? String(error))}\n`,
  );
  process.exitCode = usage ? exits.usage : exits.internal;
}
