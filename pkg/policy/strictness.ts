// Which of several methods hides more (invariant 8). The join is commutative, associative and never looser than its parts.
import type { MaskMethod, MethodName } from "./decision.ts";

/** Higher hides more; methods of one rank cannot be compared with each other. */
const ranks: Readonly<Record<MethodName, number>> = {
  Null: 8,
  Default: 7,
  Redact: 6,
  Token: 5,
  Encrypt: 4,
  Fake: 3,
  Bucket: 2,
  Round: 2,
  TruncateDate: 2,
  ShiftDate: 2,
  Partial: 1,
};

export function rankOf(method: MethodName): number {
  return ranks[method];
}

/**
 * The strictest of at least one method. Two that cannot be compared give `Default`, also when a stricter one below `Default` is
 * among the others: otherwise adding a policy could loosen.
 */
export function strictest(methods: readonly MaskMethod[]): MaskMethod {
  const sorted = [...methods].sort(byStrictness);
  const first = sorted[0]!;
  if (rankOf(first.method) >= ranks.Default || !sorted.some((each, i) => i > 0 && conflict(sorted[i - 1]!, each)))
    return first;
  return { ...first, method: "Default", parameters: {} };
}

function conflict(left: MaskMethod, right: MaskMethod): boolean {
  if (ranks[left.method] !== ranks[right.method]) return false;
  return left.method !== right.method || parametersOf(left) !== parametersOf(right);
}

function byStrictness(left: MaskMethod, right: MaskMethod): number {
  return ranks[right.method] - ranks[left.method] || compare(nameOf(left), nameOf(right));
}

function nameOf({ method, parameters, rule, class: name }: MaskMethod): string {
  return `${method}\0${JSON.stringify(sortedEntries(parameters))}\0${rule.policy}\0${name}`;
}

function parametersOf(method: MaskMethod): string {
  return JSON.stringify(sortedEntries(method.parameters));
}

function sortedEntries(record: MaskMethod["parameters"]): readonly (readonly [string, unknown])[] {
  return Object.entries(record).sort(([left], [right]) => compare(left, right));
}

export function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
