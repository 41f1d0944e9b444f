// The encoded context of each session, kept while it does not change. Bounded: the oldest goes, and is encoded again when needed.
import type { DecisionEvent, SessionEvent } from "./event.ts";
import { contextOf, type RecordContext } from "./record-context.ts";

type Speaker = Pick<
  DecisionEvent | SessionEvent,
  "session" | "principal" | "database" | "client" | "application" | "serverDatabase"
>;

interface Kept {
  readonly speaker: Speaker;
  readonly context: RecordContext;
}

export class SessionContexts {
  private readonly kept = new Map<string, Kept>();
  private readonly max: number;

  constructor(max: number) {
    this.max = max;
  }

  of(event: Speaker): RecordContext {
    const known = this.kept.get(event.session);
    if (known !== undefined && same(known.speaker, event)) return known.context;
    const { session, principal, database, client, application, serverDatabase } = event;
    const context = contextOf(event);
    if (known === undefined && this.kept.size >= this.max) this.kept.delete(this.kept.keys().next().value!);
    this.kept.set(session, { speaker: { session, principal, database, client, application, serverDatabase }, context });
    return context;
  }

  forget(session: string): void {
    this.kept.delete(session);
  }
}

function same(a: Speaker, b: Speaker): boolean {
  return (
    a.principal === b.principal &&
    a.database === b.database &&
    a.client === b.client &&
    a.application === b.application &&
    a.serverDatabase === b.serverDatabase
  );
}
