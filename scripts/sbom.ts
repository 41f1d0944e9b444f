// `make sbom`: what the image is made of, as CycloneDX 1.5: the packages that it holds, by the lockfile, and Node.js. The same lockfile
// gives the same bytes, so nothing of the moment (time, serial number) is in it.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { shippedPackages } from "./image/root.ts";

export interface Component {
  readonly type: "library" | "application";
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  /** SPDX; `NOASSERTION` where the package says nothing. */
  readonly licenses: readonly [{ readonly expression: string }];
  readonly hashes?: readonly [{ readonly alg: "SHA-512"; readonly content: string }];
}

interface Locked {
  /** Where the folder has another name than the package. */
  readonly name?: string;
  readonly version: string;
  readonly license?: string;
  readonly integrity?: string;
}

export function sbomOf(checkout: string, nodeVersion: string) {
  const read = (file: string) => JSON.parse(readFileSync(join(checkout, file), "utf8"));
  const { packages } = read("package-lock.json") as { readonly packages: Readonly<Record<string, Locked>> };
  const { version, license } = read("package.json") as Locked & { readonly license: string };
  const components = shippedPackages(checkout).map((path) => componentOf(path, packages[path]!));
  const node: Component = {
    type: "application",
    name: "node",
    version: nodeVersion,
    purl: `pkg:generic/node@${nodeVersion}`,
    licenses: [{ expression: "MIT" }],
  };
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    version: 1,
    metadata: { component: { type: "application", name: "weir", version, licenses: [{ expression: license }] } },
    components: [node, ...new Map(components.map((component) => [component.purl, component])).values()].sort((a, b) =>
      a.purl < b.purl ? -1 : 1,
    ),
  } as const;
}

function componentOf(path: string, { name, version, license, integrity }: Locked): Component {
  const known = name ?? path.replace(/^.*node_modules\//, "");
  const sum = integrity?.match(/sha512-([A-Za-z0-9+/=]+)/)?.[1];
  return {
    type: "library",
    name: known,
    version,
    purl: `pkg:npm/${known.replace("@", "%40")}@${version}`,
    licenses: [{ expression: license ?? "NOASSERTION" }],
    ...(sum === undefined ? {} : { hashes: [{ alg: "SHA-512", content: Buffer.from(sum, "base64").toString("hex") }] }),
  };
}

if (process.argv[1] === import.meta.filename) {
  const target = resolve(process.argv[2] ?? ".weir/sbom.cdx.json");
  const { components, ...rest } = sbomOf(resolve(import.meta.dirname, ".."), process.versions.node);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, `${JSON.stringify({ ...rest, components }, null, 2)}\n`);
  process.stdout.write(`${target}: ${components.length} components\n`);
}
