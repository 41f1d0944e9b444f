// XML constructors: everything they are made of is in the result.
import { list, type Node } from "../node.ts";
import { castValue } from "./calls.ts";
import { noteFailure } from "./collector.ts";
import { evaluate, evaluateAll } from "./expression.ts";
import { derive, deriveAll } from "./label.ts";
import type { Scope } from "./scope.ts";
import { BOOL, TEXT, typeNamed, XML } from "./types.ts";
import { computed, type Value } from "./value.ts";
import type { Walk } from "./walk.ts";

/** They fail with what is no XML. */
const parsing: ReadonlySet<string> = new Set(["IS_XMLPARSE", "IS_XMLPI", "IS_XMLROOT"]);

/** null for a node of another sort. */
export function evaluateXml(walk: Walk, scope: Scope, kind: string, node: Node): Value | null {
  switch (kind) {
    case "XmlExpr": {
      const named = list(node.named_args).map((argument) => evaluate(walk, scope, argument.ResTarget.val));
      const values = [...named, ...evaluateAll(walk, scope, node.args)];
      const label = deriveAll(values.map((value) => value.lineage));
      if (parsing.has(node.op)) noteFailure(walk, label);
      return computed(label, node.op === "IS_DOCUMENT" ? BOOL : XML);
    }
    case "XmlSerialize": {
      const text = computed(derive(evaluate(walk, scope, node.expr).lineage), TEXT);
      noteFailure(walk, text.lineage);
      return castValue(walk, text, typeNamed(walk, node.typeName).oid);
    }
    default:
      return null;
  }
}
