// `make image`: sidecar, operator and collector as an image archive, without a container engine: for `ctr images import`, `docker load` and the like.
// The same checkout on the same machine gives the same bytes. The Dockerfile makes the same root file system where an engine is at hand.
import { mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { writeArchive } from "./image/archive.ts";
import { rootFileSystem, USER_ID } from "./image/root.ts";

const [name = "localhost/weir:dev", target = ".weir/weir.tar"] = process.argv.slice(2);
const checkout = resolve(import.meta.dirname, "..");
const path = resolve(target);
const architectures: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };
const architecture = architectures[process.arch];

if (process.platform !== "linux" || architecture === undefined || !/:[\w][\w.-]*$/.test(name)) {
  process.stderr.write(
    "usage: image.ts [NAME:TAG [FILE]], on Linux with glibc, x64 or arm64: its Node.js becomes the image's\n",
  );
  process.exit(64);
}
mkdirSync(dirname(path), { recursive: true });
const config = {
  User: `${USER_ID}:${USER_ID}`,
  Env: ["PATH=/weir/bin", "NODE_ENV=production"],
  Entrypoint: ["/weir/bin/weir-sidecar"],
  WorkingDir: "/",
};
const digest = await writeArchive(path, { name, architecture, config }, rootFileSystem(checkout, process.execPath));
process.stdout.write(`${name} ${digest} ${path}\n`);
