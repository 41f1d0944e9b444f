// What the demo shows, as data: who says what, and what must come of it. `judge.ts` compares; nothing here is taken on trust.
import { orderCount } from "./shop-data.ts";
import type { Login } from "./shop-database.ts";

export type Expectation =
  /** The same rows as without Weir, cell for cell. */
  | { readonly outcome: "clear" }
  /** The same rows, but in these columns no cell is the stored one, and no stored one (or its `secret` part) shows anywhere. */
  | { readonly outcome: "masked"; readonly columns: readonly string[]; readonly secret?: RegExp }
  /**
   * An ordinary database error of this code that holds all of `names`, after which `unchanged` counts what it always did; its
   * record tells the rule.
   */
  | {
      readonly outcome: "refused";
      readonly sqlstate: string;
      readonly rule: string;
      readonly names: readonly string[];
      readonly unchanged?: Count;
      /** The session is over with it. */
      readonly ends?: true;
    };

export interface Count {
  readonly sql: string;
  readonly rows: number;
}

export interface Step {
  readonly say: string;
  readonly sql: string;
  /** What is printed in its place, where it holds a token. */
  readonly shown?: string;
  /** Who acts, and for whom, in the record of it; where that is to be looked at. */
  readonly recordedAs?: string;
  readonly expect: Expectation;
}

export interface Scene {
  readonly login: Login;
  readonly who: string;
  readonly steps: readonly Step[];
}

const customersOf = "SELECT id, name, email, phone, card, ssn FROM customers ORDER BY id LIMIT 3";
const allOrders: Count = { sql: "SELECT count(*) FROM orders", rows: orderCount };

export const scenes: readonly Scene[] = [
  {
    login: "dana",
    who: "Dana, developer, on call tonight",
    steps: [
      {
        say: "She is in the group `oncall`, so she reads customers as they are.",
        sql: customersOf,
        expect: { outcome: "clear" },
      },
      {
        say: "She owns the tables. Dropping one is still for the migration pipeline.",
        sql: "DROP TABLE payments",
        expect: {
          outcome: "refused",
          sqlstate: "42501",
          rule: "no-destructive-ddl",
          names: ["no-destructive-ddl", "shop/safe-writes"],
          unchanged: { sql: "SELECT count(*) FROM payments", rows: orderCount },
        },
      },
    ],
  },
  {
    login: "ana",
    who: "Ana, analyst",
    steps: [
      {
        say: "The same statement, the same rows.",
        sql: customersOf,
        expect: { outcome: "masked", columns: ["email", "phone", "card", "ssn"] },
      },
      {
        say: "What is not personal is not touched: joins, groups and sums come back as ever.",
        sql: "SELECT p.category, count(*) AS orders, sum(o.quantity * p.price) AS revenue\n  FROM orders o JOIN products p ON p.id = o.product_id\n GROUP BY p.category ORDER BY p.category",
        expect: { outcome: "clear" },
      },
      {
        say: "Another name, a function or a view around the column changes nothing.",
        sql: "SELECT d.id, upper(d.email) AS harmless FROM customer_directory d ORDER BY d.id LIMIT 3",
        expect: { outcome: "masked", columns: ["harmless"] },
      },
      {
        say: "A class can be one path inside a JSON document.",
        sql: "SELECT id, profile FROM customers ORDER BY id LIMIT 2",
        expect: { outcome: "masked", columns: ["profile"], secret: /X\d{7}/ },
      },
      {
        say: "Asking yes or no often enough would tell the value, so that is refused too.",
        sql: "SELECT count(*) FROM customers WHERE ssn LIKE '900-1%'",
        expect: { outcome: "refused", sqlstate: "42501", rule: "predicates", names: ["shop/customer-privacy"] },
      },
    ],
  },
  {
    login: "robo",
    who: "Robo, AI agent",
    steps: [
      {
        say: "It may look things up, masked.",
        sql: "SELECT c.name, c.email, o.status FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.id = 10007",
        expect: { outcome: "masked", columns: ["email"] },
      },
      {
        say: "A DELETE without WHERE, tucked away in a CTE.",
        sql: "WITH tidy AS (DELETE FROM orders RETURNING id) SELECT count(*) FROM tidy",
        expect: {
          outcome: "refused",
          sqlstate: "42501",
          rule: "bounded-writes",
          names: ["bounded-writes", "shop/safe-writes"],
          unchanged: allOrders,
        },
      },
      {
        say: "A WHERE that is true for every row: what it says does not matter, changed rows are counted.",
        sql: "UPDATE orders SET status = 'lost' WHERE id > 0",
        expect: {
          outcome: "refused",
          sqlstate: "42501",
          rule: "no-bulk-writes",
          names: ["no-bulk-writes", "shop/agents"],
          unchanged: { sql: "SELECT count(*) FROM orders WHERE status <> 'lost'", rows: orderCount },
        },
      },
      {
        say: "Reading everything at once.",
        sql: "SELECT * FROM orders",
        expect: {
          outcome: "refused",
          sqlstate: "42501",
          rule: "no-bulk-reads",
          names: ["no-bulk-reads", "shop/agents"],
          unchanged: allOrders,
        },
      },
    ],
  },
];
