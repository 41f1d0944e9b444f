// The server's word that no column of the database has a class: asked in front of a statement that masks would stop or change, and good
// for that statement only. Then nothing is protected and the masks are lifted for it (policy/nothing-protected.ts).
import { CLAIMED_MAX, claimedColumns } from "../catalog/claim-query.ts";
import type { CatalogQuery } from "../catalog/queries.ts";
import { reachQuery } from "../catalog/reach-query.ts";
import type { Decision, Refusal } from "../policy/decision.ts";
import type { Clear } from "../policy/lifting.ts";
import { isClaimed } from "../policy/nothing-protected.ts";
import type { PolicySet } from "../policy/rules.ts";
import { runsUnreadCode } from "../policy/unread-code.ts";
import type { Facts, Statement, Understood } from "../sql/facts.ts";
import type { Core } from "./core.ts";
import type { Errand, ErrandRow } from "./errand.ts";
import { judgeInOrder } from "./judge.ts";
import { askServer, cancelIn, frontOf, isFixed, isolationQuery, mayAsk } from "./own-queries.ts";

/** The server's word is for one batch, and no client may keep a batch open to use it later. */
const GOOD_FOR_MS = 200;

export class AllClear {
  #policies: PolicySet | null = null;
  #word: Clear = "unconfined";
  #untilMs = 0;
  #said = 0;

  /** What the server said in front of what is decided now, if nothing has run since. */
  word({ policies, options }: Core): Clear | null {
    return this.#policies === policies && options.clock.nowMs() <= this.#untilMs ? this.#word : null;
  }

  holds(core: Core): boolean {
    return this.word(core) !== null;
  }

  /** What is decided on the server's word stands on that word alone. */
  get basis(): string {
    return `all clear ${this.#said}`;
  }

  said({ policies, options }: Core, word: Clear): void {
    this.#policies = policies;
    this.#word = word;
    this.#untilMs = options.clock.nowMs() + GOOD_FOR_MS;
    this.#said += 1;
  }

  /** Something runs, or a batch begins or ends. */
  over(): void {
    this.#policies = null;
  }
}

/** Asks whether any column has a class, where policies let that matter, and goes on when it is known. */
export function askAllClear(core: Core, then: (cancelled: Refusal | null) => void): void {
  const { lifting } = core.standing.governed(core.policies);
  const { columns, standing } = core.standing.claims(core.policies);
  if (lifting === "Refuse" || columns === null || !core.options.books.areEmpty) return then(null);
  const queries: Asked = [
    ["columns", columns],
    ...(lifting === "AllowConfined" ? ([["reach", reachQuery]] as const) : []),
    ...(core.transaction === "I" ? [] : ([["isolation", isolationQuery]] as const)),
    ...(core.transaction === "I" || standing === null ? [] : ([["standing", standing]] as const)),
  ];
  let answer: Errand | null = null;
  core.hold({ why: "errand", until: () => answer !== null, resume: () => then(cancelIn(answer!)) });
  const texts = queries.map(([, query]) => query);
  askServer(core, texts, (errand) => {
    if (!errand.failed) heard(core, Object.fromEntries(queries.map(([name], i) => [name, errand.results[i]!])));
    answer = errand;
  });
}

type Question = "columns" | "reach" | "isolation" | "standing";
type Asked = readonly (readonly [Question, CatalogQuery])[];

function heard(core: Core, answers: Partial<Record<Question, readonly ErrandRow[]>>): void {
  const { columns = [], reach, isolation, standing } = answers;
  const isNamed = (standing?.length ?? 0) > 0 || columns.length >= CLAIMED_MAX;
  const claimed = isNamed || isClaimed(core.policies, core.standing.database, claimedColumns(columns));
  // What is known says that there are none: it is older than this answer.
  if (claimed) core.options.catalogs.invalidate();
  else if (standing !== undefined || !isFixed(core, isolation))
    core.allClear.said(core, reach?.length === 0 ? "confined" : "unconfined");
}

/** In front of statements of one message that only masks stand against: asks whether anything is protected at all. */
export function confirm(
  core: Core,
  statements: readonly Statement[],
  cancelled: Refusal | null,
  then: (cancelled: Refusal | null) => void,
): void {
  if (statements.length === 0 || cancelled !== null || core.allClear.holds(core)) return then(cancelled);
  const ends = core.unseen && statements.some(({ facts }) => endsUnseen(facts));
  const goOn = (refused: Refusal | null) => {
    // What is left for the end may tell what is protected by now.
    if (ends && !core.allClear.holds(core)) core.touched = true;
    then(refused);
  };
  if (!mayAsk(core, frontOf(statements)) || !(ends || judgeInOrder(core, statements).some(isUnconfirmed)))
    return goOn(cancelled);
  askAllClear(core, goOn);
}

function isUnconfirmed({ decision }: { readonly decision: Decision }): boolean {
  return decision.masksWere === "unconfirmed";
}

/** Runs no query and no code, and sends no rows. */
export function isInert(facts: Facts): boolean {
  if (!facts.understood || facts.takesSnapshot || runsUnreadCode(facts)) return false;
  return facts.outputs === null && facts.copy === undefined && facts.kind !== "CALL" && facts.name === undefined;
}

/**
 * A setting shows nothing by itself, and its session ends when something is protected, so what is known is word enough: in front of it
 * no transaction may have a snapshot yet.
 */
export function wordForSetting(core: Core, facts: Facts): Clear | null {
  if (!isInert(facts) || !facts.understood || facts.settings.length === 0) return null;
  if (core.standing.governed(core.policies).lifting !== "Allow") return null;
  return core.book?.isEmpty === true && core.options.books.areEmpty ? "unconfined" : null;
}

/** BEGIN, SET, ALTER DATABASE and the like: what follows in the same string finds what was there in front of it. */
export function keepsClear(facts: Facts): boolean {
  if (!facts.understood || facts.changesCatalog || runsUnreadCode(facts)) return false;
  return facts.outputs === null && [...facts.relations, ...facts.functions, ...facts.writes].length === 0;
}

/** A statement without masks runs: what it may leave in the session, messages that tell values or triggers that do not fire, and in the transaction. */
export function noteLifted(core: Core, facts: Facts): void {
  const runsUnseen = !facts.understood || runsUnreadCode(facts) || firesTriggers(core, facts);
  core.unseen ||= runsUnseen;
  core.loose ||= runsUnseen || (facts.understood && (facts.settings.length > 0 || facts.kind === "LOAD"));
}

function firesTriggers({ book }: Core, facts: Understood): boolean {
  return facts.writes.length > 0 && (book === null || book.runsUnseen(facts));
}

/** The end of a transaction runs what such code has left for it. */
export function endsUnseen(facts: Facts): boolean {
  const end = facts.understood ? facts.transaction?.do : undefined;
  return end === "commit" || end === "prepare" || (facts.understood && facts.kind === "SET CONSTRAINTS");
}

/** A session of which that is so does not go on once something is protected; true when it has ended here. */
export function endsLoose(core: Core): boolean {
  if (!core.loose || (core.options.books.areEmpty && core.book?.isEmpty !== false)) return false;
  core.endSession(
    "57P01",
    "weir: this session ends, because data is protected now that was not when it ran code that nobody has read: connect again",
  );
  return true;
}
