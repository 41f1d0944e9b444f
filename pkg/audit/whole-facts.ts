// Facts of decisions as a reader of a segment needs them: a record holds them whole, or names an earlier record of its segment that does.

interface Shape {
  readonly metadata?: { readonly sequence?: unknown };
  readonly unmapped?: { readonly weir?: { readonly kind?: unknown; readonly facts?: unknown } };
}

/** Read the records of one segment in their order; a segment is at most some megabytes, and so is what is kept of it. */
export class WholeFacts {
  private readonly facts = new Map<number, unknown>();

  /** Facts of a decision's record; undefined for other records, and when the one that is named was not read. */
  of(record: unknown): unknown {
    const { metadata, unmapped } = (record ?? {}) as Shape;
    const weir = unmapped?.weir;
    if (weir?.kind !== "decision") return undefined;
    const named = referenceOf(weir.facts);
    if (named !== null) return this.facts.get(named);
    if (typeof metadata?.sequence === "number") this.facts.set(metadata.sequence, weir.facts);
    return weir.facts;
  }
}

function referenceOf(facts: unknown): number | null {
  if (typeof facts !== "object" || facts === null || !("record" in facts)) return null;
  return typeof facts.record === "number" ? facts.record : null;
}
