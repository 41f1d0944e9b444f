// Rows of one result on their way to the client: which masker they pass, and how many may still leave.

import type { Snapshot } from "../catalog/snapshot.ts";
import { type CopyMasker, compileCopyMasker } from "../mask/copy-masker.ts";
import { compileRowMasker, type RowMasker } from "../mask/row-masker.ts";
import type { Field, MaskContext } from "../mask/types.ts";
import type { MaskPlan } from "../policy/decision.ts";
import type { CopyFacts } from "../sql/facts.ts";
import type { RowField } from "../wire/postgres/row-description.ts";
import { WireError } from "../wire/postgres/wire-error.ts";
import type { Core } from "./core.ts";
import type { Run } from "./model.ts";

export interface Flow {
  readonly run: Run;
  /** null: rows pass as slices of the read buffer. */
  readonly rows: RowMasker | null;
  readonly copy: CopyMasker | null;
  /** Rows that may still leave; Infinity without a limit. */
  left: number;
  /** COPY messages that are no rows: the header line, the binary trailer. */
  copyHeaderDue: boolean;
  /** Frames of this type are rows that pass unchanged and are only counted; null: each is looked at. */
  readonly plainType: number | null;
}

const DATA_ROW = 0x44;
const COPY_DATA = 0x64;

function maskContext(core: Core, snapshot: Snapshot | null): MaskContext {
  return { keys: core.options.maskKeys, types: (oid) => snapshot?.type(oid), serverMajor: core.options.serverMajor };
}

function snapshotOf(core: Core): Snapshot | null {
  return core.knowledge.view().snapshot ?? core.options.catalogs.current;
}

interface Compiled {
  readonly fields: readonly RowField[];
  /** Of the catalogue that told the types; null: none did. */
  readonly version: number | null;
  readonly rows: RowMasker;
}

/** The masker of the last result of each plan: a statement that runs again has the same columns. */
const compiled = new WeakMap<MaskPlan, Compiled>();

function rowMasker(core: Core, plan: MaskPlan, fields: readonly RowField[]): RowMasker | null {
  if (plan.columns === null) return null;
  const snapshot = snapshotOf(core);
  const version = snapshot?.version ?? null;
  const known = compiled.get(plan);
  if (known !== undefined && known.fields === fields && known.version === version)
    return known.rows.anew(core.remembersGiven());
  const rows = compileRowMasker(plan, fields.map(maskField), maskContext(core, snapshot));
  if (rows === null) return null;
  compiled.set(plan, { fields, version, rows });
  return rows.anew(core.remembersGiven());
}

export function openRowFlow(core: Core, run: Run, fields: readonly RowField[], left: number): Flow {
  const rows = rowMasker(core, run.decision.masks, fields);
  const plainType = rows === null && left === Number.POSITIVE_INFINITY ? DATA_ROW : null;
  return { run, rows, copy: null, left, copyHeaderDue: false, plainType };
}

function maskField(field: RowField): Field {
  if (field.format !== 0 && field.format !== 1)
    throw new WireError(`the server describes a column in format ${field.format}`);
  return { type: field.type, typmod: field.typmod, format: field.format };
}

/** COPY OUT has no RowDescription: types and options come from the facts. */
export function openCopyFlow(core: Core, run: Run, copy: CopyFacts | null, left: number): Flow {
  const masked = run.decision.masks.columns?.some((mask) => mask !== null) === true;
  const masker =
    masked && copy !== null ? compileCopyMasker(run.decision.masks, copy, maskContext(core, snapshotOf(core))) : null;
  if (masker !== null) core.remembersGiven();
  if (masked && masker === null) throw new Error("a masked COPY without its options cannot be rewritten");
  const isPlain = masker === null && left === Number.POSITIVE_INFINITY && copy !== null && copy.format !== "binary";
  const plainType = isPlain ? COPY_DATA : null;
  return { run, rows: null, copy: masker, left, copyHeaderDue: copy?.header === true, plainType };
}
