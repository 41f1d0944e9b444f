// The root file system of the image: Node.js with its libraries, certificates, a user, and the programs with what they need to run.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Entry } from "./tar.ts";

export const USER_ID = 13306;

/** Of the checkout: what runs. The command line and the demo's database stay out. */
const programs = ["sidecar", "operator", "collector"];
const sources = [...programs.map((name) => `cmd/${name}`), "pkg"];
const left = /^(pkg\/localdb)(\/|$)|\.(d\.[cm]?ts|map)$/;
const certificates = "/etc/ssl/certs/ca-certificates.crt";

export function rootFileSystem(checkout: string, node: string): readonly Entry[] {
  const files = [
    copy(node, "weir/bin/node", 0o755),
    ...programs.map((name) => copy(join(checkout, `scripts/image/bin/weir-${name}`), `weir/bin/weir-${name}`, 0o755)),
    copy(join(checkout, "package.json"), "weir/package.json"),
    ...[...sources, ...shippedPackages(checkout)].flatMap((folder) => tree(checkout, folder)),
    ...libraries(node),
    copy(certificates, certificates.slice(1)),
    text("etc/passwd", `root:x:0:0::/:/sbin/nologin\nweir:x:${USER_ID}:${USER_ID}::/:/sbin/nologin\n`),
    text("etc/group", `root:x:0:\nweir:x:${USER_ID}:\n`),
    text("etc/nsswitch.conf", "hosts: files dns\n"),
  ];
  return [...foldersOf(files), { kind: "folder", path: "tmp", mode: 0o1777 }, ...files];
}

export function copy(from: string, path: string, mode = 0o644): Entry {
  return { kind: "copy", path, mode, from, size: statSync(from).size };
}

export function text(path: string, content: string): Entry {
  return { kind: "file", path, mode: 0o644, bytes: Buffer.from(content) };
}

/** Of `folder` below `checkout`, to the same path below `into`. */
export function tree(checkout: string, folder: string, into = "weir"): Entry[] {
  if (!existsSync(join(checkout, folder))) return [];
  return readdirSync(join(checkout, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (left.test(path)) return [];
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : tree(checkout, path, into);
    return entry.isFile() ? [copy(join(checkout, path), `${into}/${path}`)] : [];
  });
}

/** Folders of packages that are not for development only. Of the optional ones npm has installed those for this platform; Node.js is there already. */
export function shippedPackages(checkout: string): string[] {
  const { packages } = JSON.parse(readFileSync(join(checkout, "package-lock.json"), "utf8"));
  return Object.keys(packages).filter(
    (path) => path !== "" && !packages[path].dev && !/(^|\/)node-(bin|linux)-[^/]*$/.test(path),
  );
}

/** The shared libraries that the dynamic linker loads for the program, and the linker itself, each at its own path. */
export function libraries(program: string): Entry[] {
  const listed = execFileSync("ldd", [program], { encoding: "utf8" });
  const paths = [...listed.matchAll(/(?:=> )?(\/[^ ]+) \(0x/g)].map((match) => match[1]!);
  if (paths.length === 0) throw new Error(`${program}: ldd names no libraries; this needs a Linux with glibc`);
  return [...new Set(paths)].map((path) => copy(realpathSync(path), path.slice(1), 0o755));
}

export function foldersOf(files: readonly Entry[]): Entry[] {
  const folders = new Set<string>();
  for (const { path } of files)
    for (let folder = dirname(path); folder !== "."; folder = dirname(folder)) folders.add(folder);
  return [...folders].map((path) => ({ kind: "folder", path, mode: 0o755 }));
}
