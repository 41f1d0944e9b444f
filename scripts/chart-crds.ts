// `make chart-crds`: copies the resource definitions of crds/ into the chart, which cannot reach outside its own folder.
import { cpSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const [from, to] = [join(root, "crds"), join(root, "charts/weir/files/crds")];
rmSync(to, { recursive: true, force: true });
for (const name of readdirSync(from).filter((each) => each.endsWith(".yaml"))) cpSync(join(from, name), join(to, name));
