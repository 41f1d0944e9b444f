// Where an identity ends: raw frames in one write, so that nothing waits for an answer but Weir itself.

import { type BackendFrame, Frontend } from "../support/frontend.ts";
import { type Governed, startGoverned } from "../support/governed.ts";
import { issuerFor, verifierFor } from "../support/identity-settings.ts";
import { startIssuer, type TestIssuer } from "../support/issuer.ts";
import {
  bind,
  copyData,
  copyDone,
  describe as describeFrame,
  execute,
  parse,
  query,
  sync,
} from "../support/messages.ts";
import { PASSWORD, startTestServer, type TestServer } from "../support/server.ts";

const policies = {
  "policy.yaml": `apiVersion: weir.dev/v1alpha1
kind: DataPolicy
metadata: {name: people, namespace: shop}
spec:
  subjects: [{notGroups: [privacy-office]}]
  classify: [{columns: ["public.people.email"], class: PII.EMAIL}]
  mask: [{classes: ["PII.*"], method: Redact, parameters: {text: "HIDDEN"}}]
`,
};
const CLEAR = "ana@example.com";

let issuer: TestIssuer;
let server: TestServer;
let governed: Governed;
let frontend: Frontend;

beforeAll(async () => {
  [issuer, server] = await Promise.all([startIssuer(), startTestServer(["app"])]);
  await server.admin("CREATE TABLE people (id int PRIMARY KEY, email text)");
  await server.admin(`INSERT INTO people VALUES (1, '${CLEAR}')`);
  await server.admin("CREATE TABLE notes (id int)");
  await server.admin("GRANT ALL ON people, notes TO app");
  governed = await startGoverned({ upstreamPort: server.port, policies, tokens: verifierFor([issuerFor(issuer)]) });
});
afterAll(async () => {
  await governed.stop();
  await server.stop();
  await issuer.stop();
});
beforeEach(async () => {
  frontend = await Frontend.login({ port: governed.port, user: "app", password: PASSWORD, database: "postgres" });
});
afterEach(() => frontend.destroy());

/** Sends all in one write and gives the frames up to `readies` ReadyForQuery more. */
async function ask(readies: number, ...frames: Buffer[]): Promise<readonly BackendFrame[]> {
  const from = frontend.frames.length;
  const owed = frontend.frames.filter(({ type }) => type === "Z").length + readies;
  frontend.send(Buffer.concat(frames));
  await frontend.ready(owed, 0);
  return frontend.frames.slice(from);
}

/** The first value of each row, and the message of each error, in order. */
const told = (frames: readonly BackendFrame[]) =>
  frames.flatMap(({ type, body }) => {
    if (type === "D")
      return [
        body.readInt16BE(0) === 0 || body.readInt32BE(2) < 0
          ? null
          : body.subarray(6, 6 + body.readInt32BE(2)).toString(),
      ];
    return type === "E" ? [/\0M([^\0]*)/.exec(body.toString())?.[1] ?? ""] : [];
  });

async function token(claims: object = { sub: "olga", groups: ["privacy-office"] }): Promise<string> {
  const [nonce] = told(await ask(1, query("SHOW weir.nonce")));
  const now = Math.floor(Date.now() / 1000);
  return issuer.token({ nonce, jti: `${Math.random()}`, exp: now + 60, ...claims });
}

const SELECT = "SELECT email FROM people WHERE id = 1";
const run = (text: string, values: readonly string[] = []) => [parse("", text), bind({ values }), execute()];
const identify = (value: string, local: boolean) => run(`SELECT set_config('weir.identity', $1, ${local})`, [value]);
const masked = expect.not.stringContaining("ana@");

test("in one pipeline an identity holds from its SET to the Sync that ends its transaction", async () => {
  const frames = await ask(
    2,
    ...run(SELECT),
    ...identify(await token(), true),
    ...run(SELECT),
    sync(),
    ...run(SELECT),
    sync(),
  );
  expect(told(frames)).toEqual([masked, expect.stringMatching(/^weir_/), CLEAR, masked]);
});

test("what was prepared or bound under an identity runs as who asks when it runs", async () => {
  const value = await token();
  await ask(1, ...identify(value, false), sync());
  const frames = await ask(
    3,
    query("BEGIN"),
    parse("s", SELECT),
    bind({ statement: "s", portal: "p" }),
    describeFrame("P", "p"),
    ...run("RESET weir.identity"),
    execute("p"),
    sync(),
    query("ROLLBACK"),
  );
  expect(told(frames)).toEqual([masked]);
  expect(told(await ask(1, bind({ statement: "s" }), execute(), sync()))).toEqual([CLEAR]); // the reset was rolled back
  await ask(1, query("DISCARD ALL"));
  expect(told(await ask(1, ...run(SELECT), sync()))).toEqual([masked]);
});

test("a cursor does not carry an identity over its end", async () => {
  await ask(1, query("BEGIN"));
  await ask(1, query(`SET LOCAL weir.identity = '${await token()}'`));
  await ask(1, query(`DECLARE c CURSOR WITH HOLD FOR ${SELECT}`));
  await ask(1, query("COMMIT"));
  expect(told(await ask(1, query("FETCH c")))).toEqual([masked]);
});

test("a pipeline that fails takes its identity with it", async () => {
  const frames = await ask(
    2,
    ...identify(await token(), false),
    ...run("SELECT 1/0"),
    ...run(SELECT),
    sync(),
    ...run(SELECT),
    sync(),
  );
  expect(told(frames)).toEqual([expect.stringMatching(/^weir_/), "division by zero", masked]);
});

test("an identity set while COPY takes data counts for nobody", async () => {
  const value = await token();
  const frames = await ask(
    2,
    query("COPY notes FROM STDIN"),
    copyData("1\n"),
    copyDone(),
    query(`SET weir.identity = '${value}'`),
  );
  expect(told(frames)).toEqual([]);
  expect(told(await ask(1, query(SELECT)))).toEqual([CLEAR]); // the SET came after the COPY had ended
  await ask(1, query("RESET ALL"));
  const late = await token();
  const from = frontend.frames.length;
  frontend.send(Buffer.concat([query("COPY notes FROM STDIN"), query(`SET weir.identity = '${late}'`)]));
  await frontend.frame("E", from);
  expect(server.log().includes(late)).toBe(false);
});

test("a refused identity in a pipeline refuses what follows, as any error does", async () => {
  const frames = await ask(2, ...identify("not.a.token", false), ...run(SELECT), sync(), ...run(SELECT), sync());
  expect(told(frames)).toEqual([expect.stringContaining("it is no signed token"), masked]);
});

test("COMMIT and ROLLBACK in a pipeline, and what follows them", async () => {
  for (const end of ["COMMIT", "ROLLBACK"]) {
    const value = await token();
    const frames = await ask(
      1,
      ...run("BEGIN"),
      ...identify(value, true),
      ...run(SELECT),
      ...run(end),
      ...run(SELECT),
      sync(),
    );
    expect([end, told(frames)]).toEqual([end, [expect.stringMatching(/^weir_/), CLEAR, masked]]);
  }
  const value = await token();
  const chain = await ask(
    1,
    ...run("BEGIN"),
    ...identify(value, true),
    ...run("COMMIT AND CHAIN"),
    ...run(SELECT),
    ...run("COMMIT"),
    sync(),
  );
  expect(told(chain)).toEqual([expect.stringMatching(/^weir_/), masked]);
});

test("one string cannot change who asks half-way", async () => {
  await ask(1, query("BEGIN"));
  await ask(1, query(`SET LOCAL weir.identity = '${await token()}'`));
  expect(told(await ask(1, query(`COMMIT; ${SELECT}`)))).toEqual([expect.stringContaining("within one string")]);
  await ask(1, query("ROLLBACK"));
  expect(told(await ask(1, query(SELECT)))).toEqual([masked]);
});
