// Random records of a few people, tables and times, so that random questions find something; some are not of the expected form.
import fc from "fast-check";
import { type SegmentRows, segmentRows } from "../../pkg/store/segment-rows.ts";

const few = (...values: readonly string[]) => fc.constantFrom(...values);
const sessions = few("s1", "s2", "s3");
const statement = fc.integer({ min: 1, max: 4 });
const nasty = few("", "%", "a_b", "\\", "é", "💥x", "o'neil", '"', "*", "-1");
const text = fc.oneof({ weight: 3, arbitrary: few("alpha", "beta", "Beta") }, { weight: 1, arbitrary: nasty });
const user = fc.record({
  name: text,
  type: few("Human", "Agent", "Service"),
  uid: text.map((name) => `idp/${name}`),
  account: fc.record({ name: text }),
});
const who = fc.record({
  assurance: few("L0", "L2"),
  groups: fc.array(text, { maxLength: 3 }),
  acting_for: fc.option(fc.array(fc.record({ user }), { maxLength: 2 }), { nil: undefined }),
});
const column = fc.record({
  relation: fc.integer({ min: 1, max: 3 }),
  schema: few("public"),
  table: text,
  column: text,
});
const lineage = fc.oneof(
  fc.record({
    kind: fc.constant("copy"),
    column,
    via: fc.option(fc.array(column, { maxLength: 1 }), { nil: undefined }),
  }),
  fc.record({ kind: fc.constant("derived"), columns: fc.array(column, { maxLength: 2 }) }),
  fc.constant({ kind: "clean" }),
);
const relation = fc.record({
  oid: fc.integer({ min: 1, max: 3 }),
  schema: few("public"),
  name: text,
  access: fc.array(few("Read", "Update", "Drop"), { maxLength: 2 }),
});
const facts = fc.oneof(
  fc.record({
    understood: fc.constant(true),
    kind: few("SELECT", "UPDATE"),
    effects: fc.array(few("Read", "Update", "Create"), { maxLength: 2 }),
    relations: fc.array(relation, { maxLength: 2 }),
    outputs: fc.option(fc.array(fc.record({ lineage }), { maxLength: 3 }), { nil: null }),
    predicates: fc.array(fc.record({ column }), { maxLength: 1 }),
  }),
  fc.constant({ understood: false, why: "no" }),
  fc.constant(7),
);
const masks = fc.array(
  fc.record({ column: fc.integer({ min: 0, max: 2 }), method: few("Token"), class: few("PII.EMAIL") }),
  { maxLength: 2 },
);
const timed = <T extends object>(weir: fc.Arbitrary<T>, more: fc.Arbitrary<object>) =>
  fc.tuple(weir, more, fc.integer({ min: 0, max: 5 })).map(([inner, outer, hour]) => ({
    ...outer,
    time: 1_800_000_000_000 + hour * 3_600_000,
    unmapped: { weir: { place: { workload: "w" }, ...inner } },
  }));
const decision = timed(
  fc.record({
    kind: fc.constant("decision"),
    session: sessions,
    statement,
    verdict: few("allow", "refuse"),
    who,
    facts,
    masks,
    rules: fc.array(fc.record({ policy: text, rule: text }), { maxLength: 2 }),
  }),
  fc.record({
    actor: fc.record({ user }),
    status_detail: fc.option(text, { nil: undefined }),
    database: fc.record({ name: text }),
  }),
);
const outcome = timed(
  fc.record({
    kind: fc.constant("outcome"),
    session: sessions,
    statement,
    rows: fc.option(fc.integer({ min: 0, max: 9 }), { nil: null }),
    masked_cells: fc.integer({ min: 0, max: 9 }),
    duration_us: fc.integer({ min: 0, max: 9 }),
  }),
  fc.record({ status: few("completed", "failed") }),
);
const session = timed(
  fc.record({ kind: fc.constant("session"), session: sessions, phase: few("open", "close", "refused"), who }),
  fc.record({ user, is_cleartext: fc.boolean() }),
);
const odd = fc.oneof(
  fc.constant({}),
  fc.constant([]),
  fc.record({ unmapped: fc.record({ weir: fc.record({ kind: text }) }) }),
  fc.constant(null),
);
const record = fc.oneof(
  { weight: 6, arbitrary: decision },
  { weight: 5, arbitrary: outcome },
  { weight: 2, arbitrary: session },
  { weight: 1, arbitrary: odd },
);

/** Of two chains, sometimes of one cluster; entries 0, 2, 4 and so on. */
export const traffic: fc.Arbitrary<readonly SegmentRows[]> = fc
  .tuple(
    fc.array(fc.tuple(fc.array(record, { minLength: 1, maxLength: 12 }), fc.boolean()), { maxLength: 4 }),
    fc.constantFrom("us", "eu"),
  )
  .map(([segments, other]) => {
    const next = [0, 0];
    return segments.map(([records, isSecond], at) => {
      const which = isSecond ? 1 : 0;
      const first = next[which]!;
      next[which] = first + records.length;
      const place = {
        entry: at * 2,
        chain: `chain-${which}`,
        cluster: isSecond ? other : "us",
        environment: "prod",
        namespace: "shop",
      };
      return segmentRows(
        place,
        first,
        records.map((each) => Buffer.from(JSON.stringify(each))),
      );
    });
  });

export { text as someText };
