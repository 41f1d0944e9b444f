// Options in DefElems, as every grammar of PostgreSQL 14 to 18 writes them.
import { NotKnown } from "../lineage/walk.ts";
import { list, type Node, text } from "../node.ts";

export interface Option {
  readonly name: string;
  /** The wrapped node, undefined for an option without a value. */
  readonly value: Node;
}

export function optionsOf(nodes: Node): readonly Option[] {
  return list(nodes).map(({ DefElem }) => {
    if (DefElem === undefined) throw new NotKnown("option of an unknown kind");
    return { name: DefElem.defname ?? "", value: DefElem.arg };
  });
}

/** A value that is a text, a number or a boolean, as text; null for any other. */
export function optionText(value: Node): string | null {
  if (value === undefined) return null;
  if (value.Integer !== undefined) return String(value.Integer.ival ?? 0);
  if (value.Boolean !== undefined) return String(value.Boolean.boolval === true);
  if (value.Float !== undefined) return value.Float.fval ?? value.Float.str ?? "";
  return text(value);
}

/** defGetBoolean (commands/define.c): an option without a value is on. What the server would refuse ends the analysis. */
export function optionBoolean(value: Node): boolean {
  if (value === undefined) return true;
  const word = optionText(value)?.toLowerCase();
  if (word === "true" || word === "on" || word === "1") return true;
  if (word === "false" || word === "off" || word === "0") return false;
  throw new NotKnown("option that is neither on nor off");
}
