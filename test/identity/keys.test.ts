// The keys of an issuer: found by discovery, renewed, kept through an outage, withdrawn; and what that does to tokens in use.
import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nothingRevoked, readRevocations } from "../../pkg/identity/revocations.ts";
import { issuerFor, verifierFor } from "../support/identity-settings.ts";
import { newKey, startIssuer, type TestIssuer } from "../support/issuer.ts";

let issuer: TestIssuer;
let nowMs = Date.now();
const clock = () => nowMs;

beforeEach(async () => {
  issuer = await startIssuer();
  nowMs = Date.now();
});
afterEach(() => issuer.stop());

const reason = async (found: Promise<{ ok: boolean; reason?: string }>) => (await found).reason ?? "counts";

test("keys are found as the issuer's own configuration says", async () => {
  const verifier = verifierFor([issuerFor(issuer, { keys: { kind: "url", url: null, caFile: null } })]);
  expect(await reason(verifier.verify(await issuer.token()))).toBe("counts");
});

test("keys may lie in a file", async () => {
  const folder = await mkdtemp(join(tmpdir(), "weir-keys-"));
  const file = join(folder, "jwks.json");
  writeFileSync(file, JSON.stringify({ keys: [issuer.key.publicJwk] }));
  const verifier = verifierFor([issuerFor(issuer, { keys: { kind: "file", file } })]);
  expect(await reason(verifier.verify(await issuer.token()))).toBe("counts");
  await rm(folder, { recursive: true });
});

test("a new key counts at once, and keys that do not exist are not asked for again and again", async () => {
  const verifier = verifierFor([issuerFor(issuer)], { nowMs: clock });
  await verifier.verify(await issuer.token());
  const next = await newKey("next");
  issuer.publish([issuer.key.publicJwk, next.publicJwk]);
  nowMs += 11_000;
  expect(await reason(verifier.verify(await issuer.token({}, { key: next })))).toBe("counts");
  const before = issuer.asked();
  const unknown = await newKey("unknown");
  for (let turn = 0; turn < 20; turn++)
    expect(await reason(verifier.verify(await issuer.token({}, { key: unknown })))).toBe("unknownKey");
  expect(issuer.asked() - before).toBeLessThanOrEqual(1);
});

test("an issuer that does not answer keeps what it published, for a while", async () => {
  const hours = 3_600_000;
  const verifier = verifierFor([issuerFor(issuer)], { nowMs: clock });
  const later = { exp: Math.floor(nowMs / 1000) + 26 * 3600 };
  await verifier.verify(await issuer.token());
  issuer.fail(true);
  nowMs += 23 * hours;
  expect(await reason(verifier.verify(await issuer.token(later)))).toBe("counts");
  nowMs += 2 * hours;
  expect(await reason(verifier.verify(await issuer.token(later)))).toBe("keysUnavailable");
  issuer.fail(false);
  nowMs += 11_000;
  expect(await reason(verifier.verify(await issuer.token(later)))).toBe("counts");
});

test("without an answer ever, nothing counts, and the log says why", async () => {
  issuer.fail(true);
  const logged: string[] = [];
  const verifier = verifierFor([issuerFor(issuer)], { logged });
  expect(await reason(verifier.verify(await issuer.token()))).toBe("keysUnavailable");
  expect(await reason(verifier.verify(await issuer.token()))).toBe("keysUnavailable");
  expect(logged).toEqual([expect.stringContaining("it answered 503")]);
});

test("a key that was withdrawn ends what it signed", async () => {
  const verifier = verifierFor([issuerFor(issuer)], { nowMs: clock });
  const found = await verifier.verify(await issuer.token());
  if (!found.ok) throw new Error(found.reason);
  expect(found.identity.at(nowMs).holds).toBe(true);
  const next = await newKey("next");
  issuer.publish([next.publicJwk]);
  nowMs += 11_000;
  expect(await reason(verifier.verify(await issuer.token({}, { key: next })))).toBe("counts");
  expect(found.identity.at(nowMs)).toMatchObject({ holds: false, lapse: { reason: "keyWithdrawn" } });
});

test("expiry, revocation and groups act on what is in use", async () => {
  let told = nothingRevoked;
  const verifier = verifierFor([issuerFor(issuer)], { nowMs: clock, revocations: () => told });
  const verified = async (claims: object) => {
    const found = await verifier.verify(await issuer.token({ ...claims }));
    if (!found.ok) throw new Error(found.reason);
    return found.identity;
  };
  const [one, two, three] = [
    await verified({ jti: "one" }),
    await verified({ jti: "two", act: { sub: "robo" } }),
    await verified({ sub: "bob" }),
  ];
  expect(one.at(nowMs)).toBe(one.at(nowMs));
  told = readRevocations('{"tokens": ["one"], "groups": {"ana": ["left"], "bob": ["interns"]}}');
  expect(one.at(nowMs)).toMatchObject({ holds: false, lapse: { reason: "revoked" } });
  expect(two.at(nowMs)).toMatchObject({ principal: { name: "robo", actingFor: { name: "ana", groups: ["left"] } } });
  expect(three.at(nowMs)).toMatchObject({ principal: { name: "bob", groups: ["interns"] } });
  told = readRevocations(`{"principals": {"ana": "${new Date(nowMs + 1000).toISOString()}"}}`);
  expect(two.at(nowMs)).toMatchObject({ holds: false, lapse: { reason: "revoked" } });
  expect(three.at(nowMs).holds).toBe(true);
  nowMs += 331_000;
  expect(three.at(nowMs)).toMatchObject({ holds: false, lapse: { reason: "expired" } });
});
