// Writes the CustomResourceDefinitions into the folders that it is given, one file for each kind (`make crds`).
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crdFiles } from "../pkg/resources/crd-files.ts";

for (const folder of process.argv.slice(2)) {
  mkdirSync(folder, { recursive: true });
  for (const { name, text } of crdFiles()) writeFileSync(join(folder, name), text);
}
