// What the demo shows of identities, as data: as whom, what is said, and what must come of it.

import type { Count, Step } from "./script.ts";
import { orderCount } from "./shop-data.ts";

const allOrders: Count = { sql: "SELECT count(*) FROM orders", rows: orderCount };

const ANA = "ana@shop.example";
const ROBO = `robo for ${ANA}`;

export const anaSteps: readonly Step[] = [
  {
    say: "She typed no password and has none: the policies know her from her token.",
    sql: "SELECT id, name, email, phone FROM customers ORDER BY id LIMIT 3",
    recordedAs: ANA,
    expect: { outcome: "masked", columns: ["email", "phone"] },
  },
];

export const roboSteps: readonly Step[] = [
  {
    say: "It reads for her. Each record says so: robo for ana@shop.example.",
    sql: "SELECT id, status, placed_at FROM orders ORDER BY id LIMIT 3",
    recordedAs: ROBO,
    expect: { outcome: "clear" },
  },
  {
    say: "Its token is for reading, whatever policies and the database would let it do.",
    sql: "UPDATE orders SET status = 'packed' WHERE id = 10001",
    recordedAs: ROBO,
    expect: {
      outcome: "refused",
      sqlstate: "42501",
      rule: "token",
      names: ["the token does not allow Update of public.orders"],
      unchanged: { sql: "SELECT count(*) FROM orders WHERE id = 10001 AND status = 'delivered'", rows: 1 },
    },
  },
];

/** Dana has copied robo's token out of its memory. */
export const thiefSteps = (token: string): readonly Step[] => [
  {
    say: "A copy of robo's token in somebody else's session is worth nothing.",
    sql: `SET weir.identity = '${token}'`,
    shown: "SET weir.identity = '<the token of robo, copied>'",
    recordedAs: "dana@shop.example",
    expect: {
      outcome: "refused",
      sqlstate: "42501",
      rule: "identity",
      names: ["the token of weir.identity does not count"],
      unchanged: allOrders,
    },
  },
];

export const identitySteps: readonly Step[] = [...anaSteps, ...roboSteps, ...thiefSteps("")];
