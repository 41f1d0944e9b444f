// Every type, method and format against real servers: what masking writes is stored as a value of that type, as the
// server itself writes it, and the same in text and binary.
import { existsSync } from "node:fs";
import { startPostgres, startSystemPostgres } from "../../pkg/localdb/start-postgres.ts";
import { ARRAY_ELEMENTS, MULTIRANGE_SUBTYPES, OID, RANGE_SUBTYPES } from "../../pkg/mask/type-oids.ts";
import { TYPED_VALUES } from "./typed-values.ts";
import { TypedWorld } from "./typed-world.ts";

const types = Object.keys(TYPED_VALUES);
const system15 = "/usr/lib/postgresql/15/bin";
const options = { extraSettings: { timezone: "UTC", lc_monetary: "C" } };

describe.each([
  [18, () => startPostgres(options), true],
  [15, () => startSystemPostgres(system15, options), existsSync(system15)],
] as const)("PostgreSQL %i", (major, start, present) => {
  let world: TypedWorld;

  beforeAll(async () => {
    if (present) world = await TypedWorld.create(await start(), major, types);
  });
  afterAll(() => world?.end());

  (present ? test : test.skip).each(types)("%s", async (type) => {
    const values = TYPED_VALUES[type]!;
    expect(await world.fill(type, values)).toBe(values.length + 1);
    // Money is written without the currency sign, which is the locale's.
    expect(await world.problems(type, type !== "money")).toEqual([]);
  });

  (present ? test : test.skip)("the built-in arrays, ranges and multiranges are those of the catalogue", async () => {
    const pairs = async (sql: string) => (await world.client.query({ text: sql, rowMode: "array" })).rows.flat();
    const arrays = await pairs(
      "SELECT oid::int || ':' || typelem::int FROM pg_type WHERE typcategory = 'A' AND oid < 10000 AND oid NOT IN (22, 30)",
    );
    const known = [...ARRAY_ELEMENTS].map(([array, element]) => `${array}:${element}`);
    expect(known.filter((pair) => !arrays.includes(pair))).toEqual([]);
    const ranges = await pairs("SELECT rngtypid::int || ':' || rngsubtype::int FROM pg_range WHERE rngtypid < 10000");
    expect([...RANGE_SUBTYPES].map(([range, subtype]) => `${range}:${subtype}`).sort()).toEqual(ranges.sort());
    const multiranges = await pairs(
      "SELECT rngmultitypid::int || ':' || rngsubtype::int FROM pg_range WHERE rngtypid < 10000",
    );
    expect([...MULTIRANGE_SUBTYPES].map(([range, subtype]) => `${range}:${subtype}`).sort()).toEqual(
      multiranges.sort(),
    );
    const names = Object.entries(OID).map(([name, oid]) => `${oid}:${name}`);
    const types = await pairs("SELECT oid::int || ':' || typname FROM pg_type WHERE oid < 10000");
    expect(names.filter((pair) => !types.includes(pair))).toEqual([]);
  });
});
