// What the suites need of the machine: a PostgreSQL 15 server with the drivers of its tests, and the tests themselves, which are only in
// its source. As root with apt what is missing is installed or fetched; else it is told.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { privateAptOptions } from "./source-lists.ts";

const MAJOR = 15;
const library = `/usr/lib/postgresql/${MAJOR}`;
const folder = resolve(import.meta.dirname, "../../.weir/suites");

export interface Tools {
  /** Everything that the suites write. */
  readonly folder: string;
  readonly binaries: string;
  /** src/test of PostgreSQL's source. */
  readonly source: string;
  /** regress.so and the contributed libraries that tests load. */
  readonly libraries: string;
  readonly regress: string;
  readonly isolation: string;
  readonly pipeline: string;
}

export interface Prepared {
  readonly tools: Tools;
  /** What is not there and how to get it; empty: all is. */
  readonly missing: readonly string[];
}

type Say = (line: string) => void;

/** `needsSource`: PostgreSQL's own tests are wanted, not only those of drivers. */
export async function prepare(say: Say, needsSource: boolean): Promise<Prepared> {
  mkdirSync(folder, { recursive: true });
  const drivers = `${library}/lib/pgxs/src/test`;
  const libraries = join(folder, "lib");
  const mayInstall = process.getuid?.() === 0 && existsSync("/usr/bin/apt-get");
  const missing: string[] = [];
  const need = (what: string, isThere: () => boolean, remedy: string, make: () => void) => {
    if (isThere()) return;
    if (mayInstall) attempt(say, what, make);
    if (!isThere()) missing.push(`${what}: ${remedy}`);
  };
  const isolation = join(drivers, "isolation/pg_isolation_regress");
  need(
    `PostgreSQL ${MAJOR} with pg_isolation_regress`,
    () => existsSync(join(library, "bin/initdb")) && (!needsSource || existsSync(isolation)),
    `as root: apt-get install postgresql-${MAJOR} postgresql-server-dev-${MAJOR}`,
    () => apt(["install", "-y", "--no-install-recommends", `postgresql-${MAJOR}`, `postgresql-server-dev-${MAJOR}`]),
  );
  const pipeline = join(folder, "libpq_pipeline");
  const regress = join(drivers, "regress/pg_regress");
  const binaries = join(library, "bin");
  if (!needsSource)
    return { tools: { folder, binaries, source: "", libraries, regress, isolation, pipeline }, missing };
  need(
    "a C compiler",
    () => finds("cc"),
    "as root: apt-get install gcc libc6-dev",
    () => apt(["install", "-y", "--no-install-recommends", "gcc", "libc6-dev"]),
  );
  need(
    "dpkg-source",
    () => finds("dpkg-source"),
    "as root: apt-get install dpkg-dev",
    () => apt(["install", "-y", "--no-install-recommends", "dpkg-dev"]),
  );
  need(
    `the source of PostgreSQL ${MAJOR}`,
    () => sourceFolder() !== null,
    `unpack it so that ${folder}/postgresql-${MAJOR}.x/src/test is there`,
    fetchSource,
  );
  const source = sourceFolder();
  need(
    "regress.so",
    () => existsSync(join(libraries, "regress.so")),
    "see the compiler's message above",
    () => buildLibraries(source, libraries),
  );
  need(
    "libpq_pipeline",
    () => existsSync(pipeline),
    `as root: apt-get install libpq-dev postgresql-server-dev-${MAJOR}; or see the compiler's message above`,
    () => buildPipeline(source, pipeline),
  );
  return {
    tools: { folder, binaries, source: source ?? "", libraries, regress, isolation, pipeline },
    missing,
  };
}

function attempt(say: Say, what: string, make: () => void): void {
  say(`fetching or making: ${what}`);
  try {
    make();
  } catch (error) {
    const { stderr, message } = error as { stderr?: Buffer; message: string };
    say(
      `  it failed: ${String(stderr ?? message)
        .trim()
        .slice(-800)}`,
    );
  }
}

function apt(args: readonly string[], cwd = folder): void {
  execFileSync("apt-get", args, {
    cwd,
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
}

function finds(program: string): boolean {
  return (process.env.PATH ?? "").split(":").some((path) => existsSync(join(path, program)));
}

/** Lists of sources of our own, so that the machine's stay as they are. */
function fetchSource(): void {
  const options = privateAptOptions(join(folder, "apt"));
  apt([...options, "update"]);
  const shown = execFileSync("apt-cache", [...options, "showsrc", `postgresql-${MAJOR}`], { encoding: "utf8" });
  const versions = [...shown.matchAll(/^Version: (.+)$/gm)].map(([, version]) => version!);
  fetchFirst(versions, (version) => apt([...options, "source", `postgresql-${MAJOR}=${version}`]));
}

/** A mirror may list the newest version and not hold it; tests of an older minor version do as well. */
function fetchFirst(versions: readonly string[], fetch: (version: string) => void): void {
  let failure: unknown = new Error("the machine's package sources list no source of it");
  for (const version of versions) {
    try {
      return fetch(version);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

function sourceFolder(): string | null {
  const found = readdirSync(folder).filter((name) => new RegExp(`^postgresql-${MAJOR}[-.][0-9.]+$`).test(name));
  const tests = found
    .map((name) => join(folder, name, "src/test"))
    .find((path) => existsSync(join(path, "regress/regress.c")));
  return tests ?? null;
}

function buildLibraries(source: string | null, libraries: string): void {
  if (source === null) return;
  mkdirSync(libraries, { recursive: true });
  const headers = execFileSync(join(library, "bin/pg_config"), ["--includedir-server"], { encoding: "utf8" }).trim();
  const built = join(folder, "regress.so");
  execFileSync("cc", ["-O1", "-fPIC", "-shared", `-I${headers}`, "-o", built, join(source, "regress/regress.c")], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  for (const name of ["autoinc.so", "refint.so"]) {
    const contributed = join(library, "lib", name);
    if (existsSync(contributed) && !existsSync(join(libraries, name))) symlinkSync(contributed, join(libraries, name));
  }
  copyFileSync(built, join(libraries, "regress.so"));
}

function buildPipeline(source: string | null, program: string): void {
  if (source === null) return;
  if (!existsSync("/usr/include/postgresql/libpq-fe.h")) apt(["install", "-y", "--no-install-recommends", "libpq-dev"]);
  const { include, internal, headers, libraries } = {
    include: "/usr/include/postgresql",
    internal: "/usr/include/postgresql/internal",
    headers: execFileSync(join(library, "bin/pg_config"), ["--includedir-server"], { encoding: "utf8" }).trim(),
    libraries: join(library, "lib"),
  };
  const code = join(source, "modules/libpq_pipeline/libpq_pipeline.c");
  execFileSync(
    "cc",
    [
      ...["-O1", `-I${headers}`, `-I${include}`, `-I${internal}`, "-o", program, code],
      ...[`-L${libraries}`, "-lpq", "-lpgcommon", "-lpgport", "-lm"],
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
}
