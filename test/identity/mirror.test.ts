// Who asks is what the server's own setting says, whatever is set, reset, saved and rolled back: the server is the oracle.
import fc from "fast-check";
import pg from "pg";
import { type Governed, startGoverned } from "../support/governed.ts";
import { issuerFor, verifierFor } from "../support/identity-settings.ts";
import { startIssuer, type TestIssuer } from "../support/issuer.ts";
import { PASSWORD, startTestServer, type TestServer } from "../support/server.ts";

const NAMES = ["ana", "bob", "cyd"] as const;

let issuer: TestIssuer;
let server: TestServer;
let governed: Governed;
const tokens = new Map<string, string>();

beforeAll(async () => {
  [issuer, server] = await Promise.all([startIssuer(), startTestServer(["app"])]);
  governed = await startGoverned({ upstreamPort: server.port, tokens: verifierFor([issuerFor(issuer)]) });
  for (const name of NAMES) tokens.set(name, await issuer.token({ sub: name, azp: "app" }));
});
afterAll(async () => {
  await governed.stop();
  await server.stop();
  await issuer.stop();
});

const OPEN: readonly Step[] = ["BEGIN", "SAVEPOINT a"].map((run) => ({ run, extended: false }));

type Step = { readonly run: string; readonly name?: string; readonly extended: boolean };

const name = fc.constantFrom(...NAMES);
/** What saves and rolls back comes often, so that it comes together. */
const plain = fc
  .oneof(
    { weight: 6, arbitrary: fc.constantFrom("SAVEPOINT a", "ROLLBACK TO a") },
    {
      weight: 3,
      arbitrary: fc.constantFrom(
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "RELEASE a",
        "SELECT 1/0",
        'SAVEPOINT "B"',
        'ROLLBACK TO "B"',
      ),
    },
    { weight: 1, arbitrary: fc.constantFrom("COMMIT AND CHAIN", "ROLLBACK AND CHAIN", "RESET ALL", "DISCARD ALL") },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        "RESET weir.identity",
        "SET LOCAL weir.identity TO DEFAULT",
        "SELECT set_config('weir.identity', '', true)",
      ),
    },
  )
  .map((run) => ({ run }));
const identify = name.chain((each) =>
  fc
    .constantFrom(
      "SET weir.identity = ''",
      "SET LOCAL weir.identity = ''",
      "SELECT set_config('weir.identity', $1, true)",
      "SELECT set_config('weir.identity', $1, false)",
    )
    .map((run) => ({ run, name: each })),
);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc
    .tuple(fc.oneof({ weight: 3, arbitrary: plain }, { weight: 2, arbitrary: identify }), fc.boolean())
    .map(([step, extended]) => ({ ...step, extended })),
  { minLength: 1, maxLength: 25 },
);

async function play(client: pg.Client, { run, name: who, extended }: Step): Promise<void> {
  const token = who === undefined ? "" : tokens.get(who)!;
  const text = who === undefined ? run : run.replace("''", `'${token}'`);
  const values = who !== undefined && run.includes("$1") ? [token] : [];
  // Values make node-postgres use the extended protocol; a name does without any.
  const query = values.length > 0 ? { text, values } : extended ? { text, queryMode: "extended" } : { text };
  await client.query(query as pg.QueryConfig).catch(() => {});
}

/** The value of a statement's only cell; null where the transaction has failed. */
const told = (client: pg.Client, text: string) =>
  client.query({ text, rowMode: "array" }).then(
    ({ rows }) => rows[0]![0] ?? "",
    ({ code }) => (code === "25P02" ? null : code),
  );

test("the mirror agrees with the server after every step", async () => {
  await fc.assert(
    fc.asyncProperty(fc.boolean(), steps, async (begins, all) => {
      const client = new pg.Client({
        host: "127.0.0.1",
        port: governed.port,
        user: "app",
        password: PASSWORD,
        database: "postgres",
      });
      await client.connect();
      const meant = new Map<string, string>([["", "app"]]);
      try {
        for (const step of begins ? [...OPEN, ...all] : all) {
          await play(client, step);
          const value = await told(client, "SELECT current_setting('weir.identity', true)");
          if (value === null) continue;
          const who = JSON.parse(await told(client, "SHOW weir.principal")).name;
          if (!meant.has(value)) meant.set(value, step.name ?? "nobody");
          expect([step.run, who]).toEqual([step.run, meant.get(value)]);
        }
      } finally {
        await client.end();
      }
    }),
    { numRuns: 150 },
  );
});
