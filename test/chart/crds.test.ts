// The chart carries copies, because Helm reads nothing outside its folder.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");
const read = (folder: string) =>
  Object.fromEntries(
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith(".yaml"))
      .map((name) => [name, readFileSync(join(root, folder, name), "utf8")]),
  );

(existsSync(join(root, "crds")) ? test : test.skip)(
  "the chart's resource definitions are those of crds/ (else: make chart-crds)",
  () => {
    expect(read("charts/weir/files/crds")).toEqual(read("crds"));
  },
);
