import { trusted } from "../../pkg/bundle/key-links.ts";
import { publicKeys, signingKey } from "../../pkg/bundle/keys.ts";
import { nextKey } from "../../pkg/controller/signing-key.ts";

const publicOf = (pem: string | undefined) => signingKey(pem ?? "").public;

test("a key is made once, and replaced when that is asked for: the old one vouches for the new one", () => {
  const first = nextKey({})!;
  expect(nextKey(first)).toBeNull();
  const second = nextKey({ ...first, rotate: "now" })!;
  expect(Object.keys(second).sort()).toEqual(["key.pem", "links.json"]);
  const third = nextKey({ ...second, rotate: "" })!;
  const [old, now] = [publicOf(first["key.pem"]), publicOf(third["key.pem"])];
  expect(now.text).not.toBe(old.text);
  const keys = publicKeys(old.text);
  if (typeof keys === "string") throw new Error(keys);
  expect(trusted(keys, JSON.parse(third["links.json"]!)).map(({ text }) => text)).toEqual([
    old.text,
    publicOf(second["key.pem"]).text,
    now.text,
  ]);
  expect(third["links.json"]).not.toContain("PRIVATE");
});

test("a Secret without a key that can vouch is not rotated", () => {
  expect(() => nextKey({ "key.pem": "no key", rotate: "now" })).toThrow();
});
