import { byWay, foundByAttackers, foundByTheFirst } from "./all.ts";
import { noneLeaks } from "./none-leaks.ts";

test("there are at least 100 of them, each with a name of its own", () => {
  const names = [...byWay, ...foundByAttackers, ...foundByTheFirst].map((leak) => leak.name);
  expect(names.length).toBeGreaterThanOrEqual(100);
  expect(new Set(names).size).toBe(names.length);
});

noneLeaks(byWay);
