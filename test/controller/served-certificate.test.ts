// The collector's certificate: issued into an empty Secret, kept while it is good, renewed before it ends and when another CA signs.
import { X509Certificate } from "node:crypto";
import { renewedAuthority, TRUST_FIRST_MS, trustBundle } from "../../pkg/controller/authority.ts";
import type { SecretData } from "../../pkg/controller/secret.ts";
import { renewedLeaf } from "../../pkg/controller/served-certificate.ts";

const dayMs = 86_400_000;
const names = ["weir-collector.weir-system.svc", "localhost"];
const authority = async (now: SecretData, nowMs: number) => (await renewedAuthority(now, nowMs)) ?? now;
const isBy = (secret: SecretData, pem: string) =>
  new X509Certificate(secret["tls.crt"]!).checkIssued(new X509Certificate(pem));

test("an empty Secret gets a certificate of the release's CA for all names, and the CA with it", async () => {
  const ca = await authority({}, 0);
  const made = (await renewedLeaf({}, ca, names, 0))!;
  expect(isBy(made, ca["ca.crt"]!)).toBe(true);
  expect(names.map((name) => new X509Certificate(made["tls.crt"]!).checkHost(name))).toEqual(names);
  expect(made["ca.crt"]).toBe(trustBundle(ca));
});

test("it is kept for two thirds of its seven days", async () => {
  const ca = await authority({}, 0);
  const made = (await renewedLeaf({}, ca, names, 0))!;
  expect(await renewedLeaf(made, ca, names, 4.6 * dayMs)).toBeNull();
  expect(await renewedLeaf(made, ca, names, 4.7 * dayMs)).not.toBeNull();
});

test.each<[string, (made: SecretData, other: SecretData) => SecretData]>([
  ["another key", (made, other) => ({ ...made, "tls.key": other["tls.key"]! })],
  ["a certificate of somebody else", (_, other) => other],
  ["no certificate", (made) => ({ ...made, "tls.crt": "" })],
  ["what is none", (made) => ({ ...made, "tls.crt": "-----BEGIN CERTIFICATE-----" })],
])("%s is replaced", async (_, spoil) => {
  const ca = await authority({}, 0);
  const made = (await renewedLeaf({}, ca, names, 0))!;
  const other = (await renewedLeaf({}, await authority({}, 0), names, 0))!;
  expect(isBy((await renewedLeaf(spoil(made, other), ca, names, 0))!, ca["ca.crt"]!)).toBe(true);
});

test("other names are a reason, too", async () => {
  const ca = await authority({}, 0);
  const made = (await renewedLeaf({}, ca, names, 0))!;
  expect(await renewedLeaf(made, ca, [...names, "weir-collector.other.svc"], 0)).not.toBeNull();
});

test("a new CA is told at once and signs once it is trusted everywhere", async () => {
  const old = await authority({}, 0);
  const made = (await renewedLeaf({}, old, names, 249 * dayMs))!;
  const both = await authority(old, 250 * dayMs);
  const told = (await renewedLeaf(made, both, names, 250 * dayMs))!;
  expect([told["ca.crt"], isBy(told, old["ca.crt"]!)]).toEqual([trustBundle(both), true]);
  const later = 250 * dayMs + TRUST_FIRST_MS;
  const next = (await renewedLeaf(told, both, names, later))!;
  expect(isBy(next, both["ca.crt"]!)).toBe(true);
  expect(await renewedLeaf(next, both, names, later)).toBeNull();
});

test("without a CA there is an error, and nothing is written", async () => {
  await expect(renewedLeaf({}, {}, names, 0)).rejects.toThrow("no authority");
});
