import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readConfig } from "../../cmd/sidecar/config.ts";
import { configurationPage } from "../../cmd/sidecar/configuration-page.ts";

test("docs/configuration.md is what the table of settings says", () => {
  expect(readFileSync(join(import.meta.dirname, "../../docs/configuration.md"), "utf8")).toBe(configurationPage());
});

test("the page's example is accepted", () => {
  const example = /```yaml\n([\s\S]*?)```/.exec(configurationPage())![1]!;
  const readFile = (path: string) => Buffer.from(path === "example.yaml" ? example : "k".repeat(32));
  expect(readConfig(["--config", "example.yaml"], { env: {}, version: "0", readFile })).toMatchObject({ do: "run" });
});
