// A disk that is full, fails or takes less than it was given: nothing is acknowledged that is not durable, and when the disk is well again the
// collector goes on by itself.
import { type CollectorFiles, systemCollectorFiles } from "../../pkg/collector/collector-files.ts";
import { verifyLedger } from "../../pkg/ledger/verify-ledger.ts";
import { ChainMaker, otlpJson } from "./chain-maker.ts";
import { chainsOf, cleanUp, newSite, startOn } from "./fixtures.ts";
import { logKeyOf } from "./verify-bytes.ts";

afterEach(cleanUp);

type Call = "replaceAll" | "move" | "write" | "datasync";

/** The real file system; `fault` says what happens instead at a call. */
function faulty(fault: (call: Call) => string | null): CollectorFiles {
  const real = systemCollectorFiles;
  const check = (call: Call) => {
    const code = fault(call);
    if (code !== null) throw Object.assign(new Error(`${code}: injected`), { code });
  };
  return {
    ...real,
    async replaceAll(all) {
      check("replaceAll");
      await real.replaceAll(all);
    },
    async move(from, to) {
      check("move");
      await real.move(from, to);
    },
    async openAppend(file) {
      const opened = await real.openAppend(file);
      return {
        ...opened,
        async write(bytes) {
          const code = fault("write");
          if (code === null) return await opened.write(bytes);
          // A disk that becomes full takes a part.
          await opened.write(bytes.subarray(0, bytes.length >> 1));
          throw Object.assign(new Error(`${code}: injected`), { code });
        },
        async datasync() {
          check("datasync");
          await opened.datasync();
        },
      };
    },
  };
}

const CHAIN = "0123456789abcdef0123456789abcdef";

test.each([
  ["replaceAll", "ENOSPC"],
  ["replaceAll", "EIO"],
  ["write", "ENOSPC"],
  ["datasync", "EIO"],
  ["move", "EIO"],
] as const)("when %s fails with %s it refuses for a while, loses nothing and goes on", async (call, code) => {
  let broken: Call | null = null;
  const site = await newSite();
  const collector = await startOn(site, { files: faulty((each) => (each === broken ? code : null)) });
  const token = await site.token();
  const chain = new ChainMaker(CHAIN).statements(20);
  const send = (first: number, last: number) =>
    collector.ask("POST", "/v1/logs", { token, body: otlpJson([chain.seal(first, last)]).toString() });
  await collector.ask("POST", "/v1/chains", { token, body: chain.registration() });
  expect((await send(0, 9)).status).toBe(200);

  broken = call;
  const answer = await send(10, 19);
  // A move comes after the records are durable: they were acknowledged by right.
  expect(answer.status).toBe(call === "move" ? 200 : 503);
  if (call !== "move") expect(answer.headers["retry-after"]).toBe("2");
  expect(answer.bytes.toString()).not.toMatch(/injected|ENOSPC|EIO/);
  await send(10, 19);
  broken = null;

  for (let status = 0; status !== 200; await new Promise((done) => setTimeout(done, 50)))
    status = (await send(10, 19)).status;
  expect((await send(20, 39)).json).toEqual({});
  await collector.upkeep();
  const trust = { logKey: logKeyOf(collector) };
  expect(await verifyLedger(site.config.data, trust)).toMatchObject({ verdict: "intact", records: 40 });
  const chains = await chainsOf(collector);
  expect(chains).toMatchObject([{ next: 40, gaps: 0, forks: 0 }]);
  expect(await collector.metric("ledger_ready")).toBe(1);
});

test("while the ledger cannot be opened it is not ready and says so", async () => {
  let isBroken = false;
  const site = await newSite();
  const collector = await startOn(site, { files: faulty((call) => (isBroken && call !== "move" ? "EIO" : null)) });
  const ready = async () =>
    (await (await fetch(`http://127.0.0.1:${collector.adminPort}/readyz`)).json()) as { readonly ready: boolean };
  expect(await ready()).toEqual({ ready: true, waitsFor: [] });
  isBroken = true;
  const token = await site.token();
  const chain = new ChainMaker(CHAIN);
  expect((await collector.ask("POST", "/v1/chains", { token, body: chain.registration() })).status).toBe(503);
  expect(await ready()).toEqual({ ready: false, waitsFor: ["the ledger: it is being opened again"] });
  expect((await collector.ask("GET", "/v1/chains")).status).toBe(503);
  expect((await collector.ask("GET", "/v1/tail")).status).toBe(503);
  isBroken = false;
  while (!(await ready()).ready) await new Promise((done) => setTimeout(done, 50));
  expect((await collector.ask("POST", "/v1/chains", { token, body: chain.registration() })).status).toBe(200);
});
