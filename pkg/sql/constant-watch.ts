// Whether a statement's facts depend on what its literals are. Every literal's value in the tree is put behind a proxy before the
// analysis, so that no code can look at one unnoticed: what the analysis does not ask for cannot have decided anything. Whether a number
// fits an integer, a bigint or neither, whether it is small, and whether a text has a backslash are its kind, not its value: texts that
// differ in it have different shapes (text-shape.ts).
import { NUMBER_TYPE, numberType } from "./lineage/number-type.ts";
import { isPlainText, PLAIN_TEXT, SMALL_NUMBER, smallNumber } from "./lineage/small-literal.ts";
import type { Node } from "./node.ts";
import { isOperand } from "./text-shape.ts";

export interface ConstantWatch {
  /** Byte offsets of the literals as the tree has them; of a signed number that of its sign. */
  readonly places: ReadonlySet<number>;
  /** Some literal's value was looked at. */
  readonly asked: boolean;
}

const QUOTE = 0x27;
const MINUS = 0x2d;
const POINT = 0x2e;

/** Changes `tree`, whose locations are byte offsets in `text`. Words that are constants (true, null, EXTRACT(year ...)) are no literals. */
export function watchConstants(tree: Node, text: Buffer): ConstantWatch {
  const watch = { places: new Set<number>(), asked: false };
  const ask = () => {
    watch.asked = true;
  };
  const waiting: Node[] = [tree];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (Array.isArray(node)) {
      for (const element of node) if (typeof element === "object" && element !== null) waiting.push(element);
      continue;
    }
    for (const key in node) {
      const value = node[key];
      if (typeof value !== "object" || value === null) continue;
      if (key !== "A_Const") waiting.push(value);
      else if (isLiteral(text, value.location)) {
        watch.places.add(value.location);
        const tellsSmall = isOperandAt(text, value.location);
        hide(value.val ?? value, { ask, tellsSmall });
      }
    }
  }
  return watch;
}

function isLiteral(text: Buffer, place: number | undefined): place is number {
  const byte = place === undefined || place < 0 ? undefined : text[place];
  return byte === QUOTE || byte === MINUS || byte === POINT || (byte !== undefined && byte >= 0x30 && byte <= 0x39);
}

/** `constant.ival` and its kin hold the value one level further in (PostgreSQL 14: `constant.val.Integer`). */
function hide(constant: Node, watched: Watched): void {
  for (const kind in constant) {
    const inner = constant[kind];
    if (typeof inner === "object" && inner !== null) constant[kind] = new Proxy(inner, asking(watched));
  }
}

interface Watched {
  readonly ask: () => void;
  /** The shape of its text holds whether it is small. */
  readonly tellsSmall: boolean;
}

/** A sign is an operator, too. */
function isOperandAt(text: Buffer, place: number): boolean {
  if (text[place] === MINUS) return true;
  let end = place;
  while (end < text.length && (text[end] === POINT || (text[end]! >= 0x30 && text[end]! <= 0x39))) end++;
  return isOperand(text, place, end);
}

function asking({ ask, tellsSmall }: Watched): ProxyHandler<Node> {
  return {
    get: (value, key) => {
      if (key === NUMBER_TYPE) return numberType(value.fval ?? value.str ?? "");
      if (key === SMALL_NUMBER) {
        if (!tellsSmall) ask();
        return smallNumber(value);
      }
      if (key === PLAIN_TEXT) return isPlainText(value);
      ask();
      return Reflect.get(value, key);
    },
    has: (value, key) => {
      ask();
      return Reflect.has(value, key);
    },
    ownKeys: (value) => {
      ask();
      return Reflect.ownKeys(value);
    },
    getOwnPropertyDescriptor: (value, key) => {
      ask();
      return Reflect.getOwnPropertyDescriptor(value, key);
    },
  };
}
