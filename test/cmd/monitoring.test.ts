// Alerts, dashboards and runbooks speak of what is there: each metric is one that a program has, each alert has its section.
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Registry } from "prom-client";
import { parse } from "yaml";
import { admissionMetrics, operatorRegistry, readyMetric, roleMetrics } from "../../cmd/operator/metrics.ts";
import { metricsOf } from "../../cmd/sidecar/metrics.ts";
import { intakeMetrics, requestMetrics, watchedGauges } from "../../pkg/collector/metrics.ts";
import { certificateExpiry } from "../../pkg/serving/certificate-expiry.ts";
import { dashboards, jsonOf } from "../../scripts/dashboards.ts";

const root = join(import.meta.dirname, "../..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const rulesFile = "charts/weir/files/alerts.yaml";
const { groups } = parse(read(rulesFile)) as {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[];
};
const rules = groups.flatMap((group) => group.rules);
const queries = [
  ...rules.map(({ alert, expr }) => ({ where: alert, expr })),
  ...dashboards.flatMap(({ uid, panels }) =>
    panels.flatMap(({ title, queries }) => Object.values(queries).map((expr) => ({ where: `${uid}: ${title}`, expr }))),
  ),
];

/** Of all programs, with the default ones of a process. */
function knownMetrics(): ReadonlySet<string> {
  const operator = operatorRegistry();
  admissionMetrics(operator, () => 0);
  const roles = roleMetrics(operator);
  roles.leads(() => true);
  roles.trusted(() => true);
  readyMetric(operator, () => []);
  certificateExpiry(operator, () => null);
  const collector = new Registry();
  intakeMetrics(collector);
  requestMetrics(collector);
  watchedGauges(collector, () => {
    throw new Error("not read");
  });
  const bundle = { version: "v1", ageSeconds: 0, refusedTotal: 0 };
  const nothing = () => 0;
  const sidecar = metricsOf({
    governor: () => ({}) as never,
    audit: () => ({}) as never,
    relays: () => ({}) as never,
    unmatchedPatterns: nothing,
    policyProblems: nothing,
    policyReloads: nothing,
    bundle: () => bundle as never,
    behind: () => null,
  });
  const found = [operator, collector, sidecar].flatMap((registry) => registry.getMetricsAsArray());
  return new Set(
    found.flatMap(({ name, type }) =>
      String(type) === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
  );
}

test("every metric that an alert or a dashboard asks for is one that a program has", () => {
  const known = knownMetrics();
  expect(known.size).toBeGreaterThan(60);
  const unknown = queries.flatMap(({ where, expr }) =>
    [...expr.matchAll(/\b(?:weir|process)_[a-z_]+/g)].flatMap(([name]) =>
      known.has(name) ? [] : [`${where}: ${name}`],
    ),
  );
  expect(unknown).toEqual([]);
  expect(queries.filter(({ expr }) => !/\b(weir|process)_|\bup\b/.test(expr))).toEqual([]);
});

test("every alert has its section in docs/runbooks.md, with a command, and no section is left over", () => {
  const sections = read("docs/runbooks.md").split(/^## /m).slice(1);
  expect(sections.map((section) => section.split("\n")[0])).toEqual(rules.map(({ alert }) => alert));
  expect(sections.filter((section) => !section.includes("```sh")).map((section) => section.split("\n")[0])).toEqual([]);
});

test("the chart's dashboards are those of scripts/dashboards.ts (make dashboards)", () => {
  for (const dashboard of dashboards)
    expect(read(`charts/weir/files/dashboards/${dashboard.uid}.json`)).toBe(jsonOf(dashboard));
});

const hasPromtool = spawnSync("promtool", ["--version"]).status === 0;
(hasPromtool ? test : test.skip)("Prometheus' own checker takes the alerts (needs promtool)", () => {
  expect(execFileSync("promtool", ["check", "rules", join(root, rulesFile)], { encoding: "utf8" })).toContain(
    "SUCCESS",
  );
});
