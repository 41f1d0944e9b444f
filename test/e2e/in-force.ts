// How long a change takes, to the first row of a running application that shows it: by the clock of the container that prints it.
// Printed, and nothing is asserted about it.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../e2e-api/installed.ts";
import { inNamespace, policy } from "./objects.ts";
import { type Line, type OnNode, TWO_MINUTES } from "./on-node.ts";

const looks = { Null: /"email":null/, Partial: /a\*\*\*@example\.com/ } as const;

/** From the start of `kubectl apply`, in a session that stays open; the application asks every 25 ms. */
export async function timeUntilInForce(node: OnNode, method: keyof typeof looks): Promise<void> {
  writeFileSync(join(node.folder, "policy.yaml"), JSON.stringify(inNamespace("shop", policy(method))[0]));
  const startMs = Date.now();
  await node.type("kubectl apply -f policy.yaml");
  const what = `in force: ${method} (kubectl took ${Date.now() - startMs} ms)`;
  await timeUntil(what, startMs, looks[method], () => node.lines("shop", "deployment/app", "pool", 4000));
}

/** From `sinceMs` to the first line that looks as it must. */
export async function timeUntil(
  what: string,
  sinceMs: number,
  looks: RegExp,
  lines: () => Promise<readonly Line[]>,
): Promise<void> {
  let firstMs: number | undefined;
  await until(async () => {
    firstMs = (await lines()).find(({ atMs, text }) => atMs >= sinceMs && looks.test(text))?.atMs;
    return firstMs !== undefined;
  }, TWO_MINUTES);
  process.stderr.write(`${what} after ${firstMs! - sinceMs} ms\n`);
}
