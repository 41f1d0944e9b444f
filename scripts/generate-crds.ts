// Writes the CustomResourceDefinitions into crds/, one file for each kind (`make crds`).
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { crdFiles } from "../pkg/resources/crd-files.ts";

const folder = resolve(import.meta.dirname, "../crds");
mkdirSync(folder, { recursive: true });
for (const { name, text } of crdFiles()) writeFileSync(join(folder, name), text);
