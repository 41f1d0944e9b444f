// A signed comment says who asks for one statement: it counts there, once, and nowhere else, and the token goes no further.
import pg from "pg";
import { linesOf, recordsOf } from "../audit/spool-lines.ts";
import { Frontend } from "../support/frontend.ts";
import { type Governed, startGoverned } from "../support/governed.ts";
import { issuerFor, verifierFor } from "../support/identity-settings.ts";
import { newKey, startIssuer, type TestIssuer } from "../support/issuer.ts";
import { bind, copyData, copyDone, describe as describing, execute, parse, query, sync } from "../support/messages.ts";
import { PASSWORD, startTestServer, type TestServer } from "../support/server.ts";

const policies = {
  "policy.yaml": `apiVersion: weir.dev/v1alpha1
kind: DataPolicy
metadata: {name: people, namespace: shop}
spec:
  subjects: [{notGroups: [privacy-office]}]
  classify: [{columns: ["public.people.email"], class: PII.EMAIL}]
  mask: [{classes: ["PII.*"], method: "Null"}]
`,
};

let issuer: TestIssuer;
let server: TestServer;
let governed: Governed;
let client: pg.Client;

beforeAll(async () => {
  [issuer, server] = await Promise.all([startIssuer(), startTestServer(["app"], { log_statement: "all" })]);
  await server.admin("CREATE TABLE people (id int PRIMARY KEY, email text); CREATE TABLE notes (body text)");
  await server.admin("INSERT INTO people VALUES (1, 'ana@example.com')");
  await server.admin("GRANT ALL ON people, notes TO app");
  governed = await startGoverned({ upstreamPort: server.port, policies, tokens: verifierFor([issuerFor(issuer)]) });
});

afterAll(async () => {
  await governed.stop();
  await server.stop();
  await issuer.stop();
});

beforeEach(async () => {
  client = await connected();
});
afterEach(() => client.end().catch(() => {}));

async function connected(): Promise<pg.Client> {
  const { port } = governed;
  const made = new pg.Client({ host: "127.0.0.1", port, user: "app", password: PASSWORD, database: "postgres" });
  made.on("error", () => {});
  await made.connect();
  return made;
}

const officer = { sub: "olga", groups: ["privacy-office"] };
let ids = 0;

async function nonceOf(of: pg.Client): Promise<string> {
  return (await of.query("SHOW weir.nonce")).rows[0]["weir.nonce"];
}

async function tokenFor(nonce: string, claims: object = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  return issuer.token({ nonce, jti: `comment ${ids++}`, exp: now + 60, ...officer, ...claims });
}

const comment = (token: string) => `/*weir_identity='${encodeURIComponent(token)}'*/`;
const SQL = "SELECT email FROM people WHERE id = 1";
const CLEAR = [{ email: "ana@example.com" }];
const MASKED = [{ email: null }];

const outcome = (asked: Promise<unknown>) =>
  asked.then(
    () => "ran",
    ({ code, message, detail }) => `${code} ${message}${detail?.startsWith("Reason") ? ` ${detail}` : ""}`,
  );

/** What the database and the spool were told. */
const told = () => [server.log(), ...linesOf(governed.spoolDir)].join("\n");

test.each([
  ["at the end", (mark: string) => `${SQL} ${mark}`],
  ["in front of a semicolon", (mark: string) => `${SQL}${mark} ;\n`],
  ["at the beginning", (mark: string) => `  ${mark} ${SQL}`],
  [
    "beside other fields",
    (mark: string) => `${SQL} ${mark.replace("/*", "/*application='x',").replace("'*/", "',zone='y'*/")}`,
  ],
  ["in a string of statements", (mark: string) => `SELECT 1; ${SQL} ${mark}`],
  ["behind a literal that holds a comment", (mark: string) => `SELECT email FROM people WHERE '/*' <> '*/' ${mark}`],
])("it counts for its own statement, %s, by both protocols", async (_, written) => {
  const nonce = await nonceOf(client);
  const asked = [async () => client.query(written(comment(await tokenFor(nonce))))];
  if (!written("").includes("; S"))
    asked.push(async () => client.query({ text: written(comment(await tokenFor(nonce))), values: [], name: "" }));
  for (const ask of asked) {
    const answer = await ask();
    const last = Array.isArray(answer) ? answer.at(-1) : answer;
    expect(last.rows).toEqual(CLEAR);
    expect((await client.query(SQL)).rows).toEqual(MASKED);
  }
  expect(/eyJ[\w-]{8}/.test(told())).toBe(false);
});

test("records name who asked, and the trace that stands beside the token", async () => {
  const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const token = await tokenFor(await nonceOf(client), { act: { sub: "robo" } });
  await client.query(`${SQL} ${comment(token).replace("/*", `/*traceparent='${trace}',`)}`);
  const [record] = recordsOf(governed.spoolDir).filter((each) => JSON.stringify(each).includes(trace));
  expect(record.actor.user.name).toBe("robo");
  expect(record.unmapped.weir.who.acting_for[0].user.name).toBe("olga");
});

test("transactions, failures and places in the text are the server's", async () => {
  const nonce = await nonceOf(client);
  await client.query("BEGIN");
  expect((await client.query(`${SQL} ${comment(await tokenFor(nonce))}`)).rows).toEqual(CLEAR);
  expect((await client.query(SQL)).rows).toEqual(MASKED);
  const wrong = client.query(`${comment(await tokenFor(nonce))} SELECT nothing FROM people`);
  await expect(wrong).rejects.toMatchObject({ code: "42703" });
  expect(await outcome(client.query(SQL))).toMatch(/^25P02/);
  expect(await outcome(client.query(`${SQL} ${comment(await tokenFor(nonce))}`))).toMatch(/^25P02/);
  await client.query(`ROLLBACK ${comment(await tokenFor(nonce))}`);
  const placed = `${comment(await tokenFor(nonce))} SELECT nothing FROM people`;
  await expect(client.query(placed)).rejects.toMatchObject({ position: `${placed.indexOf("nothing") + 1}` });
  expect((await client.query(SQL)).rows).toEqual(MASKED);
});

test("a statement that is prepared with a token is its bearer's until the next Sync, and then the session's", async () => {
  const token = await tokenFor(await nonceOf(client));
  const named = { name: "mine", text: `${SQL} ${comment(token)}` };
  expect((await client.query(named)).rows).toEqual(CLEAR);
  expect((await client.query(named)).rows).toEqual(MASKED);
  expect((await client.query({ ...named, values: [] })).rows).toEqual(MASKED);
});

async function frontend(): Promise<Frontend> {
  return Frontend.login({ port: governed.port, user: "app", password: PASSWORD, database: "postgres" });
}

const valuesIn = (frames: readonly { type: string; body: Buffer }[]) =>
  frames.flatMap(({ type, body }) => {
    if (type === "E")
      return [
        body
          .toString("latin1")
          .split("\0")
          .filter((each) => /^[CM]/.test(each))
          .join(" "),
      ];
    return type === "D" ? [body.readInt32BE(2) === -1 ? null : body.subarray(6).toString()] : [];
  });

test("in a pipeline only what is bound of that statement is its bearer's, and nothing behind the Sync", async () => {
  const raw = await frontend();
  const [nonce] = valuesIn(await raw.ask([query("SHOW weir.nonce")]));
  const run = (statement: string) => [bind({ statement }), describing("P"), execute()];
  const frames = await raw.ask(
    [
      parse("plain", SQL),
      parse("signed", `${SQL} ${comment(await tokenFor(nonce!))}`),
      ...run("signed"),
      ...run("plain"),
      ...run("signed"),
      sync(),
      ...run("signed"),
      sync(),
      parse("other", `${SQL} ${comment(await tokenFor(nonce!))}`),
      parse("plainer", SQL),
      ...run("other"),
      ...run("plainer"),
      sync(),
      query(`${SQL} ${comment(await tokenFor(nonce!))}`),
      query(SQL),
    ],
    5,
  );
  const clear = "ana@example.com";
  expect(valuesIn(frames)).toEqual([clear, null, clear, null, null, null, clear, null]);
  await raw.terminate();
});

test("where no rule applies, too: records name the bearer for his statement alone", async () => {
  const free = await startGoverned({ upstreamPort: server.port, tokens: verifierFor([issuerFor(issuer)]) });
  const raw = await Frontend.login({ port: free.port, user: "app", password: PASSWORD, database: "postgres" });
  const [nonce] = valuesIn(await raw.ask([query("SHOW weir.nonce")]));
  const run = (statement: string) => [bind({ statement }), execute()];
  const signed = parse("signed", `SELECT 1 ${comment(await tokenFor(nonce!))}`);
  await raw.ask([parse("plain", "SELECT 2"), sync()]);
  await raw.ask([signed, ...run("plain"), sync(), ...run("signed"), sync()], 2);
  await raw.terminate();
  const asked = recordsOf(free.spoolDir).filter(({ unmapped }) => unmapped.weir.kind === "decision");
  expect(asked.map(({ actor }) => actor.user.name)).toEqual(["app", "app", "olga", "app", "app"]);
  await free.stop();
});

test("COPY is its bearer's, and what follows it the session's", async () => {
  const raw = await frontend();
  const [nonce] = valuesIn(await raw.ask([query("SHOW weir.nonce")]));
  const frames = await raw.ask(
    [
      query(`COPY notes FROM STDIN ${comment(await tokenFor(nonce!))}`),
      copyData("one\n"),
      copyDone(),
      query(SQL),
      query(`COPY (SELECT email FROM people) TO STDOUT ${comment(await tokenFor(nonce!))}`),
      query(SQL),
    ],
    4,
  );
  expect(valuesIn(frames)).toEqual([null, null]);
  expect(frames.filter(({ type }) => type === "d").map(({ body }) => body.toString())).toEqual(["ana@example.com\n"]);
  await raw.terminate();
});

test.each<[string, string, (nonce: string) => Promise<string>]>([
  ["of another key", "signature", async (nonce) => forged(nonce)],
  ["expired", "expired", (nonce) => tokenFor(nonce, { exp: 1 })],
  ["of another session", "nonce", () => tokenFor("0".repeat(32))],
  ["for any session", "bearer", async () => issuer.token(officer)],
  ["for another audience", "audience", (nonce) => tokenFor(nonce, { aud: "else" })],
  ["of another issuer", "issuer", (nonce) => tokenFor(nonce, { iss: "https://else.example" })],
  ["that lives too long", "lifetime", (nonce) => tokenFor(nonce, { exp: Math.floor(Date.now() / 1000) + 600 })],
  ["not signed", "malformed", async () => "olga"],
])("a token %s is refused, and the statement goes nowhere", async (_, reason, make) => {
  const token = await make(await nonceOf(client));
  const text = `SELECT 'canary ${reason}' ${comment(token)}`;
  const refusal = new RegExp(`^42501 weir: the token of weir_identity does not count: .* Reason: ${reason}\\.`);
  expect(await outcome(client.query(text))).toMatch(refusal);
  expect(await outcome(client.query({ text, values: [] }))).toMatch(refusal);
  expect(server.log().includes(`canary ${reason}`)).toBe(false);
  expect(/eyJ[\w-]{8}/.test(told())).toBe(false);
  const refused = recordsOf(governed.spoolDir).filter((each) =>
    JSON.stringify(each).includes("the token of weir_identity does not count"),
  );
  expect(refused.length).toBeGreaterThan(1);
  expect((await client.query(SQL)).rows).toEqual(MASKED);
});

async function forged(nonce: string): Promise<string> {
  const key = await newKey("first");
  return issuer.token({ nonce, jti: "forged", exp: Math.floor(Date.now() / 1000) + 60, ...officer }, { key });
}

test("a token counts once", async () => {
  const text = `${SQL} ${comment(await tokenFor(await nonceOf(client)))}`;
  expect((await client.query(text)).rows).toEqual(CLEAR);
  expect(await outcome(client.query(text))).toMatch(/^42501 .* Reason: replayed\./);
  expect(await outcome(client.query({ text, values: [] }))).toMatch(/^42501 .* Reason: replayed\./);
});

test.each([
  ["twice", (mark: string) => `${mark} ${SQL} ${mark}`],
  ["twice in one comment", (mark: string) => `${SQL} ${mark.replace("*/", `,${mark.slice(2)}`)}`],
  ["inside another comment", (mark: string) => `${SQL} /* ${mark} */`],
  ["in the middle", (mark: string) => `SELECT email ${mark} FROM people`],
  ["in a literal", (mark: string) => `SELECT '${mark.replaceAll("'", "''")}'`],
  ["behind dashes", (mark: string) => `${SQL} -- ${mark.slice(2, -2)}`],
  ["in other letters", (mark: string) => `${SQL} ${mark.replace("weir_identity=", "weir_identity = ")}`],
])("where it may be a token and is not clearly one, the statement goes nowhere: %s", async (_, written) => {
  const text = written(comment(await tokenFor(await nonceOf(client))));
  const refusal =
    "42501 weir: the statement speaks of weir_identity, and not once in one comment at its end or beginning";
  expect(await outcome(client.query(text))).toBe(refusal);
  expect(await outcome(client.query({ text, values: [] }))).toBe(refusal);
  expect(/eyJ[\w-]{8}/.test(told())).toBe(false);
});

test("other comments, and columns of that name, are nothing to it", async () => {
  expect((await client.query(`${SQL} /*user='olga',groups='privacy-office'*/`)).rows).toEqual(MASKED);
  expect((await client.query("SELECT 1 AS weir_identity")).rows).toEqual([{ weir_identity: 1 }]);
});
