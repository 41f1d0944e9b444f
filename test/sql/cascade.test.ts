// What foreign keys do after a change is part of it: nothing names the rows that a cascade changes.
import { openShapes, type Shapes } from "./shapes.ts";

let shapes: Shapes;
beforeAll(async () => {
  shapes = await openShapes(
    "cascades",
    `CREATE TABLE app.trees (id int PRIMARY KEY, code text UNIQUE, parent int REFERENCES app.trees ON DELETE CASCADE);
     CREATE TABLE app.leaves (id int PRIMARY KEY, tree int REFERENCES app.trees ON DELETE CASCADE ON UPDATE SET NULL);
     CREATE TABLE app.veins (leaf int REFERENCES app.leaves ON DELETE SET NULL, tree text REFERENCES app.trees (code) ON UPDATE CASCADE);
     CREATE TABLE app.roots (id int PRIMARY KEY, tree int REFERENCES app.trees ON DELETE RESTRICT);
     CREATE TABLE app.parts (id int, day int, PRIMARY KEY (id, day)) PARTITION BY LIST (day);
     CREATE TABLE app.parts_1 PARTITION OF app.parts FOR VALUES IN (1);
     CREATE TABLE app.notes (id int, day int, FOREIGN KEY (id, day) REFERENCES app.parts ON DELETE CASCADE);`,
  );
});
afterAll(() => shapes.stop());

test.each([
  ["delete from trees where id = 1", "Delete trees Key; Delete leaves Other; Delete trees Other; Update veins Other"],
  ["delete from leaves where id = 1", "Delete leaves Key; Update veins Other"],
  ["delete from roots where id = 1", "Delete roots Key"],
  ["update trees set parent = 2 where id = 1", "Update trees Key"],
  ["update trees set id = 2 where id = 1", "Update trees Key; Update leaves Other"],
  ["update trees set (code, parent) = ('x', 2) where id = 1", "Update trees Key; Update veins Other"],
  [
    "insert into trees (id) values (1) on conflict (id) do update set code = 'x'",
    "Insert trees Other; Update trees Other; Update veins Other",
  ],
  [
    "merge into trees using leaves on trees.id = leaves.id when matched then update set id = 3",
    "Update trees Other; Update leaves Other",
  ],
  ["delete from parts where id = 1 and day = 1", "Delete parts Key; Delete notes Other"],
  ["delete from parts_1 where id = 1 and day = 1", "Delete parts_1 Key; Delete notes Other"],
  ["delete from notes where id = 1", "Delete notes Other"],
])("%s", (statement, expected) => {
  const writes = shapes
    .understood(statement)
    .writes.map(({ effect, relation, filter }) => `${effect} ${relation.name} ${filter}`);
  const [first, ...rest] = expected.split("; ");
  expect(writes[0]).toBe(first);
  expect(writes.slice(1).sort()).toEqual(rest.sort());
});
