// An honest client beside the hostile ones: it asks the same again and again, on a session that stays and on new ones, and must get what
// it got when nobody else was there.
import { Frontend } from "../support/frontend.ts";
import { query } from "../support/messages.ts";

const QUESTIONS = [
  "SELECT v FROM mine",
  "SELECT id, name, email, ssn, score FROM customers ORDER BY id",
  "DELETE FROM scratch",
  "SELECT count(*) FROM customers WHERE email = 'x'",
  "SELECT sum(n) FROM generate_series(1, 1000) n",
] as const;

/** What the hostile clients of a database do must not reach the others of it either. */
const ATTACKED = "shop";

export class Control {
  asked = 0;
  slowestMs = 0;
  private readonly expected: readonly string[];
  private readonly session: Frontend;
  private readonly port: number;

  private constructor(session: Frontend, expected: readonly string[], port: number) {
    this.session = session;
    this.expected = expected;
    this.port = port;
  }

  static async begin(port: number): Promise<Control> {
    const session = await login(port);
    await session.ask([query("CREATE TEMP TABLE mine AS SELECT 'still here' AS v")]);
    const expected: string[] = [];
    for (const question of QUESTIONS) expected.push(await answer(session, question));
    if (expected.some((text) => text.includes("canary"))) throw new Error("the control session sees protected values");
    if (!expected[0]!.includes("still here") || !expected[2]!.includes("42501") || !expected[4]!.includes("500500"))
      throw new Error(`the control session is not governed as it should be: ${JSON.stringify(expected)}`);
    return new Control(session, expected, port);
  }

  /** What is wrong now; empty: every answer is right. Rejects when an answer does not come. */
  async look(): Promise<readonly string[]> {
    const wrong: string[] = [];
    for (const [index, question] of QUESTIONS.entries())
      wrong.push(...(await this.hold(this.session, index, question)));
    const other = await login(this.port, ATTACKED);
    wrong.push(...(await this.hold(other, 4, QUESTIONS[4])));
    const unseen = `SELECT sum(n) FROM generate_series(1, 1000) AS g${this.asked}(n)`;
    wrong.push(...(await this.hold(other, 4, unseen)));
    await other.terminate();
    return wrong;
  }

  private async hold(session: Frontend, index: number, question: string): Promise<readonly string[]> {
    const startMs = Date.now();
    const got = await answer(session, question);
    this.asked++;
    this.slowestMs = Math.max(this.slowestMs, Date.now() - startMs);
    return got === this.expected[index] ? [] : [`control: ${question} gave ${JSON.stringify(got).slice(0, 300)}`];
  }

  end(): void {
    this.session.destroy();
  }
}

async function login(port: number, database = "control"): Promise<Frontend> {
  const session = await Frontend.login({ port, user: "analyst", database });
  if (session.frames.at(-1)?.type === "Z") return session;
  const said = session.frames.map(({ body }) => body.toString("latin1")).join(" ");
  throw new Error(`an honest client was not let in: ${said}`);
}

async function answer(session: Frontend, question: string): Promise<string> {
  const frames = await session.ask([query(question)]);
  session.frames.length = 0;
  return frames.map(({ type, body }) => `${type}${body.toString("latin1")}`).join("\n");
}
