import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeArchive } from "../../scripts/image/archive.ts";
import type { Entry } from "../../scripts/image/tar.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-image-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const long = `${"deep/".repeat(30)}file.txt`;
writeFileSync(join(folder, "source"), "on disk");
const root: readonly Entry[] = [
  { kind: "folder", path: "etc", mode: 0o755 },
  { kind: "copy", path: "etc/copied", mode: 0o755, from: join(folder, "source"), size: 7 },
  { kind: "file", path: "etc/name", mode: 0o644, bytes: Buffer.from("weir\n") },
  { kind: "link", path: "etc/other", mode: 0o777, to: "name" },
  { kind: "file", path: long, mode: 0o600, bytes: Buffer.alloc(512, "x") },
];
const image = { name: "localhost/weir:dev", architecture: "amd64", config: { User: "13306:13306" } };
const write = (name: string, entries: readonly Entry[]) => writeArchive(join(folder, name), image, entries);
const list = (...args: string[]) => execFileSync("tar", args, { encoding: "utf8" });

test("the same entries give the same bytes, in whatever order they come", async () => {
  const digests = [await write("a.tar", root), await write("b.tar", [...root].reverse())];
  expect(digests[0]).toBe(digests[1]);
  expect(readFileSync(join(folder, "a.tar"))).toEqual(readFileSync(join(folder, "b.tar")));
  expect(await write("c.tar", root.slice(1))).not.toBe(digests[0]);
});

test("tar reads the archive and the layer: names, modes, owners, times and contents", async () => {
  await write("d.tar", root);
  list("-xf", join(folder, "d.tar"), "-C", folder);
  const [docker] = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8"));
  expect(docker.RepoTags).toEqual(["localhost/weir:dev"]);
  const layer = join(folder, docker.Layers[0]);
  const lines = list("--numeric-owner", "--utc", "-tvf", layer).trim().split("\n");
  expect(lines.map((line) => line.replace(/ +/g, " "))).toEqual([
    `-rw------- 0/0 512 1970-01-01 00:00 ${long}`,
    "drwxr-xr-x 0/0 0 1970-01-01 00:00 etc/",
    "-rwxr-xr-x 0/0 7 1970-01-01 00:00 etc/copied",
    "-rw-r--r-- 0/0 5 1970-01-01 00:00 etc/name",
    "lrwxrwxrwx 0/0 0 1970-01-01 00:00 etc/other -> name",
  ]);
  expect(list("-xOf", layer, "etc/copied", "etc/name")).toBe("on diskweir\n");
});

test("index, manifest and configuration name each other by digest", async () => {
  const digest = await write("e.tar", root);
  list("-xf", join(folder, "e.tar"), "-C", folder);
  const read = (path: string) => JSON.parse(readFileSync(join(folder, path), "utf8"));
  const blob = (name: string) => read(`blobs/sha256/${name.slice("sha256:".length)}`);
  const index = read("index.json");
  expect(index.manifests[0].digest).toBe(digest);
  const manifest = blob(digest);
  expect(blob(manifest.config.digest)).toMatchObject({
    architecture: "amd64",
    config: { User: "13306:13306" },
    rootfs: { diff_ids: [manifest.layers[0].digest] },
  });
});
