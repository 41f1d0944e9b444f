// A session through a gate alone, first against the real server while both sides' bytes are kept, then from what was kept,
// cut differently. Nothing but the gate is between them, so that what differs is the gate's doing.
import { CatalogStore } from "../../pkg/catalog/store.ts";
import { AnalysisCache } from "../../pkg/gate/analysis-cache.ts";
import { ClassBooks } from "../../pkg/gate/class-books.ts";
import type { Effect } from "../../pkg/gate/effect.ts";
import { Gate } from "../../pkg/gate/gate.ts";
import { MaskKeys } from "../../pkg/mask/keys.ts";
import type { PolicySet } from "../../pkg/policy/rules.ts";
import { lasting } from "../../pkg/principal/identity.ts";
import type { Principal } from "../../pkg/principal/principal.ts";
import { type Grammar, loadGrammar } from "../../pkg/sql/grammar.ts";
import { Frontend, type FrontendOptions } from "./frontend.ts";

/** Bytes of one side, in the order in which the gate met them. */
export interface Event {
  readonly side: "client" | "server";
  readonly bytes: Buffer;
}

/** What the gate did, without regard to how it was cut. */
export interface Outcome {
  readonly up: string;
  readonly down: string;
  readonly records: readonly unknown[];
  readonly end: readonly unknown[];
}

export interface Recorded {
  readonly events: readonly Event[];
  readonly outcome: Outcome;
  /** A gate as it was when the recording began. */
  newGate(): Gate;
}

interface Login {
  readonly parameters: ReadonlyMap<string, string>;
  readonly pid: number;
  readonly user: string;
  readonly serverMajor: number;
  readonly grammar: Grammar | null;
}

function gateFor(login: Login, policies: PolicySet): Gate {
  let drawn = 0;
  const principal: Principal = {
    kind: "Service",
    name: login.user,
    issuer: "configuration",
    groups: [],
    assurance: "L0",
    login: login.user,
  };
  return new Gate({
    session: "session",
    principal,
    identity: lasting(principal),
    database: "shop/main",
    serverDatabase: "postgres",
    context: { environment: "test", cluster: "test", application: null, clientAddress: "127.0.0.1" },
    tls: false,
    nonce: "nonce",
    identityScope: "Session",
    policies: () => policies,
    catalogs: new CatalogStore(),
    books: new ClassBooks(),
    analyses: new AnalysisCache(login.grammar),
    maskKeys: new MaskKeys([{ version: 1, bytes: Buffer.alloc(32, 7) }]),
    digest: (text) => `digest of ${text.length}`,
    clock: { nowMs: () => 1_700_000_000_000, monotonicUs: () => 0 },
    random: { bytes: (count) => Buffer.alloc(count, ++drawn) },
    auditWritable: () => true,
    parameters: new Map(login.parameters),
    pinned: null,
    pooler: "None",
    backendPid: login.pid,
    serverMajor: login.serverMajor,
    limits: { frameBytesMax: 16 * 1024 * 1024, waitingBytesMax: 1024 * 1024, probeEveryMs: 1000 },
  });
}

/** A busy machine's server may take so long; what asks for no answer, such as a Parse without Sync, waits in vain. */
const ANSWER_MS = 1_000;

/** Plays the writes of a client one after the other, each when the one before is answered. */
export async function recordSession(
  options: FrontendOptions,
  policies: PolicySet,
  writes: readonly Buffer[],
): Promise<Recorded> {
  const frontend = await Frontend.login(options);
  const parameters = new Map(
    frontend.frames
      .filter(({ type }) => type === "S")
      .map(({ body }) => body.toString().split("\0").slice(0, 2) as [string, string]),
  );
  const serverMajor = Number.parseInt(parameters.get("server_version") ?? "", 10);
  const grammar = await loadGrammar(serverMajor);
  const login = { parameters, pid: frontend.pid, user: options.user, serverMajor, grammar };
  frontend.frames.length = 0;
  const gate = gateFor(login, policies);
  const events: Event[] = [];
  const effects: Effect[] = [];
  /** Returns whether the server was sent something. */
  const perform = (event: Event): boolean => {
    events.push(event);
    const made = event.side === "client" ? gate.client(event.bytes) : gate.server(event.bytes);
    effects.push(...made);
    for (const effect of made) if (effect.do === "forward") frontend.send(effect.bytes);
    return made.some((effect) => effect.do === "forward");
  };
  for (const bytes of writes) {
    let asked = perform({ side: "client", bytes });
    for (;;) {
      if (asked) await frontend.anything(ANSWER_MS);
      await frontend.quiet(20);
      const answer = Buffer.concat(
        frontend.frames
          .splice(0)
          .map(({ type, body }) => Buffer.concat([Buffer.from(type, "latin1"), lengthOf(body), body])),
      );
      if (answer.length === 0) break;
      asked = perform({ side: "server", bytes: answer });
    }
  }
  effects.push(...gate.gone());
  frontend.destroy();
  return { events, outcome: outcomeOf(effects), newGate: () => gateFor(login, policies) };
}

function lengthOf(body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length + 4);
  return length;
}

/** Feeds a new gate with the same events, each cut where `cut` says: ascending places inside an event of that many bytes. */
export function replay(recorded: Recorded, cut: (bytes: number) => readonly number[]): Outcome {
  const gate = recorded.newGate();
  const effects: Effect[] = [];
  for (const { side, bytes } of recorded.events) {
    let start = 0;
    for (const end of [...cut(bytes.length), bytes.length]) {
      const slice = Buffer.from(bytes.subarray(start, end));
      effects.push(...(side === "client" ? gate.client(slice) : gate.server(slice)));
      start = end;
    }
  }
  effects.push(...gate.gone());
  return outcomeOf(effects);
}

function outcomeOf(effects: readonly Effect[]): Outcome {
  const joined = (kind: "forward" | "reply") =>
    Buffer.concat(effects.flatMap((effect) => (effect.do === kind ? [effect.bytes] : []))).toString("latin1");
  return {
    up: joined("forward"),
    down: joined("reply"),
    records: effects.flatMap((effect) => (effect.do === "record" ? [effect.event] : [])),
    end: effects.filter((effect) => effect.do === "end" || effect.do === "cancel"),
  };
}
