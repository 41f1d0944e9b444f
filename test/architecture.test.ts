// The arrows of docs/design.md section 6: which package may import which. Fails on any other import and on a package without a row.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const pure = ["wire", "session", "sql", "policy", "mask", "gate"];

/** `name:type` allows `import type` only. */
const table: Readonly<Record<string, readonly string[]>> = {
  wire: [],
  session: ["wire"],
  principal: [],
  sql: ["catalog:type"],
  catalog: [],
  policy: ["sql:type", "principal"],
  mask: ["wire", "policy"],
  gate: ["wire", "session", "sql", "catalog", "policy", "mask", "principal", "audit:type"],
  proxy: ["wire", "session", "catalog", "gate", "policy:type", "principal", "identity", "audit", "runtime"],
  identity: ["principal", "runtime"],
  audit: ["principal", "runtime"],
  ledger: ["audit"],
  evidence: ["ledger", "audit"],
  shipping: ["ledger", "audit", "runtime"],
  telemetry: ["shipping", "audit", "runtime"],
  resources: ["policy", "runtime"],
  admission: ["resources", "runtime"],
  bundle: ["audit", "runtime"],
  kube: ["runtime"],
  controller: ["resources", "bundle", "kube", "runtime"],
  serving: ["runtime"],
  store: ["audit", "runtime"],
  forwarding: ["shipping", "runtime"],
  collector: ["ledger", "store", "forwarding", "audit", "kube", "serving:type", "runtime"],
  runtime: [],
  localdb: ["runtime"],
};

interface Import {
  readonly from: string;
  readonly specifier: string;
  readonly typeOnly: boolean;
}

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, "utf8");
  const found = [
    ...text.matchAll(/^(import|export)\s+(type\s+)?[^;"]*?from\s+"([^"]+)"|^import\s+"([^"]+)"|import\("([^"]+)"\)/gm),
  ];
  return found.map((match) => ({
    from: relative(root, file),
    specifier: match[3] ?? match[4] ?? match[5] ?? "",
    typeOnly: match[2] !== undefined,
  }));
}

function packageOf(path: string): string | undefined {
  const [top, name] = path.split("/");
  return top === "pkg" ? name : undefined;
}

const imports = sources(join(root, "pkg")).flatMap(importsOf);

function violation(found: Import): string | undefined {
  const own = packageOf(found.from)!;
  if (!found.specifier.startsWith(".")) {
    const forbidden =
      pure.includes(own) &&
      /^(node:)?(fs|net|tls|http|https|timers|process|child_process|worker_threads|dgram|dns)(\/|$)/.test(
        found.specifier,
      );
    return forbidden ? `${found.from} imports ${found.specifier}, but ${own} is pure` : undefined;
  }
  const target = relative(root, resolve(root, found.from, "..", found.specifier));
  const other = packageOf(target);
  if (other === own) return undefined;
  if (other === undefined) return `${found.from} imports ${target}, outside pkg`;
  const allowed = table[own] ?? [];
  if (allowed.includes(other) || (found.typeOnly && allowed.includes(`${other}:type`))) return undefined;
  return `${found.from} imports ${other}, which ${own} may not${found.typeOnly ? "" : " (by value)"}`;
}

test("every package has a row in the table", () => {
  expect(readdirSync(join(root, "pkg")).sort()).toEqual(Object.keys(table).sort());
});

test("every import follows an arrow of the table", () => {
  expect(imports.map(violation).filter((text) => text !== undefined)).toEqual([]);
});

test("the pure packages use no process, timer, console or clock", () => {
  const offenders = pure
    .flatMap((name) => sources(join(root, "pkg", name)))
    .filter((file) =>
      /\b(process\.|setTimeout|setInterval|setImmediate|Date\.now|performance\.now|console\.)/.test(
        readFileSync(file, "utf8").replace(/\/\/.*$/gm, ""),
      ),
    );
  expect(offenders.map((file) => relative(root, file))).toEqual([]);
});

test("the ledger reads files, and neither network nor clock", () => {
  const network = /^(node:)?(net|tls|http|http2|https|timers|process|child_process|worker_threads|dgram|dns)(\/|$)/;
  const own = imports.filter((found) => packageOf(found.from) === "ledger");
  expect(own.filter(({ specifier }) => network.test(specifier) || !/^(node:|\.)/.test(specifier))).toEqual([]);
  const clock = /\b(process\.|setTimeout|setInterval|Date\.now|new Date\(\)|performance\.now|console\.)/;
  const offenders = sources(join(root, "pkg/ledger")).filter((file) =>
    clock.test(readFileSync(file, "utf8").replace(/\/\/.*$/gm, "")),
  );
  expect(offenders.map((file) => relative(root, file))).toEqual([]);
});

test("nothing imports cmd", () => {
  expect(imports.filter((found) => /(^|\/)cmd\//.test(found.specifier)).map((found) => found.from)).toEqual([]);
});
