import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { selfSignedCertificate } from "../../pkg/localdb/certificate.ts";
import { installed } from "../support/operator.ts";

const program = resolve(import.meta.dirname, "../../cmd/operator/main.ts");

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "weir-operator-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

test("a bad configuration ends it with 64 and all problems, of the files too", () => {
  const settings = put("settings.json", '{"image":""}');
  const env = {
    ...process.env,
    WEIR_INJECTION_SETTINGS: settings,
    WEIR_TLS_CERTIFICATE: settings,
    WEIR_TLS_KEY: settings,
    WEIR_KNOWN_FOLDER: join(folder, "none"),
  };
  const { status, stderr } = spawnSync(process.execPath, [program, "--roles=webhook"], { env, encoding: "utf8" });
  expect([status, stderr.replaceAll(folder, "")]).toEqual([
    64,
    [
      "weir-operator: the configuration has 4 problems",
      "  /settings.json, /settings.json: are not a certificate and its key as PEM",
      "  /settings.json: image: does not fit; write an image, at best as repository@sha256:...",
      "  /settings.json: cluster: is missing; write the cluster's name, as records are to show it",
      "  /none: cannot be read (ENOENT); name a folder of YAML",
      "",
    ].join("\n"),
  ]);
});

test("it starts on a folder and stops in good order on SIGTERM", async () => {
  const { certificate, key } = selfSignedCertificate(["127.0.0.1"]);
  put(
    "shop.yaml",
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, annotations: {weir.dev/governance: enabled}}\n",
  );
  const env = {
    PATH: process.env.PATH,
    WEIR_INJECTION_SETTINGS: put("settings.json", installed),
    WEIR_TLS_CERTIFICATE: put("tls.crt", certificate),
    WEIR_TLS_KEY: put("tls.key", key),
    WEIR_KNOWN_FOLDER: folder,
    WEIR_LISTEN: "127.0.0.1:0",
    WEIR_ADMIN_LISTEN: "127.0.0.1:0",
    WEIR_DRAIN_SECONDS: "0",
  };
  const child = spawn(process.execPath, [program, "--roles=webhook"], { env, stdio: ["ignore", "ignore", "pipe"] });
  const exited = once(child, "exit");
  let log = "";
  for await (const chunk of child.stderr) {
    const before = log.includes("operator_started");
    log += chunk;
    if (!before && log.includes("operator_started")) child.kill("SIGTERM");
  }
  expect([await exited, log]).toEqual([[0, null], expect.stringMatching(/operator_stopping[\s\S]*operator_stopped/)]);
});
