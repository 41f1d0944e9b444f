import { X509Certificate } from "node:crypto";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { connect } from "node:tls";
import {
  isLeafDue,
  issueLeaf,
  type Leaf,
  renewedAuthority,
  TRUST_FIRST_MS,
  trustBundle,
} from "../../pkg/controller/authority.ts";
import type { SecretData } from "../../pkg/controller/secret.ts";

const dayMs = 86_400_000;
const name = "weir-operator.weir-system.svc";

const fresh = async (nowMs: number) => (await renewedAuthority({}, nowMs))!;
const isBy = (leaf: Leaf, pem: string) => new X509Certificate(leaf.certificate).checkIssued(new X509Certificate(pem));

/** What a client that trusts `ca` says to a server with this leaf. */
async function handshake(leaf: Leaf, ca: string, servername: string): Promise<string> {
  const server = createServer({ cert: leaf.certificate, key: leaf.key });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const said = await new Promise<string>((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", ca, servername }, () => resolve("secure"));
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.on("secureConnect", () => socket.destroy());
  });
  server.close();
  return said;
}

test("a leaf is good for its names and for those who trust its authority, and for nobody else", async () => {
  const [ours, other] = [await fresh(Date.now()), await fresh(Date.now())];
  const leaf = await issueLeaf(ours, [name, `${name}.cluster.local`], Date.now());
  expect(await handshake(leaf, trustBundle(ours), name)).toBe("secure");
  expect(await handshake(leaf, trustBundle(ours), `${name}.cluster.local`)).toBe("secure");
  expect(await handshake(leaf, trustBundle(ours), "another.svc")).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
  expect(await handshake(leaf, trustBundle(other), name)).toMatch(/UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/);
});

test("an authority is kept for two thirds of its life, and one that cannot be read is made anew", async () => {
  const made = await fresh(0);
  expect(await renewedAuthority(made, 240 * dayMs)).toBeNull();
  expect(await renewedAuthority(made, 245 * dayMs)).not.toBeNull();
  expect(await renewedAuthority({ "ca.crt": "x", "ca.key": "y" }, 0)).toHaveProperty(["ca.key"]);
  const mixed: SecretData = { "ca.crt": made["ca.crt"]!, "ca.key": (await fresh(0))["ca.key"]! };
  expect(await renewedAuthority(mixed, 0)).not.toBeNull();
});

test("after a change both are trusted; the new one signs once it is trusted everywhere", async () => {
  const old = await fresh(0);
  const changedAt = 250 * dayMs;
  const both = (await renewedAuthority(old, changedAt))!;
  expect(trustBundle(both)).toBe(`${both["ca.crt"]}${old["ca.crt"]}`);
  const before = await issueLeaf(both, [name], changedAt + 1000);
  expect(isBy(before, old["ca.crt"]!)).toBe(true);
  expect(isLeafDue(before, both, changedAt + TRUST_FIRST_MS - 1000)).toBe(false);
  expect(isLeafDue(before, both, changedAt + TRUST_FIRST_MS + 1000)).toBe(true);
  const after = await issueLeaf(both, [name], changedAt + TRUST_FIRST_MS + 1000);
  expect(isBy(after, both["ca.crt"]!)).toBe(true);
});

test("the one before is trusted until its last leaf has ended, then forgotten", async () => {
  const both = (await renewedAuthority(await fresh(0), 250 * dayMs))!;
  expect(await renewedAuthority(both, 257 * dayMs)).toBeNull();
  expect(await renewedAuthority(both, 259 * dayMs)).toEqual({ "ca.crt": both["ca.crt"], "ca.key": both["ca.key"] });
});

test("a leaf is due at two thirds of its life, and never outlives its authority", async () => {
  const authority = await fresh(0);
  const leaf = await issueLeaf(authority, [name], 1000);
  expect(isLeafDue(leaf, authority, 4 * dayMs)).toBe(false);
  expect(isLeafDue(leaf, authority, 5 * dayMs)).toBe(true);
  const last = await issueLeaf(authority, [name], 364 * dayMs);
  expect(Date.parse(new X509Certificate(last.certificate).validTo)).toBeLessThanOrEqual(365 * dayMs);
});
