// What the webhook writes into a pod is what the sidecar's program takes.
import { generateKeyPairSync } from "node:crypto";
import { readConfig } from "../../cmd/sidecar/config.ts";
import { expectedSidecar } from "../../pkg/admission/sidecar.ts";
import { databases, type Loose, settings } from "../support/injection.ts";

const { x } = generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" });
const bundleKeys = [Buffer.from(x!, "base64url").toString("base64")];

test.each([["shop"], ["bank"]])(
  "the environment of a sidecar in namespace %s is a whole configuration",
  (namespace) => {
    const { container, captured } = expectedSidecar(
      { ...settings, bundleKeys },
      namespace,
      databases.filter((each) => each.namespace === namespace),
      { mode: "native", workload: "Deployment/web" },
    );
    const fields: Readonly<Record<string, string>> = {
      "metadata.namespace": namespace,
      "metadata.name": "web-5d4f-x2x9k",
    };
    const env = Object.fromEntries(
      (container.env as Loose[]).map(({ name, value, valueFrom }) => [
        name,
        value ?? fields[valueFrom.fieldRef.fieldPath],
      ]),
    );
    const outcome = readConfig([], { env, version: "1", readFile: () => Buffer.alloc(64, "x") });
    expect(outcome).toMatchObject({
      do: "run",
      config: {
        listeners: captured.map(({ database, address }) =>
          expect.objectContaining({ host: address, port: database.port, database: `${namespace}/${database.name}` }),
        ),
        "admin.listen": expect.objectContaining({ port: 9464 }),
      },
    });
  },
);
