// Random queries over the relations of shapes.sql: typed enough that the server accepts most of them.
import fc from "fast-check";

type Kind = "text" | "int" | "bool" | "json";
export type Make = fc.Arbitrary<string>;

/** Columns of `customers c`, by kind. Protected ones come often. */
const leaves: Readonly<Record<Kind, readonly string[]>> = {
  text: [
    "c.name",
    "c.email",
    "c.ssn",
    "c.shout",
    "c.phone",
    "c.profile->>'city'",
    "c.profile->'kyc'->>'no'",
    "'k'",
    "(c.home).street",
    "c.email",
  ],
  int: ["c.id", "n.n", "n.id", "3", "length(c.email)", "(c.profile->'a'->>'b')::int", "o.id"],
  bool: ["c.active", "true", "c.email IS NULL", "c.id > 4", "c.email < 'm'"],
  json: ["c.profile", "c.profile->'a'", "c.profile->'kyc'", "c.notes::jsonb", "'{\"a\":1}'::jsonb"],
};

const shapesOf: Readonly<Record<Kind, readonly (readonly [(parts: readonly string[]) => string, readonly Kind[]])[]>> =
  {
    text: [
      [([a]) => `lower(${a})`, ["text"]],
      [([a, b]) => `${a} || ${b}`, ["text", "text"]],
      [([a]) => `md5(${a})`, ["text"]],
      [([a, b]) => `coalesce(${a}, ${b})`, ["text", "text"]],
      [([a, b, c]) => `CASE WHEN ${a} THEN ${b} ELSE ${c} END`, ["bool", "text", "text"]],
      [([a, b]) => `substr(${a}, (${b})::int)`, ["text", "int"]],
      [([a]) => `(${a})::text`, ["json"]],
      [([a]) => `(${a})::text`, ["int"]],
      [([a, b]) => `greatest(${a}, ${b})`, ["text", "text"]],
      [([a]) => `((${a})->>'city')`, ["json"]],
      [([a, b]) => `(ARRAY[${a}, ${b}])[1]`, ["text", "text"]],
      [([a]) => `(SELECT ${a})`, ["text"]],
      [([a]) => `(SELECT s.x FROM (SELECT ${a} AS x) s)`, ["text"]],
      [([a]) => `(SELECT max(x.name) FROM other.customers x WHERE ${a})`, ["bool"]],
      [([a]) => `format('%s', ${a})`, ["text"]],
      [([a]) => `('{"a":1,"f":2,"h":3,"k":4,"o":5,"n":6}'::jsonb ->> left(${a}, 1))`, ["text"]],
      [([a, b]) => `((${a}) ->> (${b}))`, ["json", "text"]],
      [([a, b]) => `((${a}) #>> ARRAY[${b}])`, ["json", "text"]],
      [([a, b]) => `(string_to_array(${a}, ','))[(${b})::int]`, ["text", "int"]],
      [([a, b]) => `(ARRAY['x', 'y', ${a}])[(${b})::int:2]::text`, ["text", "int"]],
      [([a, b]) => `replace('abc', ${a}, ${b})`, ["text", "text"]],
      [([a, b]) => `(ROW(${a}, ${b})).f2`, ["text", "text"]],
    ],
    int: [
      [([a]) => `length(${a})`, ["text"]],
      [([a, b]) => `(${a}) + (${b})`, ["int", "int"]],
      [([a]) => `(SELECT count(*) FROM orders x WHERE ${a})`, ["bool"]],
      [([a, b]) => `nullif(${a}, ${b})`, ["int", "int"]],
      [([a]) => `abs(${a})`, ["int"]],
      [([a, b]) => `position(${a} IN ${b})`, ["text", "text"]],
    ],
    bool: [
      [([a, b]) => `${a} = ${b}`, ["text", "text"]],
      [([a, b]) => `(${a}) < (${b})`, ["int", "int"]],
      [([a, b]) => `(${a} AND ${b})`, ["bool", "bool"]],
      [([a]) => `NOT (${a})`, ["bool"]],
      [([a]) => `${a} LIKE 'a%'`, ["text"]],
      [([a]) => `(${a}) IS NOT NULL`, ["json"]],
      [([a]) => `EXISTS (SELECT 1 FROM orders x WHERE x.id = ${a})`, ["int"]],
      [([a, b]) => `${a} IN ('x', ${b})`, ["text", "text"]],
      [([a]) => `${a} IN (SELECT x.name FROM other.customers x)`, ["text"]],
      [([a, b]) => `(${a}) BETWEEN 1 AND (${b})`, ["int", "int"]],
    ],
    json: [
      [([a]) => `to_jsonb(${a})`, ["text"]],
      [([a, b]) => `jsonb_build_object('a', ${a}, 'city', ${b})`, ["text", "int"]],
      [([a]) => `((${a})->'a')`, ["json"]],
      [([a]) => `(${a})#>'{kyc,no}'`, ["json"]],
      [([a, b]) => `(${a}) || (${b})`, ["json", "json"]],
    ],
  };

const { text, int, bool, json } = fc.letrec<Record<Kind, string>>((tie) => {
  const make = (kind: Kind) =>
    fc.oneof(
      { maxDepth: 3, depthSize: "small" },
      fc.constantFrom(...leaves[kind]),
      ...shapesOf[kind].map(([build, kinds]) =>
        fc.tuple(...kinds.map((other) => tie(other))).map((parts) => build(parts as string[])),
      ),
    );
  return { text: make("text"), int: make("int"), bool: make("bool"), json: make("json") };
});

const aggregates = (of: Make) =>
  fc
    .constantFrom("max", "min", "count", "array_agg", "json_agg", "count(DISTINCT", "string_agg")
    .chain((name) =>
      of.map((value) =>
        name === "count(DISTINCT"
          ? `count(DISTINCT ${value})`
          : name === "string_agg"
            ? `string_agg(${value}, ',')`
            : `${name}(${value})`,
      ),
    );

const windows = fc.tuple(int, text, int).map(([a, b, c]) => `sum(${a}) OVER (PARTITION BY ${b} ORDER BY ${c})`);
const scalar = fc.oneof(text, int, bool, json);
const clean = fc.constantFrom("c.id", "c.name", "o.status", "n.name", "c.profile->>'city'", "1");

const from = fc.constantFrom(
  "customers c JOIN orders o ON o.customer_id = c.id JOIN narrow n ON n.id = o.id",
  "customers c LEFT JOIN (SELECT id, customer_id, status FROM orders) o ON o.customer_id = c.id CROSS JOIN narrow n",
  "customers c, orders o, narrow n",
  "(SELECT * FROM customers) c JOIN orders o USING (id) JOIN narrow n USING (id)",
  "all_customers() c, orders o, narrow n",
);

const conditions = fc.oneof(
  fc.constant("true"),
  fc.constantFrom("c.id < 5", "o.status = 'open'", "c.name <> 'name1'"),
  bool,
);

const plain = fc
  .record({
    columns: fc.array(fc.oneof(clean, scalar, windows), { minLength: 1, maxLength: 4 }),
    from,
    where: conditions,
  })
  .map(
    (q) =>
      `SELECT ${q.columns.join(", ")} FROM ${q.from.replaceAll("USING (id) JOIN narrow n USING (id)", "ON true JOIN narrow n ON true")} WHERE ${q.where}`,
  );

const grouped = fc
  .record({
    key: clean,
    columns: fc.array(aggregates(scalar), { minLength: 1, maxLength: 3 }),
    from,
    having: fc.constantFrom("", " HAVING count(*) > 1"),
  })
  .map(
    (q) =>
      `SELECT ${q.key}, ${q.columns.join(", ")} FROM ${q.from.replaceAll("USING (id)", "ON true")} GROUP BY ${q.key}${q.having}`,
  );

const base = fc.oneof({ weight: 4, arbitrary: plain }, { weight: 1, arbitrary: grouped });

const wrapped = base.chain((query) =>
  fc.constantFrom(
    query,
    `SELECT * FROM (${query}) AS s(a1)`,
    `WITH q AS (${query}) SELECT * FROM q`,
    `WITH q AS (${query}) SELECT count(*) FROM q`,
    `SELECT s FROM (${query}) s`,
    `SELECT to_jsonb(s) FROM (${query}) s`,
    `(${query}) UNION ALL (${query})`,
    `SELECT l.* FROM customers k, LATERAL (${query.replaceAll("true", "k.active")}) l`,
    `SELECT DISTINCT * FROM (${query}) s`,
    `${query} ORDER BY 1`,
    `SELECT EXISTS (${query})`,
    `SELECT ARRAY(SELECT s::text FROM (${query}) s)`,
  ),
);

/** One SELECT. Columns of set operations and derived tables may be json, which some operators refuse. */
export const randomStatement: Make = wrapped;
