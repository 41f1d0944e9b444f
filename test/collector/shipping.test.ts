// A sidecar's spool, shipped as it ships, into a collector as it runs.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemFiles } from "../../pkg/audit/spool-files.ts";
import { verifyLedger } from "../../pkg/ledger/verify-ledger.ts";
import { systemClock } from "../../pkg/runtime/clock.ts";
import { systemRandom } from "../../pkg/runtime/random.ts";
import { CommittedMark } from "../../pkg/shipping/committed.ts";
import { startShipping } from "../../pkg/shipping/shipping.ts";
import { decision, newFolder, openWriter, outcome, place, removeFolders } from "../audit/fixtures.ts";
import { cleanUp, newSite, type Site, startOn, type TestCollector } from "./fixtures.ts";
import { logKeyOf } from "./verify-bytes.ts";

afterEach(async () => {
  await cleanUp();
  removeFolders();
});

async function sidecar(site: Site, { port }: TestCollector, folder = newFolder()) {
  const committed = new CommittedMark();
  const more = { clock: systemClock, committed: (segment: number, bytes: number) => committed.set(segment, bytes) };
  const writer = openWriter(folder, { segmentBytesMax: 20_000 }, more);
  writeFileSync(join(site.folder, "token"), await site.token());
  const settings = { folder, claims: place, url: `https://127.0.0.1:${port}`, token: join(site.folder, "token") };
  const tls = { ca: join(site.folder, "ca.pem"), certificate: null, key: null };
  const events: string[] = [];
  const shipping = startShipping(
    { ...settings, ...tls, deadLetterBytesMax: 2 ** 20, version: "0.1.0", sealMs: 50 },
    {
      ...{ committed, files: systemFiles, clock: systemClock, random: systemRandom },
      logger: { log: (level, event, fields) => void events.push(`${level} ${event} ${JSON.stringify(fields)}`) },
      release: (segment) => writer.release(segment),
      breakChain: () => {},
    },
  );
  return { writer, shipping, events, folder };
}

test("everything that a sidecar wrote is in the ledger, over a restart of the collector", async () => {
  const site = await newSite();
  const first = await startOn(site);
  const { writer, shipping, events } = await sidecar(site, first);
  const write = (count: number) => {
    for (let statement = 0; statement < count; statement++) writer.write([decision(statement), outcome(statement)]);
  };
  write(300);
  while ((await first.metric("records_stored_total")) < 600 && events.length < 20)
    await new Promise((done) => setTimeout(done, 50));
  await first.stop("restart");
  write(200);
  const config = { ...site.config, listen: { host: "127.0.0.1", port: first.port } };
  const second = await startOn({ ...site, config });
  write(100);
  const head = { ...writer.position, depthBytes: 0 };
  const left = await shipping.finish(head, 20_000);
  expect(events.filter((line) => line.startsWith("error"))).toEqual([]);
  expect(left).toEqual({ records: 0 });
  await second.upkeep();
  const report = await verifyLedger(site.config.data, { logKey: logKeyOf(second) });
  expect(report).toMatchObject({ verdict: "intact", records: head.next });
});
