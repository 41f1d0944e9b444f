// What a gateway's clients write, and what it means.
import { parseGatewayName } from "../../cmd/sidecar/gateway-name.ts";

test.each([
  ["orders", "shop/orders", null],
  ["hr.people", "hr/people", null],
  ["hr/people", "hr/people", null],
  ["hr.people~app_db", "hr/people", "app_db"],
  ["orders~App.Db/x~y", "shop/orders", "App.Db/x~y"],
  ["hr.people.v2", "hr/people.v2", null],
])("%s is %s and its server's %s", (text, database, serverDatabase) => {
  expect(parseGatewayName(text, "shop")).toEqual({ database, serverDatabase });
});

test.each([
  "",
  "~app",
  "orders~",
  ".orders",
  "/orders",
  "hr.",
  "hr//people",
  "hr/../people",
  "Orders",
  "orders ",
  "orders\n",
  "hr%2Epeople",
  "örders",
  `orders~${"x".repeat(64)}`,
  "a".repeat(400),
  `${"n".repeat(64)}.orders`,
])("%j is no name", (text) => {
  expect(parseGatewayName(text, "shop")).toBe(null);
});
