import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { laneOf } from "../../pkg/collector/audit-lane.ts";
import { exportAnswer } from "../../pkg/collector/otlp-answer.ts";
import { decodeLogs, decodeTraces, NotOtlp } from "../../pkg/collector/otlp-decode.ts";
import { ChainMaker, otlpJson, otlpProtobuf } from "./chain-maker.ts";
import { cleanUp, newSite, startOn } from "./fixtures.ts";

afterEach(cleanUp);

const CHAIN = "0123456789abcdef0123456789abcdef";

test("protobuf and JSON give the same segments, their records byte for byte", () => {
  const chain = new ChainMaker(CHAIN).statements(3, { database: "größe ✓" });
  const sealed = [chain.seal(0, 3), chain.seal(4, 5)];
  const fromProtobuf = laneOf(decodeLogs(otlpProtobuf(sealed), "protobuf"));
  expect(laneOf(decodeLogs(otlpJson(sealed), "json"))).toEqual(fromProtobuf);
  expect(fromProtobuf.refusals).toEqual([]);
  expect(fromProtobuf.candidates.map(({ records }) => records)).toEqual(sealed.map(({ records }) => records));
  expect(fromProtobuf.candidates.map(({ header }) => header)).toEqual(sealed.map(({ header }) => header));
});

test("other logs are counted and told", () => {
  const sealed = [new ChainMaker(CHAIN).statements(2).seal()];
  const { candidates, refusals } = laneOf(decodeLogs(otlpJson(sealed, { scope: "my.app" }), "json"));
  expect([candidates, refusals]).toEqual([
    [],
    [{ records: 5, why: expect.stringContaining("only logs of the scope weir.audit") }],
  ]);
});

test("every cut of a request is refused or whole in itself, and nothing else happens", () => {
  const whole = otlpProtobuf([new ChainMaker(CHAIN).statements(1).seal()]);
  for (let length = 0; length < whole.length; length++) {
    try {
      expect(laneOf(decodeLogs(whole.subarray(0, length), "protobuf")).candidates).toEqual([]);
    } catch (cause) {
      expect(cause).toBeInstanceOf(NotOtlp);
    }
  }
});

test("any bytes are OTLP or NotOtlp", () => {
  const whole = otlpProtobuf([new ChainMaker(CHAIN).statements(1).seal()]);
  const changed = fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 })).map(([at, byte]) => {
    const bytes = Buffer.from(whole);
    bytes[at] = byte;
    return bytes;
  });
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((each) => Buffer.from(each)),
    changed,
  );
  fc.assert(
    fc.property(bytes, fc.constantFrom("protobuf" as const, "json" as const), (each, form) => {
      for (const decode of [decodeLogs, decodeTraces]) {
        try {
          decode(each, form);
        } catch (cause) {
          if (!(cause instanceof NotOtlp)) throw cause;
        }
      }
    }),
    { numRuns: 2000 },
  );
});

const varint = (value: number) => {
  const bytes: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return Buffer.from([...bytes, value]);
};
const field = (number: number, content: Buffer) =>
  Buffer.concat([varint(number * 8 + 2), varint(content.length), content]);

test("lengths beyond the end, endless depth and millions of messages are refused", () => {
  const huge = Buffer.concat([varint(8 + 2), varint(0xffff_ffff)]);
  expect(() => decodeLogs(huge, "protobuf")).toThrow("the body is not OTLP as protobuf");
  let deep = Buffer.alloc(0);
  for (let depth = 0; depth < 50; depth++) deep = field(5, field(1, deep));
  const span = field(9, field(2, deep));
  expect(() => decodeTraces(field(1, field(2, field(2, span))), "protobuf")).toThrow(/nest deeper/);
  const many = Buffer.concat(Array.from({ length: 200_001 }, () => Buffer.from([10, 0])));
  expect(() => decodeLogs(many, "protobuf")).toThrow(/more than 200000 messages/);
  const deepJson = `${'{"arrayValue":{"values":['.repeat(50)}${"]}}".repeat(50)}`;
  const traces = `{"resourceSpans":[{"resource":{"attributes":[{"key":"a","value":${deepJson}}]}}]}`;
  expect(() => decodeTraces(Buffer.from(traces), "json")).toThrow(/nest deeper/);
  expect(() => decodeLogs(Buffer.from(`${"[".repeat(100_000)}${"]".repeat(100_000)}`), "json")).toThrow(NotOtlp);
});

test("what was sent does not stand in what is said of it", () => {
  const secret = "hunter2";
  for (const body of [
    `{"resourceLogs":"${secret}"}`,
    `{"${secret}`,
    `{"resourceLogs":[{"scopeLogs":[{"scope":{"name":{"${secret}":1}}}]}]}`,
  ]) {
    try {
      decodeLogs(Buffer.from(body), "json");
      throw new Error("it was taken");
    } catch (cause) {
      expect((cause as Error).message).not.toContain(secret);
      expect(cause).toBeInstanceOf(NotOtlp);
    }
  }
});

test("partial success has its form in both", () => {
  const partial = { rejected: 3, why: "no" };
  expect(exportAnswer(partial, "protobuf", "rejectedLogRecords").toString("hex")).toBe("0a06080312026e6f");
  expect(JSON.parse(exportAnswer(partial, "json", "rejectedSpans").toString())).toEqual({
    partialSuccess: { rejectedSpans: "3", errorMessage: "no" },
  });
});

test("requests have their limits: size, packing, kind, and all of them together", async () => {
  const site = await newSite({ requestBytes: 20 * 1024 * 1024 });
  const collector = await startOn(site);
  const token = await site.token();
  const post = (body: Buffer | string, headers: Record<string, string> = {}) =>
    collector.ask("POST", "/v1/logs", { token, body, headers }).then(
      ({ status }) => status,
      () => 413, // the server may close while the rest is still being sent
    );
  const gzip = { "content-encoding": "gzip" };
  expect(await post(Buffer.alloc(17 * 1024 * 1024))).toBe(413);
  expect(await post(gzipSync(Buffer.alloc(17 * 1024 * 1024)), gzip)).toBe(413);
  // A bomb whose trailer lies about its size.
  const bomb = gzipSync(Buffer.alloc(15 * 1024 * 1024));
  bomb.writeUInt32LE(1000, bomb.length - 4);
  expect(await post(bomb, gzip)).toBe(400);
  expect(await post(Buffer.concat([Buffer.from("not gzip at all"), Buffer.alloc(4)]), gzip)).toBe(400);
  expect(await post(Buffer.alloc(10), { "content-encoding": "br" })).toBe(415);
  expect(await post("x", { "content-type": "text/plain" })).toBe(415);
  expect(await post("{")).toBe(400);
  // Two that claim 12 MiB each do not fit together.
  const large = () => post(gzipSync(Buffer.alloc(12 * 1024 * 1024, 1)), gzip);
  expect((await Promise.all([large(), large(), large()])).sort()).toEqual(expect.arrayContaining([400, 429]));
  expect(await collector.metric("request_bytes")).toBe(0);
  expect(await post(otlpJson([]).toString())).toBe(200);
});
