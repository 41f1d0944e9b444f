// Names of statements and portals, as the server's own tables keep them.
import { Names } from "../../pkg/session/names.ts";

const long = "n".repeat(63);

test("names that are alike in their first 63 bytes are one", () => {
  const names = new Names<string>();
  names.set(`${long}x`, "first");
  expect(names.get(long)).toBe("first");
  names.drop(`${long}y`);
  expect(names.get(`${long}x`)).toBeUndefined();
  names.set(long.slice(1), "shorter");
  expect(names.get(long)).toBeUndefined();
});

test("changes undone from the last to the first leave what was there", () => {
  const names = new Names<string>();
  names.set("a", "1");
  names.set("b", "2");
  const undos = [
    names.set("a", "3"),
    names.clear(),
    names.set("c", "4"),
    names.drop("c"),
    names.clear((value) => value === "4"),
    names.drop("b"),
  ];
  expect(names.size).toBe(0);
  for (const undo of undos.reverse()) undo();
  expect([names.get("a"), names.get("b"), names.get("c")]).toEqual(["1", "2", undefined]);
});
