// The definitions on a real API server: they install, explain themselves, and refuse what the folder reader refuses, naming the field.
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { parseAllDocuments } from "yaml";
import { customResourceDefinitions } from "../../pkg/resources/crd.ts";
import { fromObjects } from "../../pkg/resources/parse-resources.ts";
import { formatProblem, type Problem } from "../../pkg/resources/problem.ts";
import { describeApi, startApi, type TestApi } from "../cluster/start-api.ts";
import { fullSpecs, oneValueChanged } from "../support/changed-resource.ts";
import { resourceArbitrary } from "../support/resource-arbitrary.ts";
import { refused } from "./refused-resources.ts";

const root = resolve(import.meta.dirname, "../..");
const kinds = {
  GovernedDatabase: "governeddatabases",
  DataPolicy: "datapolicies",
  ClusterDataPolicy: "clusterdatapolicies",
} as const;
type Kind = keyof typeof kinds;

interface Resource {
  readonly kind: Kind;
  readonly metadata: { readonly name: string };
}

function resource(kind: Kind, spec: unknown): Resource & { spec: unknown } {
  const namespace = kind === "ClusterDataPolicy" ? {} : { namespace: "default" };
  return { apiVersion: "weir.dev/v1alpha1", kind, metadata: { name: "x", ...namespace }, spec } as never;
}

function kindOf(definition: string): Kind {
  return (Object.keys(kinds) as Kind[]).find((kind) => definition.startsWith(kinds[kind]))!;
}

function documentsIn(...texts: readonly string[]): Resource[] {
  return texts.flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as Resource));
}

function textsOf(folder: string): readonly string[] {
  return readdirSync(join(root, folder)).map((name) => readFileSync(join(root, folder, name), "utf8"));
}

/** What only the reader can tell, because it takes other resources, a compiler of CEL, or the version of the sidecar. */
function readersOnly({ path, message, remedy }: Problem): boolean {
  return (
    (/^spec\.(budgets|detect|role|settings|relayPorts)$/.test(path) &&
      message === "is not supported by this version") ||
    (path === "spec.when" && !/^(must be|is empty)/.test(message) && remedy !== "shorten it") ||
    message.startsWith("there is no GovernedDatabase") ||
    (/^spec\.classify.*columns/.test(path) && /\*" in its path|cannot be told from an index/.test(message))
  );
}

function readerRefusals(object: unknown): readonly string[] {
  const { problems } = fromObjects([object]);
  return problems.filter((each) => each.severity === "error" && !readersOnly(each)).map(formatProblem);
}

describeApi("the definitions on an API server", () => {
  let api: TestApi;

  /** The message of a refusal; null when it is accepted. Nothing is stored. */
  async function serverRefusal(object: Resource): Promise<string | null> {
    const place = object.kind === "ClusterDataPolicy" ? "" : "namespaces/default/";
    const path = `/apis/weir.dev/v1alpha1/${place}${kinds[object.kind]}?dryRun=All&fieldValidation=Strict`;
    const { status, body } = await api.call("POST", path, {
      body: { ...object, metadata: { name: object.metadata.name } },
    });
    if (status === 201) return null;
    if (status !== 400 && status !== 422) throw new Error(`${status}: ${JSON.stringify(body)}`);
    return body.message;
  }

  /** The API server publishes descriptions some seconds after it takes resources. */
  async function untilExplained(): Promise<void> {
    for (const short of ["gdb", "dpol", "cdpol"])
      while ((await api.kubectl(["explain", short])).code !== 0) await delay(200);
  }

  beforeAll(async () => {
    api = await startApi();
    const applied = await api.kubectl(["apply", "--server-side", "-f", join(root, "crds")]);
    expect(applied).toMatchObject({ code: 0 });
    const established = [
      "wait",
      "crd",
      "--for=condition=Established",
      "--timeout=30s",
      ...Object.values(kinds).map((name) => `${name}.weir.dev`),
    ];
    expect(await api.kubectl(established)).toMatchObject({ code: 0 });
    await untilExplained();
  }, 120_000);
  afterAll(() => api?.stop(), 60_000);

  test("install without complaint, with short names and a category", async () => {
    for (const plural of Object.values(kinds)) {
      const { body } = await api.call(
        "GET",
        `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${plural}.weir.dev`,
      );
      const holding = body.status.conditions.filter(({ status }: { status: string }) => status === "True");
      expect(holding.map(({ type }: { type: string }) => type).sort()).toEqual(["Established", "NamesAccepted"]);
    }
    const { stdout } = await api.kubectl(["api-resources", "--categories=weir", "--no-headers"]);
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => line.split(/\s+/).slice(0, 2)),
    ).toEqual([
      ["clusterdatapolicies", "cdpol"],
      ["datapolicies", "dpol"],
      ["governeddatabases", "gdb"],
    ]);
  });

  test.each([
    [
      "datapolicy.spec.mask",
      ["stricter", "Partial: keeps a part", "method\t<string> -required-", '"Null" with its quotes'],
    ],
    [
      "dpol.spec.mask.parameters",
      ["Of Partial: characters kept at the start", "Default: 1.", "Of Fake: what is invented"],
    ],
    ["cdpol.spec.namespaceSelector", ["matchLabels", "Example: {stage: production}"]],
    ["dpol.spec.guard.rowsOver", ["share of the table", "Example: 1000"]],
    ["gdb.spec", ["PassThrough: applications with their own passwords", "Default: 5432"]],
    ["gdb.status.conditions", ["Accepted", "Programmed"]],
  ])("kubectl explain %s reads as a manual", async (path, phrases) => {
    const { code, stdout } = await api.kubectl(["explain", path]);
    expect(code).toBe(0);
    const flowing = stdout.replaceAll(/[ \n]+/g, " ");
    expect(phrases.filter((phrase) => !flowing.includes(phrase))).toEqual([]);
  });

  test("every example is accepted", async () => {
    const page = [...readFileSync(join(root, "docs/policies.md"), "utf8").matchAll(/```yaml\n([\s\S]*?)```/g)];
    const examples = documentsIn(
      ...textsOf("examples/standalone/policies"),
      ...textsOf("test/resources/fixtures"),
      ...page.map((match) => match[1]!),
    );
    expect(examples.length).toBeGreaterThan(9);
    for (const example of examples)
      expect([example.metadata.name, await serverRefusal(example)]).toEqual([example.metadata.name, null]);
  });

  test("what is left out gets its default, and status is not for its author", async () => {
    const path = "/apis/weir.dev/v1alpha1/namespaces/default/governeddatabases";
    const database = {
      ...resource("GovernedDatabase", { engine: "PostgreSQL", host: "db", tls: {} }),
      status: { pods: 5 },
    };
    const { body } = await api.call("POST", path, { body: database });
    expect(body.spec).toEqual({
      engine: "PostgreSQL",
      host: "db",
      pinIdentity: "Never",
      port: 5432,
      credentials: "PassThrough",
      tls: { mode: "Require" },
    });
    expect(body.status).toBeUndefined();
    const { stdout } = await api.kubectl(["get", "weir", "-A"]);
    expect(stdout.split("\n")[0]!.split(/\s+/)).toEqual([
      "NAMESPACE",
      "NAME",
      "HOST",
      "CREDENTIALS",
      "ACCEPTED",
      "PROGRAMMED",
      "AGE",
    ]);
    await api.call("DELETE", `${path}/x`);
  });

  test("status has conditions that are merged by their type, with the generation they speak of", async () => {
    const path = "/apis/weir.dev/v1alpha1/namespaces/default/datapolicies";
    await api.call("POST", path, { body: resource("DataPolicy", {}) });
    const apply = (manager: string, type: string, status: string) =>
      api.call("PATCH", `${path}/x/status?fieldManager=${manager}`, {
        contentType: "application/apply-patch+yaml",
        body: {
          apiVersion: "weir.dev/v1alpha1",
          kind: "DataPolicy",
          metadata: { name: "x" },
          status: {
            observedGeneration: 1,
            conditions: [
              {
                type,
                status,
                reason: "Valid",
                message: "m",
                lastTransitionTime: "2026-01-01T00:00:00Z",
                observedGeneration: 1,
              },
            ],
          },
        },
      });
    await apply("a", "Accepted", "True");
    const { status, body } = await apply("b", "Programmed", "False");
    expect(status).toBe(200);
    expect(body.metadata.generation).toBe(1);
    expect(body.status.conditions.map(({ type }: { type: string }) => type)).toEqual(["Accepted", "Programmed"]);
    await api.call("DELETE", `${path}/x`);
  });

  test.each(refused)("%s is refused, by name of the field, by the reader too", async (_, kind, spec, message) => {
    const object = resource(kind, spec);
    expect(await serverRefusal(object)).toMatch(message);
    expect(readerRefusals(object)).not.toEqual([]);
  });

  async function difference(object: Resource): Promise<string | null> {
    const [server, reader] = [await serverRefusal(object), readerRefusals(object)];
    if ((server !== null) === reader.length > 0) return null;
    return server === null ? `only the reader refuses: ${reader.join("; ")}` : `only the API server refuses: ${server}`;
  }

  const definitions = customResourceDefinitions().map((each) => [kindOf(each.metadata.name), each] as const);

  test.each(definitions)(
    "%s: one value of a whole resource changed, and both accept it or both refuse it",
    async (kind, definition) => {
      for (const spec of fullSpecs(definition)) {
        expect([await serverRefusal(resource(kind, spec)), readerRefusals(resource(kind, spec))]).toEqual([null, []]);
        const changed = oneValueChanged(definition, spec).values();
        const differences: string[] = [];
        const work = async () => {
          for (const { what, spec: each } of changed) {
            const found = await difference(resource(kind, each));
            if (found !== null) differences.push(`${what}: ${found.slice(0, 300)}`);
          }
        };
        await Promise.all(Array.from({ length: 8 }, work));
        expect(differences).toEqual([]);
      }
    },
    120_000,
  );

  test.each(definitions)(
    "%s: any resource is accepted by both or refused by both",
    async (kind, definition) => {
      const seen = { accepted: 0, refused: 0 };
      const property = fc.asyncProperty(resourceArbitrary(definition, 5), async (spec) => {
        seen[readerRefusals(resource(kind, spec)).length === 0 ? "accepted" : "refused"]++;
        expect(await difference(resource(kind, spec))).toBeNull();
      });
      await fc.assert(property, { numRuns: 300 });
      expect(Math.min(seen.accepted, seen.refused)).toBeGreaterThan(10);
    },
    120_000,
  );
});
