// What masking knows of a type: PostgreSQL's built-in OIDs (pg_type.dat), and the catalogue for the rest.
import type { MaskKeys } from "./keys.ts";
import { ARRAY_ELEMENTS, MULTIRANGE_SUBTYPES, OID, RANGE_SUBTYPES } from "./type-oids.ts";

/** The part of the catalogue's TypeInfo that masking reads; what is optional makes more types maskable. */
export interface TypeFacts {
  /** pg_type.typtype: b base, c composite, d domain, e enum, p pseudo, r range, m multirange. */
  readonly kind: string;
  readonly category: string;
  readonly schema: string;
  readonly name: string;
  readonly element: number;
  readonly base: number;
  readonly relation: number;
  /** Labels of an enum in their order. */
  readonly enumLabels?: readonly string[];
  /** Columns of a composite type in their order, dropped ones left out. */
  readonly attributes?: readonly { readonly type: number; readonly typmod: number }[];
  /** pg_type.typtypmod of a domain. */
  readonly typmod?: number;
  /** Subtype of a range, range of a multirange. */
  readonly subtype?: number;
}

export interface MaskContext {
  /** null: methods that need a key give Default. */
  readonly keys: MaskKeys | null;
  readonly types: (oid: number) => TypeFacts | undefined;
  readonly serverMajor: number;
}

/** A result column as RowDescription tells it. */
export interface Field {
  readonly type: number;
  readonly typmod: number;
  readonly format: 0 | 1;
}

/** A type taken apart as far as masking needs. `opaque`: nothing is known that could be written for it. */
export type Shape =
  | { readonly shape: "base"; readonly oid: number; readonly typmod: number }
  | { readonly shape: "array"; readonly elementOid: number; readonly element: Shape; readonly delimiter: string }
  | { readonly shape: "range"; readonly subtype: Shape | null }
  | { readonly shape: "multirange"; readonly subtype: Shape | null }
  | { readonly shape: "enum"; readonly labels: readonly string[] }
  | { readonly shape: "composite"; readonly attributes: readonly { readonly oid: number; readonly shape: Shape }[] }
  | { readonly shape: "opaque" };

const BASE_OIDS: ReadonlySet<number> = new Set(Object.values(OID));
/** Deeper nesting (domain over array of composite of ...) is opaque. */
const NESTING_MAX = 16;

/** Takes a type apart. */
export function shapeOf(oid: number, typmod: number, context: MaskContext, depth = 0): Shape {
  if (depth > NESTING_MAX) return { shape: "opaque" };
  const element = ARRAY_ELEMENTS.get(oid);
  if (element !== undefined) return arrayOf(element, typmod, context, depth);
  const range = RANGE_SUBTYPES.get(oid);
  if (range !== undefined) return { shape: "range", subtype: { shape: "base", oid: range, typmod: -1 } };
  const multirange = MULTIRANGE_SUBTYPES.get(oid);
  if (multirange !== undefined) return { shape: "multirange", subtype: { shape: "base", oid: multirange, typmod: -1 } };
  if (BASE_OIDS.has(oid)) return { shape: "base", oid, typmod };
  const facts = context.types(oid);
  return facts === undefined ? { shape: "opaque" } : declaredShape(facts, typmod, context, depth);
}

function arrayOf(elementOid: number, typmod: number, context: MaskContext, depth: number): Shape {
  const element = shapeOf(elementOid, typmod, context, depth + 1);
  return { shape: "array", elementOid, element, delimiter: elementOid === OID.box ? ";" : "," };
}

function declaredShape(facts: TypeFacts, typmod: number, context: MaskContext, depth: number): Shape {
  if (facts.kind === "b" && facts.category === "A" && facts.element !== 0)
    return arrayOf(facts.element, typmod, context, depth);
  if (facts.kind === "d" && facts.base !== 0) return shapeOf(facts.base, facts.typmod ?? typmod, context, depth + 1);
  if (facts.kind === "e") {
    return facts.enumLabels?.length ? { shape: "enum", labels: facts.enumLabels } : { shape: "opaque" };
  }
  if (facts.kind === "r") return { shape: "range", subtype: boundsOf(facts.subtype, context, depth) };
  if (facts.kind === "m") return { shape: "multirange", subtype: multirangeBounds(facts, context, depth) };
  if (facts.kind === "c" && facts.attributes !== undefined) {
    const attributes = facts.attributes.map(({ type, typmod: own }) => ({
      oid: type,
      shape: shapeOf(type, own, context, depth + 1),
    }));
    return { shape: "composite", attributes };
  }
  // An extension's type, but a text to every client; without it the usual type of e-mail columns would be NULL.
  if (facts.kind === "b" && facts.category === "S" && facts.name === "citext")
    return { shape: "base", oid: OID.text, typmod };
  return { shape: "opaque" };
}

function boundsOf(subtype: number | undefined, context: MaskContext, depth: number): Shape | null {
  return subtype === undefined || subtype === 0 ? null : shapeOf(subtype, -1, context, depth + 1);
}

function multirangeBounds(facts: TypeFacts, context: MaskContext, depth: number): Shape | null {
  const range =
    facts.subtype === undefined ? { shape: "opaque" as const } : shapeOf(facts.subtype, -1, context, depth + 1);
  return range.shape === "range" ? range.subtype : null;
}
