import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { TraceRing } from "../../pkg/collector/trace-ring.ts";
import { cleanUp, newSite, startOn } from "./fixtures.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "weir-traces-"));
});
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  await cleanUp();
});

const traceId = (n: number) => String(n).padStart(32, "0");
const spans = (n: number, name = "SELECT orders") => ({
  resourceSpans: [
    {
      resource: { attributes: [{ key: "service.name", value: { stringValue: "weir-sidecar" } }] },
      scopeSpans: [
        {
          scope: { name: "weir" },
          spans: [{ traceId: traceId(n), spanId: "00000000000000aa", name, startTimeUnixNano: "1800000000000000000" }],
        },
      ],
    },
  ],
});

test("a trace comes back as it was sent, from either form", async () => {
  const site = await newSite();
  const collector = await startOn(site);
  const token = await site.token();
  expect((await collector.ask("POST", "/v1/traces", { token, body: spans(1) })).json).toEqual({});
  const writer = new BinaryWriter();
  const message = (number: number, write: () => void) => {
    writer.uint32(number * 8 + 2).fork();
    write();
    writer.join();
  };
  message(1, () => {
    message(1, () =>
      message(1, () => {
        writer.uint32(10).string("service.name");
        message(2, () => writer.uint32(10).string("app"));
      }),
    );
    message(2, () =>
      message(2, () => {
        writer.uint32(10).bytes(Buffer.from(traceId(1), "hex"));
        writer.uint32(2 * 8 + 2).bytes(Buffer.from("00000000000000bb", "hex"));
        writer.uint32(5 * 8 + 2).string("handler");
        writer.uint32(8 * 8 + 1).fixed64(1_800_000_000_000_000_001n);
        message(15, () => writer.uint32(24).uint32(2));
      }),
    );
  });
  expect((await collector.ask("POST", "/v1/traces", { token, body: Buffer.from(writer.finish()) })).status).toBe(200);
  const { json } = await collector.ask("GET", `/v1/traces/${traceId(1)}`);
  expect(json.resourceSpans).toEqual([
    spans(1).resourceSpans[0],
    {
      resource: { attributes: [{ key: "service.name", value: { stringValue: "app" } }] },
      scopeSpans: [
        {
          spans: [
            {
              traceId: traceId(1),
              spanId: "00000000000000bb",
              name: "handler",
              endTimeUnixNano: "1800000000000000001",
              status: { code: 2 },
            },
          ],
        },
      ],
    },
  ]);
  expect((await collector.ask("GET", `/v1/traces/${traceId(2)}`)).status).toBe(404);
  const without = await collector.ask("POST", "/v1/traces", { token, body: spans(0) });
  expect(without.json.partialSuccess.rejectedSpans).toBe("1");
});

const sender = { cluster: "eu-1", environment: "production", namespace: "shop", name: "orders-0" };

test("the ring keeps the newest and its bound, over a restart too", () => {
  const first = new TraceRing(folder, 20_000);
  for (let n = 1; n <= 200; n++) first.add(spans(n), sender);
  first.close();
  const ring = new TraceRing(folder, 20_000);
  for (let n = 201; n <= 220; n++) ring.add(spans(n), sender);
  const kept = Array.from({ length: 220 }, (_, at) => at + 1).filter((n) => ring.trace(traceId(n), {}) !== null);
  expect(kept.at(-1)).toBe(220);
  expect(kept).toEqual(Array.from({ length: kept.length }, (_, at) => 221 - kept.length + at));
  expect(kept.length * JSON.stringify(spans(1).resourceSpans[0]).length).toBeLessThanOrEqual(20_000);
  expect(kept.length).toBeGreaterThan(50);
  ring.close();
});

test("a request does not become many times its bytes: what stands around each span is bounded, and so is their sum", () => {
  const ring = new TraceRing(folder, 4 * 1024 * 1024);
  const many = (resourceChars: number, count: number) => {
    const [whole] = spans(1).resourceSpans;
    const [scoped] = whole!.scopeSpans;
    const value = { stringValue: "x".repeat(resourceChars) };
    const resource = { attributes: [{ key: "service.name", value }] };
    return { resourceSpans: [{ resource, scopeSpans: [{ ...scoped, spans: Array(count).fill(scoped!.spans[0]) }] }] };
  };
  expect(ring.add(many(1024 * 1024, 50), sender)).toEqual({ taken: 0, refused: 50 });
  const { taken, refused } = ring.add(many(10_000, 1000), sender);
  expect(taken + refused).toBe(1000);
  expect([taken > 50, taken < 105]).toEqual([true, true]);
  expect(ring.add(many(100, 50), sender)).toEqual({ taken: 50, refused: 0 });
  ring.close();
});
