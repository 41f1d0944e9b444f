import { identifyBy } from "../../cmd/sidecar/identify.ts";

const identify = identifyBy({ ana: { kind: "Human", name: "ana@shop.example", groups: ["analysts"], proof: null } });

test("a listed login is who the map says, at the lowest assurance", () => {
  expect(identify("ana")).toEqual({
    kind: "Human",
    name: "ana@shop.example",
    groups: ["analysts"],
    login: "ana",
    issuer: "configuration",
    assurance: "L0",
  });
});

test.each(["orders-api", "__proto__", "toString", "Ana", ""])(
  "an unlisted login %p is a Service of that name",
  (login) => {
    expect(identify(login)).toMatchObject({ kind: "Service", name: login, login, groups: [] });
  },
);

test("a login keeps its object, so that what is derived from it can be kept", () => {
  expect(identify("ana")).toBe(identify("ana"));
});
