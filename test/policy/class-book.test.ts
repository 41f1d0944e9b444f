// Classes of columns: by pattern, sticking to OIDs through renames, shared by parents and children.
import fc from "fast-check";
import { buildClassBook, type ClassBook, type RelationShape } from "../../pkg/policy/class-book.ts";
import { orders, policies, policy } from "./shop.ts";

function table(oid: number, name: string, columns: readonly string[], parents: readonly number[] = []): RelationShape {
  const [schema = "public", table = ""] = name.includes(".") ? name.split(".") : ["public", name];
  return {
    oid,
    schema,
    name: table,
    parents,
    columns: columns.map((column, i) => ({ attnum: i + 1, name: column })),
    foreignKeys: [],
    hasTriggers: false,
  };
}

const classify = (...patterns: readonly string[]) =>
  policies(policy("p", `classify: [{columns: ${JSON.stringify(patterns)}, class: PII}]`));
const classes = (book: ClassBook, relation: number, attnum: number) =>
  book
    .classesOf({ relation, attnum })
    .map((each) => each.class + (each.path === undefined ? "" : `#${each.path.join(".")}`));

test.each([
  ["public.customers.email", "public.customers", "email", true],
  ["public.customers.email", "public.customers", "Email", true],
  ["public.CUSTOMERS.Email", "public.customers", "email", true],
  ['public.customers."email"', "public.customers", "Email", false],
  ['public."Customers".email', "public.Customers", "email", true],
  ['public."Customers".email', "public.customers", "email", false],
  ["public.*.email", "public.anything", "email", true],
  ["*.*.*mail*", "shop.people", "work_mail_1", true],
  ["public.customers.email", "shop.customers", "email", false],
  ["*.*.relname", "pg_catalog.pg_class", "relname", false],
  ["pg_catalog.pg_class.relname", "pg_catalog.pg_class", "relname", true],
])("pattern %s on %s.%s", (pattern, relation, column, matches) => {
  const book = buildClassBook(classify(pattern), orders, [table(20_001, relation, [column])], null);
  expect(classes(book, 20_001, 1)).toEqual(matches ? ["PII"] : []);
  expect(book.unmatched).toEqual(matches ? [] : [{ policy: "shop/p", pattern }]);
});

test("a quoted name may hold a dot, and a path may be quoted too", () => {
  const book = buildClassBook(
    classify('public."my.table"."a""b"#"x.y".z[*]'),
    orders,
    [{ ...table(20_001, "t", []), name: "my.table", columns: [{ attnum: 3, name: 'a"b' }] }],
    null,
  );
  expect(book.classesOf({ relation: 20_001, attnum: 3 })).toEqual([
    { class: "PII", path: ["x.y", "z"], policy: "shop/p", policies: ["shop/p"], observeOnly: false },
  ]);
});

test("a class stays with its column through renames of column, table and schema, as long as its pattern stands", () => {
  const set = classify("public.customers.email");
  const first = buildClassBook(set, orders, [table(20_001, "customers", ["id", "email"])], null);
  const renamed = buildClassBook(set, orders, [table(20_001, "other.people", ["id", "contact"])], first);
  expect(classes(renamed, 20_001, 2)).toEqual(["PII"]);
  expect(renamed.unmatched).toEqual([]);
  const kept: Pick<ClassBook, "entries"> = JSON.parse(JSON.stringify({ entries: renamed.entries }));
  expect(classes(buildClassBook(set, orders, [table(20_001, "again", ["a", "b"])], kept), 20_001, 2)).toEqual(["PII"]);
  expect(
    classes(
      buildClassBook(classify("public.*.ssn"), orders, [table(20_001, "customers", ["id", "email"])], renamed),
      20_001,
      2,
    ),
  ).toEqual([]);
});

test("a table that is away for a moment has its classes when it is back", () => {
  const set = classify("public.customers.email");
  const first = buildClassBook(set, orders, [table(20_001, "customers", ["id", "email"])], null);
  const away = buildClassBook(
    set,
    orders,
    [],
    buildClassBook(set, orders, [table(20_001, "people", ["id", "email"])], first),
  );
  expect(away.knows(20_001)).toBe(false);
  expect(classes(buildClassBook(set, orders, [table(20_001, "people", ["id", "email"])], away), 20_001, 2)).toEqual([
    "PII",
  ]);
});

test("a new column under the old name has the class as well", () => {
  const set = classify("public.customers.email");
  const first = buildClassBook(set, orders, [table(20_001, "customers", ["email"])], null);
  const book = buildClassBook(
    set,
    orders,
    [
      {
        ...table(20_001, "customers", []),
        columns: [
          { attnum: 1, name: "old" },
          { attnum: 2, name: "email" },
        ],
      },
    ],
    first,
  );
  expect([classes(book, 20_001, 1), classes(book, 20_001, 2)]).toEqual([["PII"], ["PII"]]);
});

test("parents, children and partitions share classes by column name, both ways", () => {
  const relations = [
    table(20_001, "events", ["id", "who"]),
    table(20_002, "events_2026", ["who", "id"], [20_001]),
    table(20_003, "events_2027", ["id", "who"], [20_001]),
    table(20_004, "who", ["id", "who"]),
  ];
  const book = buildClassBook(classify("public.events_2026.who"), orders, relations, null);
  expect([
    classes(book, 20_001, 2),
    classes(book, 20_002, 1),
    classes(book, 20_003, 2),
    classes(book, 20_004, 2),
  ]).toEqual([["PII"], ["PII"], ["PII"], []]);
  expect(classes(book, 20_001, 1)).toEqual([]);
});

test("the whole row has the classes of all columns, without paths", () => {
  const book = buildClassBook(classify("public.t.a#x.y"), orders, [table(20_001, "t", ["a", "b"])], null);
  expect(classes(book, 20_001, 1)).toEqual(["PII#x.y"]);
  expect(classes(book, 20_001, 0)).toEqual(["PII"]);
});

test("what only Observe policies say is marked", () => {
  const set = policies(policy("try", `mode: Observe\nclassify: [{tables: ["public.t"], class: PII}]`));
  const book = buildClassBook(set, orders, [table(20_001, "t", ["a"])], null);
  expect(book.classesOf({ relation: 20_001, attnum: 1 })).toEqual([
    { class: "PII", policy: "shop/try", policies: ["shop/try"], observeOnly: true },
  ]);
});

test("no rename takes a class away", () => {
  const name = fc.constantFrom("customers", "email", "a", "b");
  const set = classify("public.customers.email");
  const shape = fc.record({ table: name, columns: fc.uniqueArray(name, { minLength: 2, maxLength: 2 }) });
  fc.assert(
    fc.property(fc.array(shape, { minLength: 1, maxLength: 6 }), (history) => {
      let book: ClassBook | null = null;
      const labelled = new Set<number>();
      for (const { table: called, columns } of history) {
        book = buildClassBook(set, orders, [table(20_001, called, columns)], book);
        if (called === "customers" && columns.includes("email")) labelled.add(columns.indexOf("email") + 1);
        for (const attnum of labelled) expect(classes(book, 20_001, attnum)).toEqual(["PII"]);
      }
    }),
  );
});
