// A gate with a client and a server made of literals: the test says what each side sends and reads the effects in order.
import { CatalogStore } from "../../pkg/catalog/store.ts";
import type { AnalysisCache } from "../../pkg/gate/analysis-cache.ts";
import { ClassBooks } from "../../pkg/gate/class-books.ts";
import type { Effect } from "../../pkg/gate/effect.ts";
import { Gate } from "../../pkg/gate/gate.ts";
import type { Guard, PolicySet } from "../../pkg/policy/rules.ts";
import { lasting } from "../../pkg/principal/identity.ts";
import type { Principal } from "../../pkg/principal/principal.ts";
import type { EffectKind, Understood } from "../../pkg/sql/facts.ts";

export const bytes = (type: string, body: Buffer | string = ""): Buffer => {
  const content = Buffer.from(body as string);
  const frame = Buffer.alloc(5 + content.length);
  frame.write(type, "latin1");
  frame.writeUInt32BE(4 + content.length, 1);
  content.copy(frame, 5);
  return frame;
};

export const query = (text: string): Buffer => bytes("Q", `${text}\0`);
export const ready = (state = "I"): Buffer => bytes("Z", state);
export const complete = (tag: string): Buffer => bytes("C", `${tag}\0`);
export const failed = (sqlstate: string, message: string): Buffer =>
  bytes("E", `SERROR\0VERROR\0C${sqlstate}\0M${message}\0\0`);

/** Facts by the first word of a statement, enough for an order; the engine itself is tested elsewhere. */
const effectsOf: Readonly<Record<string, readonly EffectKind[]>> = {
  SELECT: ["Read"],
  DROP: ["Drop"],
  DELETE: ["Delete"],
  INSERT: ["Insert"],
  COMMIT: ["Transaction"],
};

function facts(text: string): Understood {
  const word = text.trim().split(/\s/)[0]!.toUpperCase();
  return {
    understood: true,
    kind: word,
    effects: effectsOf[word] ?? [],
    relations: [],
    functions: [],
    writes: [],
    outputs: null,
    predicates: [],
    flows: [],
    settings: [],
    takesSnapshot: true,
    changesCatalog: false,
    changesResolution: false,
    ...(word === "COMMIT" && { transaction: { do: "commit", chain: false } as const }),
    ...(word === "COPY" && {
      copy: {
        direction: "in",
        place: "client",
        format: "text",
        delimiter: "\t",
        nullText: "\\N",
        quote: '"',
        escape: '"',
        header: false,
        encoding: null,
        forceQuote: [],
        types: [],
      } as const,
    }),
  };
}

const analyses = {
  witnessed: new WeakSet(),
  known: () => null,
  analyze(bytes: Buffer) {
    const text = bytes.toString();
    let at = 0;
    const statements = text.split(";").map((part) => {
      const startByte = at;
      at += Buffer.byteLength(part) + 1;
      return {
        facts: facts(part),
        startByte,
        endByte: at - 1,
        fingerprint: "00",
        normalized: part.trim(),
        sessionDependent: false,
      };
    });
    return { statements: statements.filter((statement) => statement.normalized !== "") };
  },
} as unknown as AnalysisCache;

export const denying = (...effects: EffectKind[]): PolicySet => {
  const guard: Guard = {
    name: "no",
    effects,
    filter: null,
    rowsOver: null,
    action: "Deny",
    message: "Not here.",
    approval: null,
  };
  return {
    version: `deny ${effects.join(" ")}`,
    databases: [],
    policies: [
      {
        name: "shop/rules",
        scope: "Namespace",
        namespaces: null,
        databases: null,
        mode: "Enforce",
        subjects: [],
        when: null,
        classify: [],
        mask: [],
        exempt: [],
        safeFunctions: [],
        predicates: null,
        whereNothingMatches: "Refuse",
        guards: [guard],
        budgets: [],
        detect: [],
        approval: null,
        audit: { onFailure: null, durability: "Process" },
        onStale: null,
      },
    ],
  };
};

export const nothingMatches: PolicySet = { version: "none", databases: [], policies: [] };

export interface Session {
  readonly gate: Gate;
  policies: PolicySet;
  writable: boolean;
}

/** A session whose catalogue is known not to be loadable: what the tests here decide needs none. */
export function session(policies: PolicySet): Session {
  const state: Omit<Session, "gate"> = { policies, writable: true };
  let count = 0;
  const principal: Principal = {
    kind: "Service",
    name: "app",
    issuer: "configuration",
    groups: [],
    assurance: "L0",
    login: "app",
  };
  const gate = new Gate({
    session: "s",
    database: "shop/orders",
    serverDatabase: "orders",
    tls: false,
    nonce: "nonce",
    identityScope: "Session",
    pinned: null,
    pooler: "None",
    backendPid: 7,
    serverMajor: 18,
    maskKeys: null,
    principal,
    identity: lasting(principal),
    context: { environment: "test", cluster: "test", application: null, clientAddress: "127.0.0.1" },
    policies: () => state.policies,
    catalogs: new CatalogStore(),
    books: new ClassBooks(),
    analyses,
    digest: () => "digest",
    clock: { nowMs: () => Number.NEGATIVE_INFINITY, monotonicUs: () => 0 },
    random: { bytes: (size) => Buffer.alloc(size, ++count) },
    auditWritable: () => state.writable,
    parameters: new Map([
      ["client_encoding", "UTF8"],
      ["standard_conforming_strings", "on"],
    ]),
    limits: { frameBytesMax: 1 << 20, waitingBytesMax: 1 << 20, probeEveryMs: 1000 },
  });
  return Object.assign(state, { gate });
}

/** Effects as short words: `record decision allow`, `forward decided Q`, `reply E`. */
export function words(effects: readonly Effect[]): string[] {
  return effects.map((effect) => {
    switch (effect.do) {
      case "record":
        return effect.event.event === "decision"
          ? `record decision ${effect.event.verdict}`
          : effect.event.event === "outcome"
            ? `record outcome ${effect.event.status}`
            : `record ${effect.event.event}`;
      case "forward":
        return `forward ${effect.permit.kind} ${types(effect.bytes)}`;
      case "reply":
        return `reply ${types(effect.bytes)}`;
      case "end":
        return `end ${effect.sqlstate}`;
      default:
        return effect.do;
    }
  });
}

function types(buffer: Buffer): string {
  let at = 0;
  let found = "";
  while (at < buffer.length) {
    found += String.fromCharCode(buffer[at]!);
    at += 1 + buffer.readUInt32BE(at + 1);
  }
  return found;
}

export const forwarded = (effects: readonly Effect[]): string =>
  effects.flatMap((effect) => (effect.do === "forward" ? [effect.bytes.toString("latin1")] : [])).join("");
