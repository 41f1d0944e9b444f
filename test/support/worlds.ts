// Two databases, world_a and world_b, alike in everything but the protected cells. Whoever may not see those must not be
// able to tell the worlds apart by any frame: that finds leaks nobody has thought of, oracles included.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { makeTemplate, PASSWORD, type TestServer } from "./server.ts";

export const WORLDS = ["world_a", "world_b"] as const;
export type World = (typeof WORLDS)[number];

/** Makes the templates of both worlds; `app` and `analyst` must be roles. */
export async function makeWorlds(server: TestServer): Promise<void> {
  await makeTemplate(server, "shop", "shop.sql");
  const values = readFileSync(join(import.meta.dirname, "shop-values.sql"), "utf8");
  for (const [world, letter, step] of [
    ["world_a", "a", 5],
    ["world_b", "b", 7],
  ] as const) {
    await server.freshDatabase(`${world}_template`, "shop");
    const { port, superuser: user, superuserPassword: password } = server;
    const client = new pg.Client({ host: "127.0.0.1", port, user, password, database: `${world}_template` });
    await client.connect();
    await client.query(values.replaceAll(":'w'", `'${letter}'`).replaceAll(":k", String(step)));
    await client.query(foreignSql(port, world));
    await client.end();
    await server.freshDatabase(world, `${world}_template`);
  }
}

/** The world's own customers once more, as a foreign table that leads back to it. */
function foreignSql(port: number, world: World): string {
  return `
    CREATE EXTENSION postgres_fdw;
    CREATE SERVER self FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '${port}', dbname '${world}');
    CREATE USER MAPPING FOR analyst SERVER self OPTIONS (user 'app', password '${PASSWORD}');
    CREATE FOREIGN TABLE remote_customers (id bigint, name text, email text, ssn text, score int)
      SERVER self OPTIONS (schema_name 'public', table_name 'customers');
    GRANT USAGE ON FOREIGN SERVER self TO analyst;
    GRANT ALL ON remote_customers TO analyst`;
}

/** OIDs from here on are made by whoever plays. */
export async function firstOwnOid(server: TestServer): Promise<number> {
  return (
    1 +
    Number(
      await server.admin("SELECT max(oid) FROM (SELECT oid FROM pg_class UNION SELECT oid FROM pg_type) x", "world_a"),
    )
  );
}

/** What policy protects in the shop, as the `classify` list of a DataPolicy. */
export const CLASSIFY = `
    - {columns: ["public.customers.email", "public.customers.email_lower", "public.contacts.value"], class: PII.EMAIL}
    - {columns: ["public.customers.phone"], class: PII.PHONE}
    - {columns: ["public.customers.ssn"], class: PII.SSN}
    - {columns: ["public.customers.born"], class: PII.BORN}
    - {columns: ["public.customers.score"], class: PII.SCORE}
    - {columns: ["public.customers.token"], class: PII.TOKEN}
    - {columns: ["public.customers.home"], class: PII.HOME}
    - {columns: ["public.customers.profile#kyc.passport_no"], class: PII.ID}
    - {columns: ["public.payments.card"], class: PCI.CARD}
    - {columns: ["public.payments.iban"], class: PCI.IBAN}
    - {columns: ["public.people.alias"], class: PII.NAME}
    - {tables: ["public.patients"], class: PHI}`;

/** The policy under which `analyst` sees nothing protected: every method is one that leaves no trace of the value. */
export const STRICT_POLICY = `apiVersion: weir.dev/v1alpha1
kind: ClusterDataPolicy
metadata: {name: strict}
spec:
  subjects:
    - logins: [analyst]
  classify:${CLASSIFY}
  mask:
    - {classes: ["PII.*", "PCI.*", "PHI"], method: Default}
  predicates: Deny
`;
