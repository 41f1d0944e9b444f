// SQL PREPARE, DEALLOCATE, DECLARE, CLOSE and DISCARD change the same names as the protocol's messages.
import type { Principal } from "../principal/principal.ts";
import type { Undo } from "../session/names.ts";
import type { Core } from "./core.ts";
import { closeUnrun } from "./events.ts";
import type { Portal, Prepared, Run } from "./model.ts";
import { wireName } from "./wire-name.ts";

/**
 * What a statement does to the session's names. Of an Execute when it is sent, so that later frames of the pipeline see it, and undone
 * when the server skips or refuses it; of a Query when it has ended, because nothing is judged before.
 */
export function learnNames(core: Core, run: Run): Undo | null {
  run.named = true;
  const { facts } = run.statement;
  const name = facts.understood ? facts.name : undefined;
  if (name === undefined) return null;
  switch (name.do) {
    case "prepare":
      return core.statements.set(wireName(name.name), inner(run, name.statement));
    case "declare":
      return core.portals.set(wireName(name.name), cursor(run, name.statement, name.hold, core.who.principal));
    case "deallocate":
      return forgetStatements(core, name.name === null ? null : wireName(name.name));
    case "close":
      return name.name === null ? core.portals.clear() : core.portals.drop(wireName(name.name));
    case "discard":
      return both(forgetStatements(core, null), core.portals.clear());
    case "execute":
    case "fetch":
    case "move":
      return null;
    default:
      return name satisfies never;
  }
}

function both(first: Undo, second: Undo): Undo {
  return () => {
    second();
    first();
  };
}

function forgetStatements(core: Core, name: string | null): Undo {
  for (const prepared of name === null ? core.statements.values() : [core.statements.get(name)])
    closeUnrun(core, prepared);
  return name === null ? core.statements.clear() : core.statements.drop(name);
}

function inner(run: Run, facts: Run["statement"]["facts"]): Prepared {
  const statement = { ...run.statement, facts };
  return {
    text: Buffer.from(run.text),
    types: [],
    inner: true,
    judged: { number: run.number, statement, decision: run.decision },
    basis: "",
    poison: null,
    unrun: null,
  };
}

function cursor(run: Run, facts: Run["statement"]["facts"], hold: boolean, asker: Principal): Portal {
  const prepared = inner(run, facts);
  return {
    prepared,
    judged: prepared.judged,
    basis: prepared.basis,
    fields: null,
    described: false,
    rows: 0,
    hold,
    asker,
    poison: null,
  };
}
