// What ships: the list of components is whole, the same each time, and under licences that go with Apache-2.0.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { rootFileSystem } from "../scripts/image/root.ts";
import { sbomOf } from "../scripts/sbom.ts";

const checkout = join(import.meta.dirname, "..");
const permissive = new Set([
  "MIT",
  "Apache-2.0",
  "BSD-3-Clause",
  "ISC",
  "0BSD",
  "PSF-2.0",
  "Unlicense",
  "BlueOak-1.0.0",
]);

/** What says it in prose only, as read in the package: DejaVu and Bitstream Vera (permissive, with a reserved name), MIT. */
const inProse = ["pkg:npm/dejavu-fonts-ttf@2.37.3", "pkg:npm/png-js@2.0.0"];

test("every package that runs is under a permissive licence", () => {
  const others = sbomOf(checkout, "24.0.0").components.filter(
    ({ purl, licenses }) =>
      !inProse.includes(purl) &&
      !licenses[0].expression.split(/[() ]+|AND/).every((one) => one === "" || permissive.has(one)),
  );
  expect(others.map(({ purl, licenses }) => `${purl}: ${licenses[0].expression}`)).toEqual([]);
});

const onLinux = process.platform === "linux" ? test : test.skip;
onLinux("every package of the image is listed, and is the same each time", () => {
  const held = rootFileSystem(checkout, process.execPath)
    .map(
      ({ path }) => path.match(/^weir\/node_modules\/(?:.*node_modules\/)?((?:@[^/]+\/)?[^/]+)\/package\.json$/)?.[1],
    )
    .filter((name): name is string => name !== undefined);
  expect(held.length).toBeGreaterThan(50);
  const { packages } = JSON.parse(readLock());
  const folders = new Set(held.map((name) => packages[`node_modules/${name}`]?.name ?? name));
  const listed = new Set<string>(sbomOf(checkout, "24.0.0").components.map(({ name }) => name));
  expect([...folders].filter((name) => !listed.has(name))).toEqual([]);
  expect(JSON.stringify(sbomOf(checkout, "24.0.0"))).toBe(JSON.stringify(sbomOf(checkout, "24.0.0")));
});

function readLock(): string {
  return readFileSync(join(checkout, "package-lock.json"), "utf8");
}
