import { ChainWatch } from "../../pkg/collector/chain-watch.ts";
import { systemCollectorFiles } from "../../pkg/collector/collector-files.ts";
import { KeptLedger } from "../../pkg/collector/kept-ledger.ts";
import { Registrar } from "../../pkg/collector/registrar.ts";
import { silentLogger } from "../../pkg/runtime/logger.ts";
import { ChainMaker, otlpJson } from "./chain-maker.ts";
import { cleanUp, newSite, startOn } from "./fixtures.ts";

afterEach(cleanUp);

const CHAIN = "0123456789abcdef0123456789abcdef";
const sender = {
  source: "eu-1",
  cluster: "eu-1",
  environment: "production",
  namespace: "shop",
  name: "orders-0",
  account: "shop/orders",
  uid: "u1",
};

async function watched(isGone: (of: { readonly sender: string }) => Promise<boolean | null>) {
  const site = await newSite();
  let nowMs = 1_800_000_000_000;
  const options = {
    folder: site.config.data,
    origin: site.config.origin,
    files: systemCollectorFiles,
    logger: silentLogger,
  };
  const ledger = await KeptLedger.open(options);
  const shared = { ledger, logger: silentLogger, nowMs: () => nowMs };
  const watch = new ChainWatch({ ...shared, isGone, unclosedAfterMs: 3_600_000 });
  const registrar = new Registrar(shared);
  const chain = new ChainMaker(CHAIN).statements(5);
  expect((await registrar.register(chain.registration(), sender)).status).toBe(200);
  const standing = () => {
    const { state, silent } = ledger.current()!.index.chain(CHAIN)!;
    return state === "open" && silent === 1 ? "silent" : state;
  };
  const heartbeat = () =>
    registrar.heartbeat({ chain: CHAIN, last: 9, lastHash: chain.hashes[9], spoolBytes: 1 }, sender);
  const pass = async (seconds: number) => {
    nowMs += seconds * 1000;
    await watch.look();
    return standing();
  };
  return { ledger, registrar, chain, heartbeat, pass, standing };
}

test("three heartbeats that do not come make a chain silent, one makes it open again", async () => {
  const { ledger, heartbeat, pass, standing } = await watched(async () => false);
  expect(await pass(89)).toBe("open");
  expect(await pass(2)).toBe("silent");
  expect(heartbeat().status).toBe(200);
  expect(standing()).toBe("open");
  expect(await pass(80)).toBe("open");
  expect(await pass(11)).toBe("silent");
  expect(await pass(3500)).toBe("silent");
  expect(await pass(100)).toBe("unclosed");
  await ledger.close();
});

test("a chain whose pod is gone is unclosed, with the last number that its heartbeats knew", async () => {
  const { ledger, chain, heartbeat, pass } = await watched(async () => true);
  heartbeat();
  expect(await pass(91)).toBe("unclosed");
  const [event] = ledger.current()!.index.eventsOf(CHAIN, 1);
  expect([event!.type, JSON.parse(event!.detail)]).toEqual(["unclosed", { last: 9, lastHash: chain.hashes[9] }]);
  await ledger.close();
});

test("a source whose pods cannot be asked about leaves it at silent", async () => {
  const { ledger, pass } = await watched(async () => null);
  expect(await pass(91)).toBe("silent");
  expect(await pass(600)).toBe("silent");
  await ledger.close();
});

test("states are counted for alarms", async () => {
  const site = await newSite();
  const collector = await startOn(site);
  const token = await site.token();
  const open = new ChainMaker(CHAIN);
  const closed = new ChainMaker("c".repeat(32)).statements(1).close();
  for (const chain of [open, closed]) await collector.ask("POST", "/v1/chains", { token, body: chain.registration() });
  await collector.ask("POST", "/v1/logs", { token, body: otlpJson([closed.seal()]).toString() });
  expect([await collector.metric("chains_open"), await collector.metric("chains_closed")]).toEqual([1, 1]);
  const page = await collector.ask("GET", "/v1/chains?limit=1");
  expect(page.json).toMatchObject({ chains: [{ chain: CHAIN }], after: CHAIN });
  const { chains, after } = (await collector.ask("GET", `/v1/chains?after=${CHAIN}`)).json;
  // Beside the collector's own, of these very look-ups.
  const states = chains.filter(({ cluster }: { readonly cluster: string }) => cluster === "eu-1");
  expect([states.map(({ state }: { readonly state: string }) => state), after]).toEqual([["closed"], null]);
});

test("another source of the same cluster does not go on with a chain, though it names its account alike", async () => {
  const { ledger, registrar, chain } = await watched(async () => null);
  const other = { ...sender, source: "paris" };
  expect((await registrar.register(new ChainMaker(CHAIN).registration(), other)).status).toBe(403);
  const heartbeat = { chain: CHAIN, last: 9, lastHash: chain.hashes[9], spoolBytes: 1 };
  expect(registrar.heartbeat(heartbeat, other).status).toBe(403);
  await ledger.close();
});

test("a pod that registers many chains and leaves them quiet hides no other's silence and end", async () => {
  let isGone = false;
  const { ledger, registrar, heartbeat, pass, standing } = await watched(
    async (of) => isGone && of.sender === "orders-0",
  );
  for (let n = 0; n < 600; n++) {
    const many = new ChainMaker(n.toString(16).padStart(32, "0"));
    await registrar.register(many.registration(), { ...sender, name: `noisy-${n % 6}`, uid: "u2" });
  }
  await pass(100);
  expect(heartbeat().status).toBe(200);
  expect(standing()).toBe("open");
  isGone = true;
  for (let turn = 0; turn < 25; turn++) await pass(10);
  expect(standing()).toBe("unclosed");
  await ledger.close();
});

test("one sender does not fill the log with keys; others go on, and it does after a while", async () => {
  const { ledger, registrar, pass } = await watched(async () => null);
  const register = async (n: number, name: string) => {
    const one = new ChainMaker(n.toString(16).padStart(32, "f"));
    return (await registrar.register(one.registration(), { ...sender, name })).status;
  };
  const statuses: number[] = [];
  for (let n = 0; n < 150; n++) statuses.push(await register(n, "loop"));
  expect([statuses.indexOf(429), statuses.lastIndexOf(200)]).toEqual([100, 99]);
  expect(await register(200, "other")).toBe(200);
  await pass(15);
  expect([await register(201, "loop"), await register(202, "loop")]).toEqual([200, 429]);
  await ledger.close();
});
