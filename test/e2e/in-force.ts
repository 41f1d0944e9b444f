// How long a changed policy takes, from the start of `kubectl apply` to the first row of a running application that obeys it.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../e2e-api/installed.ts";
import { inNamespace, policy } from "./objects.ts";
import { type OnNode, TWO_MINUTES } from "./on-node.ts";

const looks = { Null: /"email":null/, Partial: /a\*\*\*@example\.com/ } as const;

/** In a session that stays open; the application asks every 25 ms. Printed, and nothing is asserted about it. */
export async function timeUntilInForce(node: OnNode, method: keyof typeof looks): Promise<void> {
  writeFileSync(join(node.folder, "policy.yaml"), JSON.stringify(inNamespace("shop", policy(method))[0]));
  const startMs = Date.now();
  await node.type("kubectl apply -f policy.yaml");
  const appliedMs = Date.now();
  let firstMs = 0;
  await until(async () => {
    const after = (await node.lines("shop", "deployment/app", "pool", 4000)).filter(({ atMs }) => atMs >= startMs);
    firstMs = after.find(({ text }) => looks[method].test(text))?.atMs ?? 0;
    return firstMs > 0;
  }, TWO_MINUTES);
  process.stderr.write(
    `in force: ${method} after ${firstMs - startMs} ms, of which kubectl took ${appliedMs - startMs} ms\n`,
  );
}
