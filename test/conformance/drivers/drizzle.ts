import { and, count, desc, eq, gt, inArray, sql, sum } from "drizzle-orm";
import { drizzle as open } from "drizzle-orm/node-postgres";
import { integer, jsonb, numeric, pgTable, serial, text } from "drizzle-orm/pg-core";
import pg from "pg";
import { outcome, type Programme } from "./connection.ts";

const items = pgTable("items", { id: integer().primaryKey(), name: text().notNull(), price: numeric(), data: jsonb() });
const notes = pgTable("notes", { id: serial().primaryKey(), item: integer().references(() => items.id), note: text() });

export const drizzle: Programme = async (connection) => {
  const pool = new pg.Pool({ host: "127.0.0.1", ...connection, max: 2 });
  pool.on("connect", (client) => client.on("error", () => {})); // drizzle leaves one open until the server stops
  pool.on("error", () => {});
  const db = open(pool);
  const seen = [
    await outcome(db.select().from(items).orderBy(items.id)),
    await outcome(
      db
        .select({ id: items.id, double: sql<string>`${items.price} * 2` })
        .from(items)
        .where(and(gt(items.id, 3), inArray(items.id, [4, 5, 6])))
        .orderBy(desc(items.id)),
    ),
    await outcome(
      db
        .insert(notes)
        .values([
          { item: 1, note: "a" },
          { item: 2, note: "b ☃" },
        ])
        .returning(),
    ),
    await outcome(
      db
        .insert(items)
        .values({ id: 1, name: "again" })
        .onConflictDoUpdate({ target: items.id, set: { name: "changed" } })
        .returning({ id: items.id, name: items.name }),
    ),
    await outcome(
      db.update(notes).set({ note: "c" }).where(eq(notes.item, 1)).returning({ item: notes.item, note: notes.note }),
    ),
    await outcome(
      db
        .select({ name: items.name, notes: count(notes.id), total: sum(items.price) })
        .from(items)
        .leftJoin(notes, eq(notes.item, items.id))
        .groupBy(items.name)
        .orderBy(items.name),
    ),
    await outcome(
      db.transaction(async (own) => {
        await own.insert(notes).values({ item: 3, note: "inside" });
        return own.transaction((inner) => inner.select({ n: count() }).from(notes));
      }),
    ),
    await outcome(
      db.transaction(async (own) => {
        await own.insert(notes).values({ item: 4, note: "lost" });
        own.rollback();
      }),
    ),
    await outcome(db.insert(notes).values({ item: 999, note: "nobody" })),
    await outcome(db.delete(notes).where(eq(notes.item, 2)).returning({ item: notes.item })),
    await outcome(db.execute(sql`SELECT count(*) FROM ${notes}`).then((result) => result.rows)),
  ];
  await pool.end();
  return seen;
};
