// A masked value that comes back from the client is not stored over the real one: texts that masks write can be told by themselves
// (markers, tokens with a keyed check), others by the memory of what this session was given.

import { BYTES_MIN } from "../mask/given-values.ts";
import type { MaskKeys } from "../mask/keys.ts";
import { MaskedValues } from "../mask/recognise.ts";
import type { Refusal, StoredColumn } from "../policy/decision.ts";
import type { Statement } from "../sql/facts.ts";
import type { StoredValue } from "../sql/stored-values.ts";
import { decodeBegunBind, decodeBind } from "../wire/postgres/bind.ts";
import type { Core } from "./core.ts";
import type { Judged, Prepared } from "./model.ts";

const known = new WeakMap<MaskKeys, MaskedValues>();
const markersOnly = new MaskedValues(null);

/** Why a statement that assigns masked columns is refused for one of its literals; null when it is not. COPY FROM has no values yet. */
export function writesBack(core: Core, { decision, statement }: Judged, text: Buffer): Refusal | null {
  if (decision.verdict !== "allow" || decision.stores.length === 0) return null;
  if (copiesIn(statement)) return core.given === null ? null : copied(decision.stores[0]!);
  const own = text.subarray(statement.startByte, statement.endByte).toString("utf8");
  return firstOf(core, decision.stores, core.options.analyses.storedValues(own), []);
}

/** The same for the parameters of a Bind; of one that is not whole yet, because it is large, those at its beginning are known. */
export function bindsBack(core: Core, frame: Buffer, prepared: Prepared, judged: Judged | null): Refusal | null {
  if (judged === null || judged.decision.verdict !== "allow" || judged.decision.stores.length === 0) return null;
  if (copiesIn(judged.statement)) return core.given === null ? null : copied(judged.decision.stores[0]!);
  const { parameters } = frame === core.large?.head ? decodeBegunBind(frame, 5) : decodeBind(frame.subarray(5));
  const values = core.options.analyses.storedValues(prepared.text.toString("utf8"));
  return firstOf(core, judged.decision.stores, values, parameters);
}

function copiesIn({ facts }: Statement): boolean {
  return facts.understood && facts.copy?.direction === "in";
}

function firstOf(
  core: Core,
  stores: readonly StoredColumn[],
  values: readonly StoredValue[],
  parameters: readonly Parameter[],
): Refusal | null {
  for (const stored of values) {
    const { column, value } = stored;
    // What PREPARE leaves open is told at EXECUTE.
    if ("parameter" in value && value.parameter > parameters.length) continue;
    const into = stores.find((each) => column === null || each.column === column);
    if (into === undefined) continue;
    const bytes = bytesOf(stored, parameters);
    if (bytes === undefined) {
      if (core.given !== null) return unseen(into);
    } else if (isMasked(core, stored, bytes, into)) return refusal(into);
  }
  return null;
}

/** null is NULL; undefined has not come yet. */
type Parameter = Buffer | null | undefined;

function bytesOf({ value }: StoredValue, parameters: readonly Parameter[]): Parameter {
  if ("parameter" in value) return parameters[value.parameter - 1];
  return value.literal === null ? null : Buffer.from(value.literal);
}

const NULL_BYTES = Buffer.alloc(0);

function isMasked(core: Core, { replaces }: StoredValue, bytes: Buffer | null, into: StoredColumn): boolean {
  const isShort = bytes === null || bytes.length < BYTES_MIN;
  if (isShort) return replaces && core.given?.hasShort(into.class, bytes ?? NULL_BYTES) === true;
  return core.given?.has(bytes) === true || recogniser(core).has(bytes);
}

function recogniser({ options: { maskKeys } }: Core): MaskedValues {
  if (maskKeys === null) return markersOnly;
  let values = known.get(maskKeys);
  if (values === undefined) {
    values = new MaskedValues(maskKeys);
    known.set(maskKeys, values);
  }
  return values;
}

function refusal({ name, policy }: StoredColumn): Refusal {
  return {
    rule: { policy, rule: "write-back" },
    sqlstate: "42501",
    message: `a masked value may not be stored in ${name}: it would overwrite the real one`,
    detail: `Policy ${policy} masks ${name} for you, and the value to be stored is a masked one.`,
    hint: `Leave ${name} out of the statement, or give its real value.`,
  };
}

function unseen(into: StoredColumn): Refusal {
  const { name } = into;
  return {
    ...refusal(into),
    message: `the value for ${name} comes too late in a large Bind to be held against the masked ones that this session was shown`,
    hint: `Give the parameter of ${name} a lower number than the large ones, or store it in a new session, which has read no masked value.`,
  };
}

function copied({ name, policy }: StoredColumn): Refusal {
  return {
    rule: { policy, rule: "write-back" },
    sqlstate: "42501",
    message: `rows may not be copied into ${name} in a session that was shown masked values`,
    detail: `Policy ${policy} masks ${name} for you; a masked value in the rows would overwrite the real one.`,
    hint: "Copy them in a new session, which has read none, or have somebody do it whose data is not masked.",
  };
}
