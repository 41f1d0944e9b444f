// COPY ... FROM STDIN changes what the client's next frames mean, so nothing that follows is judged before the server has said
// whether it now reads data.
import type { Statement } from "../sql/facts.ts";
import type { Core } from "./core.ts";
import type { Owed } from "./model.ts";

function mayStartCopy(statement: Statement): boolean {
  const { facts } = statement;
  return !facts.understood || (facts.copy?.direction === "in" && facts.copy.place === "client");
}

/** Holds when a part of `asked` from position `from` on may start COPY IN. An Execute is followed by a Flush, so that its reply comes. */
export function holdForCopy(core: Core, asked: Owed, from: number): void {
  const may = asked.parts.slice(from).some((part) => part.run !== null && mayStartCopy(part.run.statement));
  if (!may) return;
  if (asked.asked === "execute") core.flush();
  core.hold({
    why: "copy start",
    until: () => core.copyIn !== null || !core.owed.some((entry) => entry === asked),
    resume: () => {},
  });
}
