// XML constructors: everything they are made of is in the result.
import { list, type Node } from "../node.ts";
import { castValue } from "./calls.ts";
import { evaluate, evaluateAll } from "./expression.ts";
import { derive, deriveAll } from "./label.ts";
import type { Scope } from "./scope.ts";
import { BOOL, TEXT, typeNamed, XML } from "./types.ts";
import { computed, type Value } from "./value.ts";
import type { Walk } from "./walk.ts";

/** null for a node of another sort. */
export function evaluateXml(walk: Walk, scope: Scope, kind: string, node: Node): Value | null {
  switch (kind) {
    case "XmlExpr": {
      const named = list(node.named_args).map((argument) => evaluate(walk, scope, argument.ResTarget.val));
      const values = [...named, ...evaluateAll(walk, scope, node.args)];
      return computed(deriveAll(values.map((value) => value.lineage)), node.op === "IS_DOCUMENT" ? BOOL : XML);
    }
    case "XmlSerialize": {
      const text = computed(derive(evaluate(walk, scope, node.expr).lineage), TEXT);
      return castValue(walk, text, typeNamed(walk, node.typeName).oid);
    }
    default:
      return null;
  }
}
