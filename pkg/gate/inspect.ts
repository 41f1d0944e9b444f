// Asking the server about a text before it runs: Parse and Describe under our own name. For the second witness, and for text that
// our grammar rejects or that names what is absent: the server's own error passes, what it accepts is refused.
import type { Refusal } from "../policy/decision.ts";
import { ownPermit } from "../policy/permit.ts";
import { encodeClose } from "../wire/postgres/close.ts";
import { encodeDescribe } from "../wire/postgres/describe.ts";
import { SYNC } from "../wire/postgres/empty-messages.ts";
import { encodeParse } from "../wire/postgres/parse.ts";
import { encodeReadyForQuery } from "../wire/postgres/ready-for-query.ts";
import { absenceFrames } from "./absence.ts";
import type { Core } from "./core.ts";
import { testify } from "./descriptions.ts";
import { Errand } from "./errand.ts";
import { decided, recordDecision, recordOutcome } from "./events.ts";
import type { Judged } from "./model.ts";
import { cancelledByUser } from "./own-queries.ts";
import { witnessRefusal } from "./witness.ts";

/** A result of stored columns under a mask is described first, once per text, catalogue and resolution. */
export function wantsInspection(core: Core, judged: Judged): boolean {
  const { decision, statement } = judged;
  const { facts } = statement;
  if (decision.verdict !== "allow" || !decision.witness || !facts.understood) return false;
  if (facts.outputs === null || facts.copy !== undefined || facts.name?.do === "fetch") return false;
  if (core.options.analyses.witnessed.has(facts)) return false;
  return facts.relations.some(
    (relation) => relation.schema !== "pg_catalog" && relation.schema !== "information_schema",
  );
}

/** Describes a Query's one statement, then goes on, or refuses when the server contradicts the analysis. */
export function inspect(
  core: Core,
  text: Buffer,
  judged: Judged,
  go: () => void,
  refuse: (refusal: Refusal) => void,
): void {
  ask(core, text, judged, (errand) => {
    if (errand.error?.get("C") === "57014") return refuse(cancelledByUser);
    if (errand.error !== null) return relayError(core, errand);
    const why = contradictionOf(core, judged, errand);
    if (why !== null) return refuse(witnessRefusal(why));
    core.options.analyses.witnessed.add(judged.statement.facts);
    go();
  });
}

/** What differs between the server's description and the decision on it; null when nothing does. */
export function contradictionOf(
  core: Core,
  judged: Judged,
  errand: { readonly fields: Errand["fields"] },
): string | null {
  const { decision, statement } = judged;
  if (decision.verdict !== "allow" || !decision.witness || errand.fields === null) return null;
  return testify(statement.facts, decision, errand.fields, core.book);
}

/** Text that is not understood: what the server rejects in analysis is answered with the server's own error. */
export function inspectUnparsed(core: Core, text: Buffer, judged: Judged, refuse: () => void): void {
  const number = core.nextNumber();
  // Only what runs nothing of it is sent: that is allowed, whatever becomes of the statement itself.
  const inspected = {
    ...decided(core, "inspect", { ...judged, number }, text),
    verdict: "allow",
    sqlstate: null,
  } as const;
  core.record({ ...inspected, rules: [], reason: whyUnknown(judged) });
  const absence = absenceFrames(core, judged.statement.facts);
  // No Describe: the server crashes when it describes an EXECUTE that leads back to itself.
  const frames = absence === null ? lookFrames(core, text, []) : absence.frames;
  const isTold = absence === null ? (errand: Errand) => errand.error !== null : absence.isTold;
  look(core, frames, number, (errand) => (isTold(errand) ? relayError(core, errand) : refuse()));
}

function whyUnknown({ statement: { facts } }: Judged): string | null {
  return facts.understood ? null : facts.why;
}

function ask(core: Core, text: Buffer, judged: Judged, then: (errand: Errand) => void): void {
  const number = core.nextNumber();
  recordDecision(core, "inspect", { ...judged, number }, text);
  look(core, lookFrames(core, text, ["describeStatement"]), number, then);
}

type OwnFrames = Parameters<Core["run"]>[0];

function lookFrames(core: Core, text: Buffer, more: readonly "describeStatement"[]): OwnFrames {
  const name = core.names.next();
  return [
    { bytes: encodeParse(name, text, []), asked: "parse" },
    ...more.map((asked) => ({ bytes: encodeDescribe("S", name), asked })),
    { bytes: encodeClose("S", name), asked: "close" },
  ];
}

/** `number`: whose outcome it is. */
function look(core: Core, frames: OwnFrames, number: number, then: (errand: Errand) => void): void {
  let done: Errand | null = null;
  const errand = new Errand(frames.length + 1, (ended) => {
    recordOutcome(core, number, ended.error === null ? "completed" : "failed", ended.error?.get("C") ?? null);
    done = ended;
  });
  core.run([...frames, { bytes: SYNC, asked: "sync" }], ownPermit.inspect, errand);
  core.hold({ why: "errand", until: () => done !== null, resume: () => then(done!) });
}

/** The server rejected the text in analysis, before any row was read: its error is the answer to the client's Query. */
function relayError(core: Core, errand: Errand): void {
  core.reply(errand.errorFrame!);
  core.reply(encodeReadyForQuery(core.transaction));
}
