// `weir explain SQL`: what a statement does, where each column comes from, which rules match and what is decided, without running it.
import { readFileSync } from "node:fs";
import type { DatabaseName, PolicySet } from "../../../pkg/policy/rules.ts";
import type { Principal, PrincipalKind } from "../../../pkg/principal/principal.ts";
import { CatalogError } from "../../../pkg/proxy/catalog-connection.ts";
import { LoginError } from "../../../pkg/proxy/login-error.ts";
import { loadPolicySet } from "../../../pkg/resources/compile.ts";
import { formatProblem } from "../../../pkg/resources/problem.ts";
import { readFolder } from "../../../pkg/resources/read-folder.ts";
import { hint } from "../../../pkg/runtime/closest.ts";
import { type Command, exits, readArguments, UsageError } from "../command.ts";
import type { Terminal } from "../terminal.ts";
import { printTold } from "./print-told.ts";
import { schemaOf, schemaOfDump } from "./schema-source.ts";
import { tell } from "./told.ts";

const options = {
  policies: { type: "string" },
  upstream: { type: "string" },
  schema: { type: "string" },
  database: { type: "string" },
  login: { type: "string" },
  kind: { type: "string" },
  name: { type: "string" },
  group: { type: "string", multiple: true },
  environment: { type: "string" },
  "search-path": { type: "string" },
  json: { type: "boolean", default: false },
} as const;

export const explain: Command = {
  summary: "show what a statement does and what would be decided",
  help: `usage: weir explain SQL --policies FOLDER (--upstream URL | --schema FILE) [options]

Analyses SQL ("-" reads it from standard input) as the sidecar does, without running it, and shows what it does, where each
column of its result comes from, the rules that match, and the decision.

  --policies FOLDER     the policy folder
  --upstream URL        postgres://login:password@host:port/database; only its catalogue is read (PGPASSWORD works, too)
  --schema FILE         instead: a plain schema dump (pg_dump --schema-only), loaded into a PostgreSQL of its own
  --database NAME       the GovernedDatabase, as namespace/name; when not given, the only one of the folder
  --login NAME          who asks: the database login; "postgres" when not given
  --kind KIND           Human, Agent or Service; Service when not given
  --name NAME           the principal's name; the login when not given
  --group NAME          a group of the principal; may be given several times
  --environment NAME    session.environment of policies' conditions; "default" when not given
  --search-path PATH    how names resolve; '"$user", public' when not given
  --json                facts, lineage and decision as JSON

exit codes: 0 every statement would be allowed, masked or not, 1 one would be refused, 64 wrong arguments, 69 the database cannot be reached`,
  async run(args, terminal) {
    const { values, positionals } = readArguments(args, options, 1);
    const [sql] = positionals;
    if (sql === undefined) throw new UsageError('name the statement: weir explain "SELECT ..."');
    if (values.policies === undefined) throw new UsageError("name the policy folder: --policies FOLDER");
    if ((values.upstream === undefined) === (values.schema === undefined))
      throw new UsageError("say where the schema is: --upstream URL or --schema FILE");
    const set = policiesIn(values.policies, terminal);
    if (set === null) return exits.usage;
    const principal = principalOf(values);
    const database = databaseOf(set, values.database);
    const searchPath = values["search-path"] ?? '"$user", public';
    const schema = await reached(() =>
      values.upstream === undefined ? schemaOfDump(values.schema!, searchPath) : schemaOf(values.upstream, searchPath),
    );
    if (typeof schema === "string") {
      terminal.print(schema);
      return exits.unavailable;
    }
    const text = sql === "-" ? readFileSync(0, "utf8") : sql;
    const told = await tell({ text, schema, set, database, principal, environment: values.environment ?? "default" });
    if (values.json) terminal.print(JSON.stringify({ principal, database, statements: told }, null, 2));
    else printTold(told, terminal);
    return told.some(({ decision }) => decision.verdict === "refuse") ? exits.failed : exits.good;
  },
};

function policiesIn(folder: string, terminal: Terminal): PolicySet | null {
  const { set, problems } = loadPolicySet(filesIn(folder), { maskKey: true, namespace: "default" });
  if (set === null) for (const problem of problems) terminal.print(formatProblem(problem));
  return set;
}

function filesIn(folder: string) {
  try {
    return readFolder(folder);
  } catch (error) {
    throw new UsageError(`--policies: ${folder} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

const kinds: readonly PrincipalKind[] = ["Human", "Agent", "Service"];

interface Who {
  readonly login?: string | undefined;
  readonly kind?: string | undefined;
  readonly name?: string | undefined;
  readonly group?: string[] | undefined;
}

function principalOf({ login = "postgres", kind = "Service", name = login, group = [] }: Who): Principal {
  const known = kinds.find((each) => each === kind);
  if (known === undefined) throw new UsageError(`--kind ${kind}: there is ${kinds.join(", ")}${hint(kind, kinds)}`);
  return { kind: known, name, issuer: "configuration", groups: group, assurance: "L0", login };
}

function databaseOf({ databases }: PolicySet, wanted: string | undefined): DatabaseName {
  const names = databases.map(({ namespace, name }) => `${namespace}/${name}`);
  const name = ({ namespace, name: own }: DatabaseName): DatabaseName => ({ namespace, name: own });
  if (wanted === undefined && databases.length === 1) return name(databases[0]!);
  if (wanted === undefined)
    throw new UsageError(
      `say which GovernedDatabase with --database; there is ${names.join(", ") || "none in the folder"}`,
    );
  const found = databases.find(({ namespace, name }) => `${namespace}/${name}` === wanted || name === wanted);
  if (found === undefined)
    throw new UsageError(`--database ${wanted}: there is ${names.join(", ") || "none"}${hint(wanted, names)}`);
  return name(found);
}

/** A text says why the database could not be asked. */
async function reached<T>(ask: () => Promise<T>): Promise<T | string> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof CatalogError) return `the database refuses: ${error.message} (${error.sqlstate})`;
    if (error instanceof LoginError) return `the database cannot be reached: ${error.message}`;
    throw error;
  }
}
