// One statement's walk through the tree: what it is judged against, what was found so far, and how much work is left.
import type { Snapshot } from "../../catalog/snapshot.ts";
import type { AnalysisContext } from "../analyze.ts";
import type { Absent } from "../facts.ts";
import type { Grammar } from "../grammar.ts";
import type { CallMemory, SnapshotMemory } from "../memory.ts";
import type { Node } from "../node.ts";
import type { Collector } from "./collector.ts";
import type { Value } from "./value.ts";
import type { CommonTable } from "./with.ts";

const depthMax = 700;
const workMax = 400_000;

export interface Parameters {
  readonly functionName: string;
  readonly byName: ReadonlyMap<string, Value>;
}

export interface Walk {
  readonly grammar: Grammar;
  readonly context: AnalysisContext;
  /** null without a catalogue, or without knowing how names resolve: then every relation is open. */
  readonly catalog: Snapshot | null;
  readonly memory: SnapshotMemory | null;
  /** What calls mean under `context.resolution`. */
  readonly calls: CallMemory | null;
  readonly found: Collector;
  /** Of the SQL function whose body this is. */
  readonly parameters: Parameters | null;
  /** Inside a view's definition or a function's body: conditions are not the statement's own. */
  readonly inside: "view" | "function" | null;
  /** Only asked whether something in it may fail (total.ts). */
  readonly probing: boolean;
  /** Names of the first columns of scalar subqueries met so far. */
  readonly sublinkNames: Map<Node, string | null>;
  /** WITH queries whose bodies are being analysed, the innermost last. */
  readonly running: CommonTable[];
  /** Objects being expanded, so that none expands itself. */
  readonly expanding: readonly number[];
  depth: number;
  work: number;
}

/** Ends the analysis of a statement: it is not understood. `why` names kinds of nodes and things, never text of the statement. */
export class NotKnown extends Error {
  override readonly name = "NotKnown";
  readonly absent: Absent | undefined;

  constructor(why: string, absent?: Absent) {
    super(why);
    this.absent = absent;
  }
}

/** One level deeper; every recursive step calls it, and `leave` when it ends well. */
export function enter(walk: Walk): void {
  if (++walk.depth > depthMax) throw new NotKnown("nested too deeply");
  if (++walk.work > workMax) throw new NotKnown("too much to analyse");
}

export function leave(walk: Walk): void {
  walk.depth--;
}
