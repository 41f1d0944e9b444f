import { capture } from "../../pkg/admission/capture.ts";
import { spellings } from "../../pkg/resources/service-names.ts";
import { databasesIn } from "../support/injection.ts";

const names = (host: string) => spellings(host, "shop", "cluster.local");

test.each([
  ["db", ["db", "db.shop", "db.shop.svc", "db.shop.svc.cluster.local"]],
  ["db.shop", ["db", "db.shop", "db.shop.svc", "db.shop.svc.cluster.local"]],
  ["DB.shop.svc.", ["db", "db.shop", "db.shop.svc", "db.shop.svc.cluster.local"]],
  ["db.data.svc.cluster.local", ["db.data", "db.data.svc", "db.data.svc.cluster.local"]],
  ["db-0.db.shop.svc", ["db-0.db", "db-0.db.shop", "db-0.db.shop.svc", "db-0.db.shop.svc.cluster.local"]],
  ["example.com", ["example.com", "example.com.svc", "example.com.svc.cluster.local"]],
  ["db.eu.example.com", ["db.eu.example.com"]],
  ["10.0.0.1", []],
  ["fd00::1", []],
  ["localhost", []],
  ["Db.localhost.", []],
  ["-db", []],
  ["a..b", []],
])("%s is called %j", (host, expected) => {
  expect(names(host)).toEqual(expected);
});

function captured(...hosts: readonly string[]) {
  const texts = hosts.map((host, i) => {
    const [name, port = 5432] = host.split(" ");
    return `apiVersion: weir.dev/v1alpha1\nkind: GovernedDatabase\nmetadata: {name: d${String(i).padStart(3, "0")}, namespace: shop}\nspec: {engine: PostgreSQL, host: ${name}, port: ${port}}\n`;
  });
  const { captured, left } = capture("shop", databasesIn(texts.join("---\n")), "cluster.local");
  return {
    captured: captured.map(({ database, address }) => `${database.name} ${address}:${database.port}`),
    left: left.map(({ database, why }) => `${database.name} ${why}`),
  };
}

test("each database has an address by its place among the names", () => {
  const many = Array.from({ length: 252 }, (_, i) => `h${i}`);
  const { captured: all } = captured(...many);
  expect([all[0], all[249], all[250], all[251]]).toEqual([
    "d000 127.83.0.1:5432",
    "d249 127.83.0.250:5432",
    "d250 127.83.1.1:5432",
    "d251 127.83.1.2:5432",
  ]);
});

test("two ports of one host share its address, for a name leads to one only", () => {
  expect(captured("db 5432", "other", "db.shop.svc 6432")).toEqual({
    captured: ["d000 127.83.0.1:5432", "d001 127.83.0.2:5432", "d002 127.83.0.1:6432"],
    left: [],
  });
});

test("the same endpoint twice, and a unix socket, are left out", () => {
  expect(captured("db", "db.shop", "/run/postgresql")).toEqual({
    captured: ["d000 127.83.0.1:5432"],
    left: ["d001 SameEndpoint", "d002 UnixSocket"],
  });
});

test("an address twice has two listeners: the admission policy, which cannot tell that they are one, asks for each", () => {
  expect(captured("10.0.0.1", "10.0.0.1", "10.0.0.1 5433")).toEqual({
    captured: ["d000 127.83.0.1:5432", "d001 127.83.0.2:5432", "d002 127.83.0.3:5433"],
    left: [],
  });
});
