import { mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { type Bundle, versionOf } from "../../pkg/bundle/bundle.ts";
import { linkTo, trusted } from "../../pkg/bundle/key-links.ts";
import { newSigningKeyPem, publicKeys, signingKey } from "../../pkg/bundle/keys.ts";
import { keepLastGood, startingBundle } from "../../pkg/bundle/last-good.ts";
import { unwrap, wrap } from "../../pkg/bundle/wrap.ts";

const key = signingKey(newSigningKeyPem());
const other = signingKey(newSigningKeyPem());
const bundle: Bundle = {
  format: "weir.dev/bundle/v1",
  cluster: "west",
  namespace: "shop",
  generation: 100,
  resources: [
    { apiVersion: "weir.dev/v1alpha1", kind: "DataPolicy", metadata: { name: "a", namespace: "shop" }, spec: {} },
  ],
  namespaceLabels: { shop: { team: "a" } },
};
const accepts = { keys: [key.public], namespace: "shop", generationMin: 0 };
const why = (text: string, options = accepts) => {
  const outcome = unwrap(text, options);
  return outcome.good ? "good" : outcome.why;
};

test("what is wrapped comes out as it was, with the version of its content", () => {
  expect(unwrap(wrap(bundle, key), accepts)).toMatchObject({ good: true, bundle, version: versionOf(bundle) });
});

test("the version does not depend on the generation or the order of fields, but on everything else", () => {
  const { format, ...rest } = bundle;
  expect(versionOf({ ...rest, generation: 7, format })).toBe(versionOf(bundle));
  expect(versionOf({ ...bundle, cluster: "east" })).not.toBe(versionOf(bundle));
  expect(versionOf(bundle)).toMatch(/^sha256:[0-9a-f]{64}$/);
});

test("a public key survives its text form, and a bad list is told", () => {
  expect(publicKeys(`${key.public.text}, ${other.public.text}`)).toMatchObject([
    { id: key.public.id },
    { id: other.public.id },
  ]);
  expect(publicKeys("")).toMatch(/^key 1 is not an Ed25519 public key/);
  expect(publicKeys(`${key.public.text},QUJD`)).toMatch(/^key 2 is not/);
});

test("another signer, namespace or an older generation is refused", () => {
  expect(why(wrap(bundle, other))).toMatch(/signed with a key that this sidecar does not know/);
  expect(why(wrap(bundle, key), { ...accepts, namespace: "billing" })).toMatch(/for namespace shop, not billing/);
  expect(why(wrap(bundle, key), { ...accepts, generationMin: 101 })).toMatch(/older \(generation 100\)/);
  expect(why(wrap(bundle, key), { ...accepts, generationMin: 100 })).toBe("good");
});

test("a signature of one key under the name of another is refused", () => {
  const forged = { ...JSON.parse(wrap(bundle, other)), keyId: key.public.id };
  expect(why(JSON.stringify(forged))).toMatch(/its signature is not good/);
});

test("a signed payload that is no bundle is refused", () => {
  expect(why(wrap({ ...bundle, format: "weir.dev/bundle/v2" as Bundle["format"] }, key))).toMatch(/format is not/);
  expect(why(wrap({ ...bundle, generation: 1.5 }, key))).toMatch(/generation/);
  expect(why(wrap({ ...bundle, resources: [7] as never }, key))).toMatch(/resources/);
});

test("no changed byte of a wrapped bundle is accepted as another bundle", () => {
  const text = wrap(bundle, key);
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.integer({ min: 32, max: 126 }), (at, code) => {
      const outcome = unwrap(text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1), accepts);
      if (outcome.good) expect(outcome.bundle).toEqual(bundle);
    }),
    { numRuns: 2000 },
  );
});

test("any text is refused without an exception", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      expect(unwrap(text, accepts).good).toBe(false);
    }),
  );
});

describe("the last good bundle", () => {
  const folder = () => mkdtempSync(join(tmpdir(), "weir-bundle-"));

  test("comes back from disk, and nothing else is left there", () => {
    const place = join(folder(), "made");
    const kept = keepLastGood(place);
    expect(kept.read()).toBeNull();
    kept.keep(wrap(bundle, key));
    kept.keep(wrap({ ...bundle, generation: 101 }, key));
    expect(startingBundle(keepLastGood(place), null, accepts)).toMatchObject({
      found: { bundle: { generation: 101 } },
      problems: [],
    });
    expect(readdirSync(place)).toEqual(["bundle.json"]);
  });

  test("the newest good one of disk and ConfigMap is taken, a bad one is told", () => {
    const place = folder();
    const fallback = join(place, "configmap.json");
    const kept = keepLastGood(place);
    kept.keep(wrap(bundle, key));
    writeFileSync(fallback, wrap({ ...bundle, generation: 200 }, key));
    expect(startingBundle(kept, fallback, accepts).found?.bundle.generation).toBe(200);
    writeFileSync(fallback, wrap({ ...bundle, generation: 300 }, other));
    const { found, problems } = startingBundle(kept, fallback, accepts);
    expect(found?.bundle.generation).toBe(100);
    expect(problems).toEqual([expect.stringMatching(/^the namespace's ConfigMap: .*does not know/)]);
  });

  test("nothing at all is nothing", () => {
    expect(startingBundle(keepLastGood(folder()), "/nowhere/bundle.json", accepts)).toEqual({
      found: null,
      problems: [],
    });
  });
});

describe("a signing key that was replaced", () => {
  const third = signingKey(newSigningKeyPem());
  const links = [linkTo(other.public, key), linkTo(third.public, other)];

  test("is trusted through the one that it replaces, however many there were between", () => {
    expect(why(wrap(bundle, third, links))).toBe("good");
    expect(why(wrap(bundle, other, links.slice(0, 1)))).toBe("good");
    expect(why(wrap(bundle, key, links))).toBe("good");
  });

  test("is not trusted when a link is missing, of a stranger, for another key, or changed", () => {
    const stranger = signingKey(newSigningKeyPem());
    const unknown = /signed with a key that this sidecar does not know/;
    expect(why(wrap(bundle, third, links.slice(1)))).toMatch(unknown);
    expect(why(wrap(bundle, stranger, links))).toMatch(unknown);
    expect(why(wrap(bundle, stranger, [linkTo(stranger.public, stranger)]))).toMatch(unknown);
    expect(why(wrap(bundle, stranger, [{ ...linkTo(stranger.public, stranger), by: key.public.text }]))).toMatch(
      unknown,
    );
    expect(why(wrap(bundle, stranger, [{ ...links[0]!, next: stranger.public.text }]))).toMatch(unknown);
  });

  test("whatever stands for links, only what a trusted key has signed is trusted", () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.array(fc.anything())), (noise) => {
        expect(trusted([key.public], noise)).toEqual([key.public]);
      }),
    );
  });
});
