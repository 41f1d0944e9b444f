import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ask } from "../collector/fixtures.ts";
import { until } from "../e2e-api/installed.ts";
import { type Beside, type OnNode, TWO_MINUTES } from "./on-node.ts";
import { typed } from "./typed.ts";

interface Chain {
  readonly chain: string;
  readonly namespace: string;
  readonly instance: string;
  readonly next: number;
  readonly gaps: number;
  readonly forks: number;
}

export function auditorsMinutes(cluster: () => OnNode): void {
  let forwarded: Beside;
  afterAll(() => forwarded?.stop());

  async function forward(): Promise<void> {
    await forwarded?.stop();
    forwarded = cluster().typeBeside(typed.forward);
    await until(async () => /Forwarding from/.test(forwarded.said()), TWO_MINUTES);
  }

  const file = (name: string) => readFileSync(join(cluster().folder, name), "utf8").trim();
  async function chains(): Promise<readonly Chain[]> {
    const tls = { host: "localhost", servername: "localhost" };
    const { json } = await ask(4318, file("ca.crt"), "GET", "/v1/chains", { token: file("token"), tls });
    return json.chains.filter(({ namespace }: Chain) => namespace === "shop");
  }
  /** Of the chain that grows most: the application's. */
  const farthest = async () => (await chains()).reduce((a, b) => (b.next > a.next ? b : a));

  test("records of the governed application arrive: the auditor sees them live", async () => {
    const { type, typeBeside } = cluster();
    await forward();
    await type(typed.authority);
    await type(typed.token);
    await type(typed.logKey);
    const seen = typeBeside(typed.tail);
    await until(async () => /mask[\s\S]*SELECT email FROM customers/.test(seen.said()), TWO_MINUTES);
    await seen.stop();
    expect(seen.said()).not.toMatch(/example\.com/);
  }, 200_000);

  test("evidence of them is whole, offline", async () => {
    const { type } = cluster();
    await type(typed.evidence);
    expect(await type(typed.verify)).toMatch(/intact/);
  }, 100_000);

  test("the collector's pod killed: nothing is lost, and the log goes on from where it was", async () => {
    const { type, kubectl } = cluster();
    await type("tar -xOf shop.weir-evidence checkpoint > older");
    const before = await farthest();
    await kubectl("-n", "weir-system", "delete", "pod", "weir-collector-0", "--now");
    await kubectl("-n", "weir-system", "rollout", "status", "statefulset/weir-collector", "--timeout=180s");
    await forward();
    const of = async () => (await chains()).find(({ chain }) => chain === before.chain)!;
    await until(async () => (await of()).next > before.next + 100, TWO_MINUTES);
    expect((await chains()).map(({ gaps, forks }) => [gaps, forks])).toEqual((await chains()).map(() => [0, 0]));
    await type(`${typed.evidence} --checkpoint older`);
    expect(await type(`${typed.verify} --checkpoint older`)).toMatch(/intact/);
  }, 400_000);
}
