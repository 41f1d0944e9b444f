// Connection poolers: one behind that would mix sessions up is refused at the login, one that keeps them apart works; and in front, where
// one session serves many, each transaction is that of who asks in it.
import pg from "pg";
import { recordsOf } from "../audit/spool-lines.ts";
import { eventually } from "../load/eventually.ts";
import { type Governed, type GovernedOptions, startGoverned } from "../support/governed.ts";
import { issuerFor, verifierFor } from "../support/identity-settings.ts";
import { startIssuer, type TestIssuer } from "../support/issuer.ts";
import { type Pgbouncer, pgbouncerIsHere, startPgbouncer, tellWithoutPgbouncer } from "../support/pgbouncer.ts";
import { PASSWORD, startTestServer, type TestServer } from "../support/server.ts";

tellWithoutPgbouncer();
const withPgbouncer = pgbouncerIsHere ? test : test.skip;

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
const pinned = { role: "reader", settings: {}, identity: true };

let issuer: TestIssuer;
let server: TestServer;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  [issuer, server] = await Promise.all([startIssuer("ES256"), startTestServer(["app"])]);
  await server.admin(`CREATE ROLE reader; GRANT reader TO app;
    CREATE TABLE people (id int PRIMARY KEY, email text); INSERT INTO people VALUES (1, 'ana@example.com');
    CREATE TABLE notes (owner text); INSERT INTO notes VALUES ('app'), ('ana'), ('bob'), ('olga');
    ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own ON notes USING (owner = current_setting('weir.principal', true));
    GRANT ALL ON people, notes TO reader, app`);
});

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

afterAll(async () => {
  await server.stop();
  await issuer.stop();
});

async function bouncer(port: number, mode: "session" | "transaction", size: number): Promise<Pgbouncer> {
  const started = await startPgbouncer({ port, mode, size });
  stops.push(() => started.stop());
  return started;
}

async function weir(upstreamPort: number, more: Partial<GovernedOptions> = {}): Promise<Governed> {
  const governed = await startGoverned({ upstreamPort, tokens: verifierFor([issuerFor(issuer)]), ...more });
  stops.push(() => governed.stop());
  return governed;
}

const configOf = (port: number): pg.ClientConfig => {
  return { host: "127.0.0.1", port, user: "app", password: PASSWORD, database: "postgres" };
};

async function connected(port: number): Promise<pg.Client & { heard: string[] }> {
  const client = new pg.Client(configOf(port));
  const heard: string[] = [];
  client.on("error", ({ message }) => heard.push(message));
  await client.connect();
  return Object.assign(client, { heard });
}

type Asks = Pick<pg.ClientBase, "query">;
let ids = 0;

async function tokenFor(client: Asks, sub: string): Promise<string> {
  const { rows } = await client.query("SHOW weir.nonce");
  const exp = Math.floor(Date.now() / 1000) + 60;
  return issuer.token({ nonce: rows[0]["weir.nonce"], jti: `pool ${ids++}`, exp, sub });
}

/** Whose rows the database shows; whom Weir takes the asker for, where that is another. */
async function seen(client: Asks): Promise<string> {
  const { rows } = await client.query("SELECT owner FROM notes");
  const owners = rows.map(({ owner }) => owner).join();
  const { name } = JSON.parse((await client.query("SHOW weir.principal")).rows[0]["weir.principal"]);
  return owners === name ? owners : `${owners} as ${name}`;
}

withPgbouncer.each(["session", "transaction"] as const)(
  "a pooler in %s mode behind that nobody spoke of is refused at the login, where it matters",
  async (mode) => {
    const behind = await bouncer(server.port, mode, 5);
    for (const more of [{ policies }, { pinned }]) {
      const governed = await weir(behind.port, more);
      await expect(connected(governed.port)).rejects.toMatchObject({
        code: "08004",
        message: expect.stringContaining('database "shop/main" is behind a connection pooler'),
        hint: expect.stringContaining("upstreamSessions, pooler: Session"),
      });
      const records = recordsOf(governed.spoolDir).map((record) => JSON.stringify(record));
      expect(records.some((record) => record.includes("refusedByUs 08004 pooler"))).toBe(true);
    }
    const ungoverned = await weir(behind.port);
    const client = await connected(ungoverned.port);
    expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    await client.end();
  },
);

withPgbouncer(
  "one in session mode works: masks, roles and identities, also for the next on its connections",
  async () => {
    const behind = await bouncer(server.port, "session", 1);
    const governed = await weir(behind.port, { policies, pinned, pooler: "Session" });
    for (const person of ["ana", "bob"]) {
      const client = await connected(governed.port);
      expect(await seen(client)).toBe("app");
      await client.query(`SET weir.identity = '${await tokenFor(client, person)}'`);
      expect(await seen(client)).toBe(person);
      expect((await client.query("SELECT email FROM people")).rows).toEqual([{ email: null }]);
      expect((await client.query("SELECT current_user AS role")).rows).toEqual([{ role: "reader" }]);
      await client.end();
    }
  },
);

withPgbouncer("one that mixes sessions up although it was said not to is noticed: the session ends", async () => {
  const behind = await bouncer(server.port, "transaction", 2);
  const governed = await weir(behind.port, { policies, pooler: "Session" });
  const client = await connected(governed.port);
  const other = await connected(behind.port);
  await other.query("BEGIN"); // takes the connection that the first one was on
  const heard: string[] = [];
  await eventually(async () => {
    await client.query("SELECT email FROM people").catch(({ message }: Error) => heard.push(message));
    return heard.length > 0;
  });
  expect(heard[0]).toContain("a connection pooler has put it on another server connection");
  await other.end();
  await client.end().catch(() => {});
});

/** What many clients do at once, each with transactions of its own persons; anything seen that is not theirs. */
async function storm(
  worker: (work: number) => Promise<readonly string[]>,
  workers: number,
): Promise<readonly string[]> {
  const strange = await Promise.all(Array.from({ length: workers }, (_, work) => worker(work)));
  return strange.flat();
}

const people = ["ana", "bob", "olga"];

/** One transaction in the name of `person`, ended in one of three ways; then one statement in nobody's. */
async function transact(client: Asks, person: string, ending: number): Promise<readonly string[]> {
  const strange: string[] = [];
  const expecting = async (wanted: string) => {
    const found = await seen(client);
    if (found !== wanted) strange.push(`${wanted} saw what is for ${found}`);
  };
  await client.query("BEGIN");
  const token = await tokenFor(client, person);
  if (ending % 2 === 0) await client.query(`SET LOCAL weir.identity = '${token}'`);
  else await client.query("SELECT set_config('weir.identity', $1, true)", [token]);
  await expecting(person);
  await client.query("SAVEPOINT s");
  await expecting(person);
  if (ending % 3 === 0) await client.query("SELECT 1/0").catch(() => {});
  else await expecting(person);
  if (ending % 3 === 1) await client.query("ROLLBACK TO s");
  await client.query(ending % 3 === 2 ? "COMMIT" : "ROLLBACK");
  await expecting("app");
  return strange;
}

withPgbouncer.each(["transaction", "session"] as const)(
  "in front, in %s mode, with fewer connections than clients: each transaction is that of who asks in it",
  async (mode) => {
    const governed = await weir(server.port, { policies, pinned });
    const front = await bouncer(governed.port, mode, 3);
    const strange = await storm(async (work) => {
      const found: string[] = [];
      for (let turn = 0; turn < 4; turn += 1) {
        const client = await connected(front.port);
        for (let times = 0; times < 3; times += 1)
          found.push(...(await transact(client, people[(work + turn + times) % 3]!, work + times)));
        // What is left set for the session must not be the next client's: the pooler resets it, or another has it meanwhile.
        if (mode === "session") await client.query(`SET weir.identity = '${await tokenFor(client, "olga")}'`);
        await client.end();
      }
      return found;
    }, 12);
    expect(strange).toEqual([]);
    expect(governed.logged).toEqual([]);
  },
);

test("a driver's pool, with fewer connections than askers: each transaction, and each signed statement, is that of who asks", async () => {
  const governed = await weir(server.port, { policies, pinned });
  const pool = new pg.Pool({ ...configOf(governed.port), max: 3 });
  pool.on("error", () => {});
  const strange = await storm(async (work) => {
    const found: string[] = [];
    for (let times = 0; times < 6; times += 1) {
      const client = await pool.connect();
      const person = people[(work + times) % 3]!;
      found.push(...(await transact(client, person, work + times)));
      const mark = `/*weir_identity='${await tokenFor(client, person)}'*/`;
      const { rows } = await client.query({ text: `SELECT owner FROM notes ${mark}`, values: [] });
      if (rows.map(({ owner }) => owner).join() !== person)
        found.push(`${person} signed and saw ${JSON.stringify(rows)}`);
      const after = await seen(client);
      if (after !== "app") found.push(`${person} signed, and then ${after} was there`);
      client.release();
    }
    return found;
  }, 12);
  expect(strange).toEqual([]);
  await pool.end();
});
