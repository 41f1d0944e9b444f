// Frames that are malformed, cut short or too large end that one session with 08P01; nothing of them reaches the server, and
// other sessions notice nothing.
import fc from "fast-check";
import { Frontend } from "../support/frontend.ts";
import { type Governed, startGoverned } from "../support/governed.ts";
import {
  bind,
  copyData,
  cstring,
  execute,
  frame,
  gssencRequest,
  int16,
  int32,
  parse,
  password,
  query,
  startup,
  sync,
} from "../support/messages.ts";
import { type RecordingRelay, startRecordingRelay } from "../support/recording-relay.ts";
import { PASSWORD, startTestServer, type TestServer } from "../support/server.ts";

/** In every hostile frame that has room for it: never to be seen by the server. */
const MARK = "hostile-mark";
const FRAME_BYTES_MAX = 1024 * 1024;
const raw = (type: string, length: number, rest: Buffer | string = "") =>
  Buffer.concat([Buffer.from(type, "latin1"), int32(length), Buffer.from(rest as string)]);

const malformed: Readonly<Record<string, Buffer>> = {
  "an unknown type": raw("y", 4 + MARK.length, MARK),
  "a zero type": raw("\0", 4 + MARK.length, MARK),
  "a type only servers send": raw("D", 4, "").fill("T", 0, 1),
  "length 0": raw("Q", 0, MARK),
  "length 3": raw("Q", 3, MARK),
  "length -1": raw("Q", -1, MARK),
  "length -2147483648": raw("Q", -2147483648, MARK),
  "one byte above the limit": raw("Q", FRAME_BYTES_MAX, MARK),
  "the largest length": raw("Q", 0x7fffffff, MARK),
  "a CopyData above the limit outside COPY": raw("d", 0x3fffffff, MARK),
  "Query without its end": frame("Q", Buffer.from(`SELECT '${MARK}'`)),
  "Query with something after its end": frame("Q", cstring(`SELECT '${MARK}'`), Buffer.from("x")),
  "Query with two texts": frame("Q", cstring(`SELECT '${MARK}'`), cstring("SELECT 2")),
  "Query without a body": frame("Q"),
  "Parse without a text": frame("P", cstring(MARK)),
  "Parse without its count": frame("P", cstring(""), cstring(`SELECT '${MARK}'`)),
  "Parse with fewer types than it says": frame("P", cstring(""), cstring(`SELECT '${MARK}'`), int16(2), int32(23)),
  "Parse with more types than it says": frame("P", cstring(""), cstring(`SELECT '${MARK}'`), int16(1), int32(23, 23)),
  "Parse with a negative count": frame("P", cstring(""), cstring(`SELECT '${MARK}'`), int16(-1)),
  "Bind that ends in its names": frame("B", Buffer.from(MARK)),
  "Bind with fewer formats than it says": frame("B", cstring(MARK), cstring(""), int16(5, 0)),
  "Bind with a value longer than the frame": frame(
    "B",
    cstring(MARK),
    cstring(""),
    int16(0),
    int16(1),
    int32(100),
    Buffer.from("x"),
    int16(0),
  ),
  "Bind with a value of length -2": frame("B", cstring(MARK), cstring(""), int16(0), int16(1), int32(-2), int16(0)),
  "Bind with more values than it says": frame(
    "B",
    cstring(MARK),
    cstring(""),
    int16(0),
    int16(0),
    int32(1),
    Buffer.from("x"),
    int16(0),
  ),
  "Bind with a negative count of values": frame("B", cstring(MARK), cstring(""), int16(0), int16(-3), int16(0)),
  "Bind without result formats": frame("B", cstring(MARK), cstring(""), int16(0), int16(0)),
  "Bind with something after its end": frame(
    "B",
    cstring(MARK),
    cstring(""),
    int16(0),
    int16(0),
    int16(0),
    Buffer.from("x"),
  ),
  "Execute without a limit": frame("E", cstring(MARK)),
  "Execute with something after its end": frame("E", cstring(MARK), int32(0, 0)),
  "Describe of neither": frame("D", Buffer.from("X"), cstring(MARK)),
  "Describe without a name": frame("D", Buffer.from("S")),
  "Close of neither": frame("C", Buffer.from("X"), cstring(MARK)),
  "Close with something after its end": frame("C", Buffer.from("S"), cstring(MARK), Buffer.from("x")),
  "Sync with a body": frame("S", Buffer.from(MARK)),
  "Flush with a body": frame("H", Buffer.from(MARK)),
  "FunctionCall without arguments": frame("F", int32(1), Buffer.from(MARK)),
  "FunctionCall with an argument longer than the frame": frame(
    "F",
    int32(1),
    int16(0),
    int16(1),
    int32(1000),
    Buffer.from(MARK),
  ),
  "FunctionCall with a negative count": frame("F", int32(1), int16(0), int16(-1), Buffer.from(MARK), int16(0)),
  "a password after the login": password(MARK),
  "a start-up packet after the login": startup({ user: MARK, database: "postgres" }),
  "an SSLRequest after the login": int32(8, 80877103),
  "a GSSENCRequest after the login": gssencRequest(),
};

let server: TestServer;
let relay: RecordingRelay;
let governed: Governed;
let witness: Frontend;

beforeAll(async () => {
  server = await startTestServer(["app"]);
  relay = await startRecordingRelay(server.port);
  governed = await startGoverned({ upstreamPort: relay.port, frameBytesMax: FRAME_BYTES_MAX });
  witness = await login();
  await witness.ask([query("CREATE TEMP TABLE mine AS SELECT 'still here' AS v")]);
});

afterAll(async () => {
  witness?.destroy();
  await governed?.stop();
  relay?.close();
  await server?.stop();
});

const login = () => Frontend.login({ port: governed.port, user: "app", password: PASSWORD, database: "postgres" });

async function notices(): Promise<void> {
  const answer = await witness.ask([query("SELECT v FROM mine")]);
  expect(answer.map(({ type }) => type).join("")).toBe("TDCZ");
  expect(answer[1]!.body.toString()).toContain("still here");
}

const fatal = (session: Frontend) =>
  session.frames
    .filter(({ type }) => type === "E")
    .map(({ body }) => /S(\w+)\0.*C(\w{5})\0/s.exec(body.toString())!.slice(1, 3).join(" "));
/** Frames that a session which ends may still send. */
const onlyTerminate = (bytes: Buffer) => ["", "5800000004"].includes(bytes.toString("hex"));

describe.each(Object.entries(malformed))("%s", (_, bytes) => {
  test("ends the session, and nothing of it reaches the server", async () => {
    const session = await login();
    await session.ask([query("SELECT 1")]);
    relay.clear();
    session.send(bytes);
    await session.end();
    expect(fatal(session)).toEqual(["FATAL 08P01"]);
    expect(onlyTerminate(relay.toServer())).toBe(true);
    await notices();
  });

  test("what came before it in the same write is still served", async () => {
    const session = await login();
    session.send(query("SELECT 'before'"), bytes);
    await session.end();
    expect(relay.toServer().includes(MARK)).toBe(false);
    expect(fatal(session)).toEqual(["FATAL 08P01"]);
  });
});

test.each(["Q", "P", "B", "E", "D"])(
  "a frame %s that is cut short when the client leaves never reaches the server",
  async (type) => {
    const whole = {
      Q: query(`SELECT '${MARK}'`),
      P: parse("", `SELECT '${MARK}'`),
      B: bind({ statement: MARK }),
      E: execute(MARK),
      D: frame("D", Buffer.from("S"), cstring(MARK)),
    }[type]!;
    const session = await login();
    relay.clear();
    session.send(whole.subarray(0, whole.length - 1));
    await session.quiet(50);
    session.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(onlyTerminate(relay.toServer())).toBe(true);
    await notices();
  },
);

test("a Query or a Parse during COPY ends the session", async () => {
  for (const bad of [query(`SELECT '${MARK}'`), parse("", `SELECT '${MARK}'`), bind({ statement: MARK })]) {
    const session = await login();
    session.send(query("CREATE TEMP TABLE t (a text); COPY t FROM STDIN"));
    await session.frame("G", 0);
    relay.clear();
    session.send(copyData("one\n"), bad);
    await session.end();
    expect(fatal(session).at(-1)).toBe("FATAL 08P01");
    expect(relay.toServer().includes(MARK)).toBe(false);
  }
  await notices();
});

test("a Parse during COPY is told as the server tells it, also behind COPY in one write", async () => {
  const session = await login();
  session.send(query("CREATE TEMP TABLE t (a text); COPY t FROM STDIN"), parse("", `SELECT '${MARK}'`), sync());
  await session.end();
  const errors = session.frames.filter((one) => one.type === "E").map((one) => one.body.toString("latin1"));
  expect(errors).toEqual([
    expect.stringContaining("C08P01\0Munexpected message type 0x50 during COPY from stdin\0"),
    expect.stringContaining("C08P01\0Mterminating connection because protocol synchronization was lost\0"),
  ]);
  await notices();
});

test("a frame exactly at the limit passes", async () => {
  const session = await login();
  const fill = FRAME_BYTES_MAX - 6 - "SELECT length('')".length;
  const answer = await session.ask([query(`SELECT length('${"x".repeat(fill)}')`)]);
  expect(answer[1]!.body.subarray(6).toString()).toBe(String(fill));
  await session.terminate();
});

/** Whole frames only, of types a client may send: what else could reach the server would be the start of an injected one. */
function wellFormed(bytes: Buffer): boolean {
  let at = 0;
  while (at + 5 <= bytes.length) {
    if (!"QPBEDCSHFdcfX".includes(String.fromCharCode(bytes[at]!))) return false;
    const length = bytes.readInt32BE(at + 1);
    if (length < 4 || at + 1 + length > bytes.length) return false;
    at += 1 + length;
  }
  return at === bytes.length;
}

const valid = fc.constantFrom(
  query("SELECT 1"),
  query(""),
  parse("", "SELECT 2"),
  bind(),
  execute(),
  sync(),
  frame("H"),
  query("BEGIN; SELECT 3"),
  copyData("x"),
);
const noise = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 40 }).map(Buffer.from),
  fc
    .tuple(fc.constantFrom(..."QPBEDCSHFdcfX"), fc.uint8Array({ maxLength: 30 }))
    .map(([type, body]) => frame(type, Buffer.from(body))),
  fc.constantFrom(...Object.values(malformed)),
);

test("whatever a client sends, the server sees whole frames only and others notice nothing", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof({ weight: 3, arbitrary: valid }, { weight: 1, arbitrary: noise }), { maxLength: 12 }),
      fc.integer({ min: 1, max: 64 }),
      async (pieces, sliceBytes) => {
        const session = await login();
        relay.clear();
        const bytes = Buffer.concat(pieces);
        for (let at = 0; at < bytes.length; at += sliceBytes) session.send(bytes.subarray(at, at + sliceBytes));
        await session.quiet(15);
        session.destroy();
        expect(wellFormed(relay.toServer())).toBe(true);
        await notices();
      },
    ),
    { numRuns: Number(process.env.WEIR_TEST_RUNS ?? 60) },
  );
});
