// A command of `weir` in this process, as if it had been typed.
import type { Command } from "../../cmd/weir/command.ts";
import { evidence } from "../../cmd/weir/evidence.ts";
import { newKey } from "../../cmd/weir/evidence-pack/new-key.ts";
import { signOff } from "../../cmd/weir/evidence-pack/sign-off.ts";
import { verify } from "../../cmd/weir/verify.ts";

const commands = { evidence, verify, "new-key": newKey, "sign-off": signOff } satisfies Record<string, Command>;
const plain = (text: string) => text;

export async function weir(name: keyof typeof commands, ...args: string[]): Promise<{ code: number; text: string }> {
  const lines: string[] = [];
  const terminal = {
    print: (line = "") => void lines.push(line),
    bold: plain,
    dim: plain,
    red: plain,
    green: plain,
    yellow: plain,
    cyan: plain,
  };
  const code = await commands[name].run(args, terminal);
  return { code, text: lines.join("\n") };
}
