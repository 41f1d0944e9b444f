// What the next statement of a string is judged against: the one before may have changed how names resolve, or what a prepared
// statement or cursor of a name is.
import type { AnalysisContext } from "./analyze.ts";
import type { Facts, NameUse, Understood } from "./facts.ts";

const nothing = () => undefined;

export function contextAfter(before: AnalysisContext, facts: Facts): AnalysisContext {
  if (!facts.understood) return { ...unresolved(before), cursor: nothing };
  const context = changesNames(before, facts) ? unresolved(before) : before;
  return facts.name === undefined ? context : withName(context, facts.name);
}

/** Prepared statements are read anew when they run; an open cursor stays what it was opened for. */
function unresolved(before: AnalysisContext): AnalysisContext {
  return { ...before, snapshot: null, resolution: null, prepared: nothing };
}

function changesNames(
  before: AnalysisContext,
  { changesCatalog, changesResolution, transaction }: Understood,
): boolean {
  return changesCatalog || changesResolution || (before.unsettled === true && reverts(transaction));
}

/** The end of a transaction takes SET LOCAL with it, a rollback all that was set or made. */
export function reverts(transaction: Understood["transaction"]): boolean {
  switch (transaction?.do) {
    case "commit":
    case "rollback":
    case "rollback to":
    case "prepare":
      return true;
    default:
      return false;
  }
}

function withName(before: AnalysisContext, name: NameUse): AnalysisContext {
  switch (name.do) {
    case "prepare":
      return { ...before, prepared: (asked) => (asked === name.name ? name.statement : before.prepared(asked)) };
    case "declare":
      return { ...before, cursor: (asked) => (asked === name.name ? name.statement : before.cursor(asked)) };
    case "deallocate":
      return { ...before, prepared: without(name.name, before.prepared) };
    case "close":
      return { ...before, cursor: without(name.name, before.cursor) };
    case "discard":
      return { ...before, prepared: nothing, cursor: nothing };
    case "execute":
    case "fetch":
    case "move":
      return before;
    default:
      return name satisfies never;
  }
}

/** `name: null`: all of them are gone. */
function without(name: string | null, known: (name: string) => Facts | undefined): (name: string) => Facts | undefined {
  return name === null ? nothing : (asked) => (asked === name ? undefined : known(asked));
}
