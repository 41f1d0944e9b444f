// A decision with its outcome as one row of `statements`.
import { listOf, type Members, membersOf, numberOr, type ReadRecord, textOr } from "./evidence-records.ts";
import type { Cell, Row } from "./row.ts";

/** What ended a statement; null while no outcome is in the evidence. */
export type Outcome = Pick<ReadRecord, "id" | "json" | "weir"> | null;

export const placeColumns = ["cluster", "environment", "namespace", "workload", "instance"] as const;
export const whoColumns = [
  ...["principal", "kind", "issuer", "login", "assurance", "groups", "serviceAccount", "client", "actingFor"],
] as const;

export const statementColumns = [
  ...["id", "time", ...placeColumns, "session", "statement", "step", "database", "serverDatabase", ...whoColumns],
  ...["address", "verdict", "rules", "reason", "sqlstate", "effects", "tables", "written", "understood", "unfiltered"],
  ...["schemaChange", "status", "rows", "maskedCells", "policyVersion", "fingerprint", "text", "outcomeId"],
] as const;

/** Where and who, as decisions and sessions have them alike. */
export function contextCells({ json, weir }: Pick<ReadRecord, "json" | "weir">): Row {
  const place = membersOf(weir.place);
  const user = membersOf(membersOf(json.actor).user ?? json.user);
  const who = membersOf(weir.who);
  const name = textOr(user.name);
  const uid = textOr(user.uid);
  const known = uid !== null;
  return {
    ...Object.fromEntries(placeColumns.map((column) => [column, textOr(place[column]) ?? ""])),
    principal: known ? name : null,
    kind: textOr(user.type),
    issuer: known && name !== null && uid.endsWith(`/${name}`) ? uid.slice(0, -name.length - 1) : null,
    login: textOr(membersOf(user.account).name),
    assurance: textOr(who.assurance) ?? "none",
    groups: texts(who.groups),
    serviceAccount: textOr(who.service_account),
    client: textOr(who.client),
    actingFor: listOf(who.acting_for).map((each) => textOr(membersOf(membersOf(each).user).name) ?? "further"),
    address: addressOf(membersOf(json.src_endpoint)),
  };
}

/** Effects that change what the database is, beside what it holds. */
const schemaEffects: readonly string[] = ["Create", "Alter", "Drop", "Grant"];

export function statementRow(decision: ReadRecord, outcome: Outcome): Row {
  const { json, weir } = decision;
  const facts = membersOf(decision.facts);
  const effects = texts(facts.effects);
  const query = membersOf(json.query_info);
  const written = listOf(facts.writes).map((write) => relationName(membersOf(membersOf(write).relation)));
  return {
    id: decision.id,
    time: decision.timeMs,
    ...contextCells(decision),
    session: textOr(weir.session),
    statement: numberOr(weir.statement),
    step: textOr(weir.step),
    database: textOr(membersOf(json.database).name),
    serverDatabase: textOr(membersOf(weir.claims).database),
    verdict: verdictOf(weir),
    rules: listOf(weir.rules).map(ruleName),
    reason: textOr(json.status_detail),
    sqlstate: outcomeText(outcome, "status_code") ?? textOr(json.status_code),
    effects,
    tables: distinct(listOf(facts.relations).map((relation) => relationName(membersOf(relation)))),
    written: distinct(written),
    understood: facts.understood === true,
    unfiltered: listOf(facts.writes).some((write) => isUnfiltered(membersOf(write))),
    schemaChange: effects.some((effect) => schemaEffects.includes(effect)),
    status: outcomeText(outcome, "status") ?? "open",
    rows: outcome === null ? null : numberOr(outcome.weir.rows),
    maskedCells: outcome === null ? null : numberOr(outcome.weir.masked_cells),
    policyVersion: textOr(membersOf(json.policy).version),
    fingerprint: textOr(query.uid),
    text: textOr(query.query_string),
    outcomeId: outcome?.id ?? null,
  };
}

/** `mask` for what is allowed with masks. */
function verdictOf(weir: Members): string | null {
  return weir.verdict === "allow" && listOf(weir.masks).length > 0 ? "mask" : textOr(weir.verdict);
}

function isUnfiltered({ effect, filter }: Members): boolean {
  return effect === "Truncate" || ((effect === "Update" || effect === "Delete") && filter === "Missing");
}

function outcomeText(outcome: Outcome, member: string): string | null {
  return outcome === null ? null : textOr(outcome.json[member]);
}

function ruleName(rule: unknown): string {
  const { policy, rule: name } = membersOf(rule);
  return `${textOr(policy)}/${textOr(name)}`;
}

export function relationName({ schema, name }: Members): string {
  return `${textOr(schema) ?? "?"}.${textOr(name) ?? "?"}`;
}

export function texts(value: unknown): readonly string[] {
  return listOf(value).filter((each) => typeof each === "string");
}

export function distinct(names: readonly string[]): readonly string[] {
  return [...new Set(names)];
}

function addressOf({ ip, port, name }: Members): Cell {
  const host = textOr(ip) ?? textOr(name);
  return host === null || typeof port !== "number"
    ? host
    : host.includes(":")
      ? `[${host}]:${port}`
      : `${host}:${port}`;
}
