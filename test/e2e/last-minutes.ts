import { until } from "../e2e-api/installed.ts";
import { timeUntilInForce } from "./in-force.ts";
import { type OnNode, TWO_MINUTES } from "./on-node.ts";
import { typed } from "./typed.ts";

export function lastMinutes(cluster: () => OnNode): void {
  const pods = () => cluster().kubectl("-n", "shop", "get", "pods", "-l", "app=app", "-o", "name");

  test("an upgrade leaves governed pods as they are", async () => {
    const before = await pods();
    await cluster().type(typed.upgrade);
    expect(await pods()).toBe(before);
    await timeUntilInForce(cluster(), "Null");
  }, 300_000);

  test("the end: annotation away, restart, uninstall; the application reads everything again, the policies are kept", async () => {
    const { type, kubectl, lines } = cluster();
    for (const name of ["ware", "pay"]) await kubectl("annotate", "namespace", name, "weir.dev/governance-");
    await type(typed.end);
    await until(
      async () => !/governance/.test(await kubectl("get", "namespace", "shop", "--show-labels")),
      TWO_MINUTES,
    );
    await type(typed.restart);
    await type(typed.rolledOut);
    await type(typed.uninstall);
    const clear = async () => (await lines("shop", "deployment/app", "app")).at(-1)?.text.includes("ada@example.com");
    await until(async () => (await clear()) === true, TWO_MINUTES);
    expect(await type(typed.policies)).toMatch(/orders[\s\S]*privacy/);
  }, 400_000);
}
