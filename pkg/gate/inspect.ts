// Asking the server about a text before it runs: Parse and Describe under our own name. For the second witness, and for text that
// our grammar rejects: the server's own syntax error passes, what it accepts is refused.
import type { Refusal } from "../policy/decision.ts";
import { ownPermit } from "../policy/permit.ts";
import { encodeClose } from "../wire/postgres/close.ts";
import { encodeDescribe } from "../wire/postgres/describe.ts";
import { SYNC } from "../wire/postgres/empty-messages.ts";
import { encodeParse } from "../wire/postgres/parse.ts";
import { encodeReadyForQuery } from "../wire/postgres/ready-for-query.ts";
import type { Core } from "./core.ts";
import { testify } from "./descriptions.ts";
import { Errand } from "./errand.ts";
import { decided, recordDecision, recordOutcome } from "./events.ts";
import type { Judged } from "./model.ts";
import { cancelledByUser } from "./refresh.ts";
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
  // Only Parse is sent, which runs nothing: that is allowed, whatever becomes of the statement itself.
  const inspected = {
    ...decided(core, "inspect", { ...judged, number }, text),
    verdict: "allow",
    sqlstate: null,
  } as const;
  core.record({ ...inspected, rules: [], reason: whyUnknown(judged) });
  describe(core, text, number, (errand) => (errand.error === null ? refuse() : relayError(core, errand)));
}

function whyUnknown({ statement: { facts } }: Judged): string | null {
  return facts.understood ? null : facts.why;
}

function ask(core: Core, text: Buffer, judged: Judged, then: (errand: Errand) => void): void {
  const number = core.nextNumber();
  recordDecision(core, "inspect", { ...judged, number }, text);
  describe(core, text, number, then);
}

/** `number`: whose outcome it is. */
function describe(core: Core, text: Buffer, number: number, then: (errand: Errand) => void): void {
  const name = core.names.next();
  let done: Errand | null = null;
  const errand = new Errand(4, (ended) => {
    recordOutcome(core, number, ended.error === null ? "completed" : "failed", ended.error?.get("C") ?? null);
    done = ended;
  });
  core.run(
    [
      { bytes: encodeParse(name, text, []), asked: "parse" },
      { bytes: encodeDescribe("S", name), asked: "describeStatement" },
      { bytes: encodeClose("S", name), asked: "close" },
      { bytes: SYNC, asked: "sync" },
    ],
    ownPermit.inspect,
    errand,
  );
  core.hold({ why: "errand", until: () => done !== null, resume: () => then(done!) });
}

/** The server rejected the text in analysis, before any row was read: its error is the answer to the client's Query. */
function relayError(core: Core, errand: Errand): void {
  core.reply(errand.errorFrame!);
  core.reply(encodeReadyForQuery(core.transaction));
}
