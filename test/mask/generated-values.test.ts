// The same promise as for the chosen values of every type, for generated ones.
import fc from "fast-check";
import { startPostgres } from "../../pkg/localdb/start-postgres.ts";
import { TypedWorld } from "./typed-world.ts";

const digits = (max: number) => fc.string({ unit: fc.constantFrom(..."0123456789"), minLength: 1, maxLength: max });
const text = fc.string({ unit: "grapheme", maxLength: 30 }).map((value) => value.replaceAll("\0", ""));
const mixed = fc.oneof(
  text,
  fc.emailAddress(),
  fc.ipV4(),
  fc.ipV6(),
  fc.string({ unit: fc.constantFrom(..."0123456789 +-()"), maxLength: 20 }),
  fc.string({ unit: fc.constantFrom(..."ab\\\"'{},\n\t NULL*é日🙂"), maxLength: 12 }),
);
const decimal = fc.tuple(fc.boolean(), digits(20), digits(12)).map(([minus, a, b]) => `${minus ? "-" : ""}${a}.${b}`);
const day = fc.integer({ min: -2451545, max: 2145031948 }).map((days) => `(date '2000-01-01' + ${days})::date`);
const micros = fc.bigInt(-211813488000000000n, 9223371331199999999n);
const quoted = (value: string) => `"${value.replace(/["\\]/g, "\\$&")}"`;
const element = fc.oneof(fc.constant("NULL"), mixed.map(quoted));
const array = fc
  .integer({ min: 1, max: 3 })
  .chain((width) =>
    fc.array(
      fc.array(element, { minLength: width, maxLength: width }).map((row) => `{${row.join(",")}}`),
      { minLength: 1, maxLength: 3 },
    ),
  )
  .map((rows) => `{${rows.join(",")}}`);
const json = fc.jsonValue().map((value) =>
  JSON.stringify(value)
    .replace(/\\u0000/g, "")
    .replace(/\\ud[89a-f][0-9a-f]{2}/gi, ""),
);
const hex = fc.uint8Array({ maxLength: 40 }).map((bytes) => `\\x${Buffer.from(bytes).toString("hex")}`);

/** Texts of values; those of `computed` are SQL expressions instead. */
const generated: Readonly<Record<string, fc.Arbitrary<string>>> = {
  text: mixed,
  "varchar(8)": mixed,
  "varchar(30)": mixed,
  "char(9)": mixed,
  name: mixed,
  int2: fc.integer({ min: -32768, max: 32767 }).map(String),
  int4: fc.integer().map(String),
  int8: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map(String),
  numeric: decimal,
  "numeric(9,3)": decimal,
  "numeric(5,0)": digits(5),
  "numeric(20,0)": digits(20),
  float4: fc.float({ noNaN: true }).map(String),
  float8: fc.double({ noNaN: true }).map(String),
  "text[]": array,
  "varchar(8)[]": array,
  "numeric(9,3)[]": fc.array(decimal, { maxLength: 5 }).map((values) => `{${values.join(",")}}`),
  json,
  jsonb: json,
  bytea: hex,
  inet: fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.tuple(fc.ipV4(), fc.nat(32)).map(([ip, bits]) => `${ip}/${bits}`),
  ),
  uuid: fc.uuid(),
  varbit: fc.string({ unit: fc.constantFrom("0", "1"), maxLength: 30 }),
  int4range: fc
    .tuple(fc.integer(), fc.nat(1000), fc.constantFrom("[)", "(]", "[]", "()"))
    .map(([low, size, ends]) => `${ends[0]}${low},${low + size}${ends[1]}`),
  numrange: fc
    .tuple(decimal, fc.constantFrom("[)", "[]"))
    .map(([low, ends]) => `${ends[0]}${low},${Number(low) + 50}${ends[1]}`),
};
const computed: Readonly<Record<string, fc.Arbitrary<string>>> = {
  date: day,
  timestamp: micros.map(
    (us) => `timestamp '2000-01-01' + interval '${us / 1000000n} seconds' + interval '${us % 1000000n} microseconds'`,
  ),
  timestamptz: micros.map((us) => `timestamptz '2000-01-01 00:00:00+00' + interval '${us / 1000000n} seconds'`),
  daterange: fc
    .tuple(fc.nat(20000), fc.nat(400))
    .map(([from, size]) => `daterange(date '1990-01-01' + ${from}, date '1990-01-01' + ${from + size})`),
  timetz: fc
    .tuple(fc.nat(86399), fc.integer({ min: -50000, max: 50000 }))
    .map(
      ([s, zone]) =>
        `timetz '${new Date(s * 1000).toISOString().slice(11, 19)}+00' AT TIME ZONE interval '${zone} seconds'`,
    ),
};

const types = [...Object.keys(generated), ...Object.keys(computed)];
let world: TypedWorld;

beforeAll(async () => {
  const server = await startPostgres({ extraSettings: { timezone: "Asia/Kolkata" } });
  world = await TypedWorld.create(server, 18, types);
});
afterAll(() => world?.end());

test.each(Object.keys(generated))("%s", async (type) => {
  const values = fc.sample(generated[type]!, 240);
  expect(await world.fill(type, values)).toBeGreaterThan(20);
  expect(await world.problems(type)).toEqual([]);
});

test.each(Object.keys(computed))("%s", async (type) => {
  const values: string[] = [];
  for (const expression of fc.sample(computed[type]!, 80)) {
    const { rows } = await world.client.query(`SELECT (${expression})::text AS v`).catch(() => ({ rows: [] }));
    if (rows.length > 0) values.push(rows[0].v);
  }
  expect(await world.fill(type, values)).toBeGreaterThan(20);
  // Masked times are written in UTC, whatever the session's zone.
  expect(await world.problems(type, type !== "timestamptz")).toEqual([]);
});
