// Who is trusted without a proof in a pod is not at a gateway: a forwarded port leads everyone to a loopback address.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentialsOf, upstreamLoginOf } from "../../cmd/sidecar/credentials-of.ts";
import type { Values } from "../../cmd/sidecar/settings.ts";
import type { Brokered } from "../../pkg/proxy/credentials.ts";

const settings = (gateway: Values["gateway.listen"], logins: string | null = null) =>
  ({
    "bundle.url": new URL("https://weir.example:10250/v1/bundle"),
    "gateway.listen": gateway,
    "gateway.logins": logins,
    "identity.certificates": [],
    identities: {},
    upstreamLogins: logins === null ? { "shop/orders": { user: "app", passwordFile: "/nowhere" } } : {},
    namespace: "shop",
  }) as unknown as Values;

function proofOf(config: Values) {
  const upstream = { name: "shop/orders", host: "db", port: 5432, tls: { mode: "disable" as const } };
  const governed = { database: "shop/orders", credentials: "Brokered" as const, identity: null, upstream };
  return (credentialsOf(governed, config, { saltKey: Buffer.alloc(32), verifier: null }) as Brokered).clients(
    "stranger",
  );
}

test("with bundles, a login that is not listed is trusted in a pod and not at a gateway", () => {
  expect(proofOf(settings(null))).toEqual({ kind: "trustLoopback" });
  expect(proofOf(settings({ host: "", port: 5432 }))).toBe(undefined);
});

test("a login of Weir's own is found by namespace and name in the folder of logins", () => {
  const folder = mkdtempSync(join(tmpdir(), "weir-logins-"));
  try {
    const config = settings({ host: "", port: 5432 }, folder);
    mkdirSync(join(folder, "shop.orders"));
    expect(upstreamLoginOf("shop/orders", config)).toBe(undefined);
    writeFileSync(join(folder, "shop.orders", "password"), "sesame");
    expect(upstreamLoginOf("shop/orders", config)).toEqual({
      userFile: join(folder, "shop.orders", "username"),
      passwordFile: join(folder, "shop.orders", "password"),
    });
    expect(upstreamLoginOf("hr/orders", config)).toBe(undefined);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
