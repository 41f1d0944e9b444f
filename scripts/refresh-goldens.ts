// Writes the second half of every golden of test/admission/goldens anew. Look at the difference before you commit it.
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { goldens, goldenText, shapes } from "../test/support/injection.ts";

for (const name of readdirSync(goldens).filter((file) => file.endsWith(".patch.yaml"))) rmSync(join(goldens, name));
for (const name of shapes) writeFileSync(join(goldens, `${name}.patch.yaml`), goldenText(name));
