import { until } from "../e2e-api/installed.ts";
import { timeUntilInForce } from "./in-force.ts";
import { emails, job } from "./objects.ts";
import { type OnNode, TWO_MINUTES } from "./on-node.ts";
import { typed } from "./typed.ts";

export function firstMinutes(cluster: () => OnNode): void {
  const said = async (what: string, container: string) =>
    (await cluster().lines("shop", what, container)).map(({ text }) => text).join("\n");

  test("before Weir the application reads everything", async () => {
    await until(async () => /ada@example\.com/.test(await said("deployment/app", "app")), TWO_MINUTES);
  }, 150_000);

  test("one command installs it, and its own test finds it ready", async () => {
    await cluster().type(typed.install);
    expect(await cluster().type(typed.check)).toMatch(/Phase:\s+Succeeded/);
  }, 400_000);

  test("annotate, apply, restart: rows come back masked, the init container reached the database", async () => {
    const { type } = cluster();
    await type(typed.annotate);
    await type(typed.apply);
    await type(typed.restart);
    await type(typed.rolledOut);
    for (const container of ["app", "pool"])
      await until(async () => /a\*\*\*@example\.com/.test(await said("deployment/app", container)), TWO_MINUTES);
    expect(await said("deployment/app", "migrate")).toMatch(/"count":"2"/);
  }, 200_000);

  test("what shows that a pod is governed", async () => {
    const { type } = cluster();
    await until(async () => /True\s+True/.test(await type(typed.policies)), TWO_MINUTES);
    expect(await type(typed.pods)).toMatch(/app-\S+\s+\S+\s+orders/);
    expect(await type(typed.log)).toMatch(/"event":"policy.changed".*"bundle":"sha256:/);
  }, 150_000);

  test("a DROP is refused, and the Job that tried ends although its sidecar runs on", async () => {
    const { apply, kubectl } = cluster();
    await apply(job("once", emails, "DROP TABLE customers"));
    await kubectl("-n", "shop", "wait", "job/once", "--for=condition=Complete", "--timeout=120s");
    expect(await said("job/once", "once")).toMatch(
      /a\*\*\*@example\.com[\s\S]*42501[\s\S]*Tables go through migrations/,
    );
  }, 150_000);

  test("another policy is in force without a restart, in sessions that are open", async () => {
    const pods = () => cluster().kubectl("-n", "shop", "get", "pods", "-l", "app=app", "-o", "name");
    const before = await pods();
    for (const method of ["Null", "Partial", "Null", "Partial", "Null"] as const)
      await timeUntilInForce(cluster(), method);
    await until(async () => /"email":null/.test(await said("deployment/app", "app")), TWO_MINUTES);
    expect(await pods()).toBe(before);
  }, 300_000);

  test("the sidecar is closed to exec; the application's container is not", async () => {
    const exec = (container: string) =>
      cluster().kubectl("-n", "shop", "exec", "deployment/app", "-c", container, "--", "/e2e/node", "--version");
    await expect(exec("weir-sidecar")).rejects.toThrow(/exec and attach are closed/);
    expect(await exec("app")).toMatch(/^v24/);
  }, 60_000);
}
