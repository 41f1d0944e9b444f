// Where nothing is protected at first, and masks may be lifted: a masked session never sees what comes to be protected. Directly each
// attempt shows it. Under the default nothing is waived; where an owner has said more, what he was told is not promised.
import { rmSync } from "node:fs";
import type { Lifting } from "../../pkg/policy/rules.ts";
import { Frontend } from "../support/frontend.ts";
import { type Governed, startGoverned } from "../support/governed.ts";
import { functionCall, query } from "../support/messages.ts";
import { written } from "../support/recorder.ts";
import { PASSWORD, startTestServer, type TestServer } from "../support/server.ts";
import after from "./lifted/after.ts";
import type { Attempt, Turn, Who } from "./lifted/attempt.ts";
import beyond from "./lifted/beyond.ts";
import meanwhile from "./lifted/meanwhile.ts";
import names from "./lifted/names.ts";
import { WORLD } from "./lifted/world.ts";

const attempts: readonly Attempt[] = [...after, ...meanwhile, ...names, ...beyond];
/** Each takes seconds, with databases and sidecars of its own: all of them run with WEIR_LIFTED=all, else every fifth. */
const tried = attempts.filter((_, n) => process.env.WEIR_LIFTED === "all" || n % 5 === 0);
const PATTERN = "public.people.email";
const FILE = `/tmp/weir-lifted-${process.pid}`;

const policy = (pattern: string, lifting: string) => `apiVersion: weir.dev/v1alpha1
kind: DataPolicy
metadata: {name: hidden, namespace: shop}
spec:
  classify: [{columns: ['${pattern}'], class: PII.X}]
  mask: [{classes: ["PII.*"], method: Default}]
  whereNothingMatches: ${lifting}
`;

/** Where it must fail: under the default always, else where the owner was not told that it may not. */
function promised({ waived }: Attempt): readonly Lifting[] {
  if (waived === undefined) return ["Refuse", "Allow"];
  return waived === "outside" ? ["Refuse", "AllowConfined"] : ["Refuse"];
}

let server: TestServer;
let made = 0;

beforeAll(async () => {
  server = await startTestServer(["app"]);
  await server.admin("CREATE DATABASE lifted_template");
  await server.admin(WORLD, "lifted_template");
  await server.admin("CREATE DATABASE vault");
  await server.admin("CREATE TABLE secrets (x text); INSERT INTO secrets VALUES ('canary@secret.example')", "vault");
  await server.admin("GRANT ALL ON secrets TO app", "vault");
});

afterAll(async () => {
  await server?.stop();
  rmSync(FILE, { force: true });
});

interface Place {
  readonly database: string;
  /** Where masked sessions connect. */
  readonly port: number;
}

class Sessions {
  readonly #place: Place;
  readonly #open = new Map<Who, Frontend>();
  readonly #owed = new Map<Who, number>();

  constructor(place: Place) {
    this.#place = place;
  }

  async play({ who, send, owed, starts, calls }: Turn, bytes: (send: readonly Buffer[]) => readonly Buffer[]) {
    const frontend = await this.#session(who);
    await this.#settled(who);
    const oid = calls && (await server.admin("SELECT 'stolen'::regproc::oid", this.#place.database));
    this.#owed.set(who, this.#owed.get(who)! + owed);
    frontend.sendAll(calls ? [functionCall(Number(oid), ["SELECT email FROM people"])] : bytes(send));
    // A batch without Sync answers with nothing that could be counted on.
    if (!starts && owed > 0) await this.#settled(who);
  }

  /** Everything that masked sessions were sent. */
  seen(): string {
    const masked = [...this.#open].filter(([who]) => who !== "root" && who !== "vault");
    return masked.map(([, frontend]) => written(frontend.frames).join("\n")).join("\n");
  }

  close(): void {
    for (const frontend of this.#open.values()) frontend.destroy();
  }

  async #session(who: Who): Promise<Frontend> {
    const known = this.#open.get(who);
    if (known !== undefined && !known.closed) return known;
    const isRoot = who === "root" || who === "su";
    const frontend = await Frontend.login({
      port: who === "root" || who === "vault" ? server.port : this.#place.port,
      user: isRoot ? server.superuser : "app",
      password: isRoot ? server.superuserPassword : PASSWORD,
      database: who === "vault" ? "vault" : this.#place.database,
    });
    if (known !== undefined) frontend.frames.unshift(...known.frames);
    this.#open.set(who, frontend);
    this.#owed.set(who, frontend.frames.filter(isReady).length);
    return frontend;
  }

  async #settled(who: Who): Promise<void> {
    const [frontend, owed] = [this.#open.get(who)!, this.#owed.get(who)!];
    await frontend.until(() => frontend.closed || frontend.frames.filter(isReady).length >= owed);
  }
}

const isReady = ({ type }: { readonly type: string }) => type === "Z";

function filled(send: readonly Buffer[]): readonly Buffer[] {
  return send.map((bytes) => {
    const text = bytes.toString("utf8", 5, bytes.length - 1);
    if (bytes[0] !== 0x51 || !text.includes("{")) return bytes;
    const dblink = (user: string, password: string) =>
      `host=127.0.0.1 port=${server.port} dbname=vault user=${user} password=${password}`;
    return query(
      text
        .replaceAll("{file}", FILE)
        .replaceAll("{vault}", dblink(server.superuser, server.superuserPassword))
        .replaceAll("{vault as app}", dblink("app", PASSWORD)),
    );
  });
}

/** What masked sessions see, through a sidecar that has seen nothing yet, or directly. */
async function seen(one: Attempt, lifting: Lifting | null): Promise<string> {
  const database = `lifted_${++made}`;
  await server.freshDatabase(database, "lifted_template");
  const policies = { "p.yaml": policy(one.pattern ?? PATTERN, lifting ?? "Refuse") };
  const governed: Governed | null =
    lifting === null ? null : await startGoverned({ upstreamPort: server.port, policies });
  const sessions = new Sessions({ database, port: governed?.port ?? server.port });
  try {
    for (const turn of one.turns) await sessions.play(turn, filled);
    return sessions.seen();
  } finally {
    sessions.close();
    await governed?.stop();
    await server.admin(`DROP DATABASE ${database} WITH (FORCE)`);
  }
}

/** Server files come back as text, rows of whole numbers as bytes: in either the secret's first word is looked for. */
const SHOWS = /canary@|63616e61727940/;

test("there are at least 100 of them, each with a name of its own", () => {
  expect(attempts.length).toBeGreaterThanOrEqual(100);
  expect(new Set(attempts.map(({ name }) => name)).size).toBe(attempts.length);
});

test.each(tried.map((one) => [one.name, one] as const))("%s", async (_, one) => {
  expect(await seen(one, null)).toMatch(SHOWS);
  for (const lifting of promised(one))
    expect({ lifting, seen: await seen(one, lifting) }).toEqual({ lifting, seen: expect.not.stringMatching(SHOWS) });
});
