// A year and a half of certificates on a made-up clock, with the real keys and certificates: replicas that restart at any moment and look
// late, clients whose copies of the trust are up to ten minutes old and whose clocks differ. Nobody is ever turned away.
import { X509Certificate } from "node:crypto";
import {
  isLeafDue,
  issueLeaf,
  type Leaf,
  renewedAuthority,
  TRUST_FIRST_MS,
  trustBundle,
} from "../../pkg/controller/authority.ts";
import type { SecretData } from "../../pkg/controller/secret.ts";

const name = "weir-operator.weir-system.svc";
const minuteMs = 60_000;
const dayMs = 86_400_000;
const SKEW_MS = 5 * minuteMs;
const DAYS = 550;

/** mulberry32: the same run for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const parsed = new Map<string, X509Certificate>();
const read = (pem: string) => {
  const known = parsed.get(pem) ?? new X509Certificate(pem);
  parsed.set(pem, known);
  return known;
};
const verdicts = new Map<string, boolean>();

/** As a TLS client judges it that trusts `trust`, by its clock. */
function accepts(trust: string, leaf: Leaf, nowMs: number): boolean {
  const certificate = read(leaf.certificate);
  if (nowMs < Date.parse(certificate.validFrom) || nowMs > Date.parse(certificate.validTo)) return false;
  return (trust.match(/-----BEGIN[\s\S]*?-----END CERTIFICATE-----\n/g) ?? []).some((pem) => {
    const authority = read(pem);
    if (nowMs < Date.parse(authority.validFrom) || nowMs > Date.parse(authority.validTo)) return false;
    const pair = leaf.certificate + pem;
    const known = verdicts.get(pair) ?? (certificate.checkIssued(authority) && certificate.verify(authority.publicKey));
    verdicts.set(pair, known);
    return known;
  });
}

test.each([1])(
  "a year and a half of rotations, seed %d: every client accepts every replica at every moment",
  async (seed) => {
    const random = randomFrom(seed);
    let nowMs = Date.UTC(2027, 0, 1);
    const endMs = nowMs + DAYS * dayMs;
    let secret: SecretData = (await renewedAuthority({}, nowMs))!;
    const replicas: Leaf[] = [];
    for (let at = 0; at < 3; at++) replicas.push(await issueLeaf(secret, [name], nowMs));
    /** What clients may hold: each trust since it was replaced, for as long as copies of it live. */
    let held = [{ trust: trustBundle(secret), goneMs: Number.POSITIVE_INFINITY }];
    const counts = { authorities: 1, leaves: 3, judged: 0 };
    while (nowMs < endMs) {
      // Hours of nothing, now and then a replica that looks twice in a minute or was down for a day.
      const quiet = random() < 0.9 ? 2 * 60 * minuteMs : minuteMs;
      nowMs += Math.ceil(random() * quiet);
      for (let at = 0; at < replicas.length; at++) {
        const isDown = random() < 0.05;
        if (isDown) continue;
        const renewed = await renewedAuthority(secret, nowMs);
        if (renewed !== null) {
          if (renewed["ca.crt"] !== secret["ca.crt"]) counts.authorities++;
          secret = renewed;
          for (const copy of held) copy.goneMs = Math.min(copy.goneMs, nowMs + TRUST_FIRST_MS);
          held.push({ trust: trustBundle(secret), goneMs: Number.POSITIVE_INFINITY });
        }
        const restarted = random() < 0.002;
        if (!restarted && !isLeafDue(replicas[at]!, secret, nowMs)) continue;
        replicas[at] = await issueLeaf(secret, [name], nowMs);
        counts.leaves++;
      }
      held = held.filter(({ goneMs }) => goneMs >= nowMs);
      for (const { trust } of held)
        for (const leaf of replicas)
          for (const clock of [nowMs - SKEW_MS, nowMs + SKEW_MS]) {
            counts.judged++;
            if (!accepts(trust, leaf, clock))
              throw new Error(`turned away on day ${((nowMs - endMs) / dayMs + DAYS).toFixed(3)}`);
          }
    }
    expect(counts.authorities).toBe(3);
    expect(counts.leaves).toBeGreaterThan(300);
    expect(counts.judged).toBeGreaterThan(50_000);
  },
);
