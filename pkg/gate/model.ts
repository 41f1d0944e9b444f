// What the gate keeps about one session: statements, portals, what runs, and what stands beside each reply that is owed.
import type { Allow, Decision, Refusal } from "../policy/decision.ts";
import type { Identity } from "../principal/identity.ts";
import type { Principal } from "../principal/principal.ts";
import type { Undo } from "../session/names.ts";
import type { Asked } from "../session/owed.ts";
import type { OwnSetting, Statement } from "../sql/facts.ts";
import type { RowField } from "../wire/postgres/row-description.ts";
import type { Counting } from "./counted.ts";
import type { Errand } from "./errand.ts";

/** A statement with the decision on it. `number` is unique in the session; its records carry it. */
export interface Judged {
  readonly number: number;
  readonly statement: Statement;
  readonly decision: Decision;
}

/** One allowed statement on its way through the server. */
export interface Run {
  readonly number: number;
  readonly statement: Statement;
  /** Of a statement that makes a name: its own bytes, without its neighbours in the string. */
  readonly text: Buffer;
  readonly decision: Allow;
  readonly startedUs: number;
  rows: number;
  maskedCells: number;
  closed: boolean;
  /** What it does to the session's names is in our books. */
  named: boolean;
}

/** A frame of ours in the place of a refused one: recognised by its position and by `marker` in the server's message. */
export interface StandIn {
  /** null: the frame has no name to recognise it by, its SQLSTATE must do (FunctionCall of OID 0). */
  readonly marker: string | null;
  readonly sqlstate: string;
  readonly tell:
    | { readonly say: "refusal"; readonly refusal: Refusal }
    | { readonly say: "name"; readonly name: string };
  /** Whose outcome closes with it. */
  readonly number: number | null;
}

/** One statement of a Query string as it went upstream. */
export interface Part {
  readonly run: Run | null;
  /** false: ours (the ROLLBACK in front of a refused COMMIT); the client sees nothing of it. */
  readonly shown: boolean;
  readonly standIn: StandIn | null;
  /** It is meant for Weir. */
  readonly own?: OwnPart;
  /** Characters by which it stands further back than in the client's text; absent: 0. */
  readonly movedBy?: number;
}

export type OwnPart =
  /** The server shows another setting, whose name and value become these. */
  | { readonly do: "show"; readonly name: string; readonly value: string }
  /** null: the session's own identity again. */
  | { readonly do: "identify"; readonly identity: Identity | null; readonly local: boolean };

/** What a statement that is prepared, and meant for Weir, will need when it runs. */
export type OwnPrepared =
  | { readonly do: "show"; readonly what: OwnSetting }
  | { readonly do: "identify"; readonly local: boolean; readonly token: string | { readonly parameter: number } };

export interface Prepared {
  /** Text as sent, for judging it anew. */
  readonly text: Buffer;
  /** Parameter types as Parse declared them. */
  readonly types: readonly number[];
  /** Made by SQL PREPARE or DECLARE: the statement is the one inside `text`. */
  readonly inner: boolean;
  judged: Judged | null;
  /** The policy version and the knowledge that `judged` stands on. */
  basis: string;
  /** Set when the server's own description contradicts the lineage. */
  poison: Refusal | null;
  /**
   * Number of the Parse's decision while nothing has run under it. The first Execute under the same basis is the same decision
   * and closes it; one that never runs is closed when the statement goes.
   */
  unrun: number | null;
  readonly own?: OwnPrepared;
}

export interface Portal {
  readonly prepared: Prepared;
  judged: Judged | null;
  basis: string;
  fields: readonly RowField[] | null;
  described: boolean;
  /** Rows sent to the client so far. */
  rows: number;
  readonly hold: boolean;
  /** Who opened it. */
  readonly asker: Principal;
  poison: Refusal | null;
  /** What was bound as the token of an identity; "" for none. */
  readonly token?: string;
}

/** A frame sent upstream whose reply is owed. */
export interface Owed {
  readonly asked: Asked;
  /** Set when the frame is ours: nothing of its reply is shown. */
  readonly errand: Errand | null;
  readonly parts: readonly Part[];
  /** The part that runs now. */
  at: number;
  standIn: StandIn | null;
  readonly portal: Portal | null;
  readonly prepared: Prepared | null;
  /** Statement name of a Parse. */
  readonly name: string | null;
  readonly undo: Undo | null;
  /** Execute with a row limit of ours: rows that may still leave; null when the limit is the client's own. */
  readonly rowsLeft: number | null;
  /** The rows that its statement changes are counted: its replies are held back. */
  readonly counting: Counting | null;
  /** Ours, beside a Query of the client's: only the shape of its result and its errors are shown. */
  readonly silent: boolean;
}
