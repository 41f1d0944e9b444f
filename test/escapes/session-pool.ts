// Sessions kept open over many attempts, one per world and port, put back to a clean state between two of them.
import { Frontend } from "../support/frontend.ts";
import { query } from "../support/messages.ts";
import { type Line, playSend, written } from "../support/recorder.ts";
import type { Send, Step } from "../support/script.ts";
import { PASSWORD } from "../support/server.ts";

export interface Place {
  readonly database: string;
  readonly port: number;
  readonly user: string;
}

export class SessionPool {
  readonly #open = new Map<string, Line>();
  readonly #firstOwnOid: number;

  constructor(firstOwnOid: number) {
    this.#firstOwnOid = firstOwnOid;
  }

  /** What comes back for these steps, one line per frame, in a session without any state. */
  async play(place: Place, steps: readonly Step[]): Promise<string[]> {
    const line = await this.#session(place);
    const from = line.frontend.frames.length;
    for (const step of steps) await playSend(sendOf(step), line);
    const answer = written(line.frontend.frames.slice(from), this.#firstOwnOid).map(withoutBackend);
    await this.#clean(place, line);
    return line.frontend.closed ? [...answer, "closed"] : answer;
  }

  async closeAll(): Promise<void> {
    for (const line of this.#open.values()) await line.frontend.terminate();
    this.#open.clear();
  }

  async #session(place: Place): Promise<Line> {
    const key = `${place.database}:${place.port}:${place.user}`;
    const known = this.#open.get(key);
    if (known) return known;
    const frontend = await Frontend.login({ ...place, password: PASSWORD });
    if (frontend.closed) throw new Error(`login refused: ${written(frontend.frames).join("\n")}`);
    const line = { frontend, owed: 1 };
    this.#open.set(key, line);
    return line;
  }

  async #clean(place: Place, line: Line): Promise<void> {
    for (const sql of ["ROLLBACK", "DISCARD ALL"]) await playSend({ send: [query(sql)] }, line);
    if (line.frontend.closed) this.#open.delete(`${place.database}:${place.port}:${place.user}`);
    line.frontend.frames.length = 0;
    line.owed = 0;
  }
}

/** Names of temp schemas hold the number of the backend, which is chance. */
const withoutBackend = (frame: string) => frame.replace(/pg_temp_\d+/g, "pg_temp_N");

function sendOf(step: Step): Send {
  if ("send" in step) return step;
  if ("cancel" in step || "wait" in step) throw new Error("an attempt has neither cancel nor wait");
  return { send: step };
}
