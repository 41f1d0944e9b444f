// Evidence proves itself; each way of tampering with it has its own verdict, and no bit of it can change unseen.
import fc from "fast-check";
import { EXIT_CODES, FINDING_KINDS } from "../../pkg/audit/exit-codes.ts";
import { parseCheckpoint } from "../../pkg/ledger/checkpoint.ts";
import { writeEvidence } from "../../pkg/ledger/evidence.ts";
import { ledgerReportText } from "../../pkg/ledger/ledger-report-text.ts";
import { newSigner, signNote } from "../../pkg/ledger/note.ts";
import { segmentFile } from "../../pkg/ledger/segment.ts";
import {
  changed,
  collected,
  first,
  logSigner,
  origin,
  packed,
  type Sample,
  sample,
  second,
  signedNote,
  unpacked,
  verified,
  without,
  witness,
} from "./evidence-fixture.ts";
import { chainKey, chainName, TestChain } from "./records.ts";
import { a, b, c, inFirst, lines, run, tamperings } from "./tamperings.ts";

let given: Sample;
beforeAll(async () => {
  given = await sample();
});

test("untouched evidence is intact, and says of whom and how much", () => {
  const report = verified(given.evidence, {
    logKey: logSigner.vkey,
    witnessKeys: [witness.vkey],
    olderCheckpoint: given.older,
  });
  expect(report).toMatchObject({ verdict: "intact", exitCode: 0, records: 16, segments: 5, findings: [], notes: [] });
  expect(report.log).toMatchObject({
    origin,
    size: 9,
    key: logSigner.vkey,
    keyGiven: true,
    goesOnFrom: [3],
    witnesses: [{ name: "witness.example.org", timeSeconds: 1_700_000_100 }],
  });
  expect(report.chains).toMatchObject([
    { chain: first, first: 0, last: 11, records: 12, segments: 3, end: "closed", namespace: "shop" },
    {
      chain: second,
      first: 0,
      last: 3,
      records: 4,
      segments: 2,
      end: "open",
      keys: [{ identity: { pod: "orders-2" } }, { identity: { pod: "orders-3" } }],
    },
  ]);
});

test("the same records give the same bytes", async () => {
  expect((await sample()).evidence.equals(given.evidence)).toBe(true);
});

test("without the log's key it stands on the file's own word, and says so", () => {
  expect(verified(given.evidence, {})).toMatchObject({ verdict: "intact", log: { keyGiven: false } });
});

test.each(tamperings)("%s: %s", (_, verdict, tamper) => {
  const report = verified(tamper(given.evidence, given.older));
  expect(report).toMatchObject({ verdict, exitCode: EXIT_CODES[verdict] });
  expect(report.counts[verdict]).toBeGreaterThan(0);
});

test.each([
  [
    "a dropped record",
    (e: Buffer) =>
      changed(
        e,
        inFirst(b),
        lines((all) => all.toSpliced(2, 1)),
      ),
    { missing: 1 },
  ],
  [
    "three dropped",
    (e: Buffer) =>
      changed(
        e,
        inFirst(a),
        lines((all) => all.toSpliced(2, 3)),
      ),
    { missing: 3 },
  ],
  ["a dropped segment", (e: Buffer) => without(e, new RegExp(b)), { missing: 4 }],
  ["a dropped tail", (e: Buffer) => without(e, new RegExp(c)), { truncated: 3 }],
  [
    "a flipped record is not missing too",
    (e: Buffer) =>
      changed(
        e,
        inFirst(b),
        lines((all) => all.with(2, all[2]!.replace('"message":"record"', '"message":"forged"'))),
      ),
    { altered: 1 },
  ],
] as const)("only that is told, and counted: %s", (_, tamper, counts) => {
  const expected = { ...Object.fromEntries(FINDING_KINDS.map((kind) => [kind, 0])), ...counts };
  expect(verified(tamper(given.evidence)).counts).toEqual(expected);
});

test("no bit of it can change unseen", () => {
  fc.assert(
    fc.property(fc.nat(given.evidence.length * 8 - 1), (bit) => {
      const tampered = Buffer.from(given.evidence);
      tampered[bit >> 3]! ^= 1 << (bit & 7);
      expect(verified(tampered).exitCode).not.toBe(0);
    }),
    { numRuns: 600 },
  );
});

test("no value in it can be exchanged unseen, whatever stands there instead, and none upsets the verifier", () => {
  const value = fc.oneof(
    fc.constantFrom(
      "null",
      "true",
      "-1",
      "1e400",
      "0",
      "7",
      "{}",
      "[]",
      '""',
      "[[]]",
      '{"length":5}',
      "9007199254740993",
    ),
    fc.json({ maxDepth: 2 }),
  );
  fc.assert(
    fc.property(fc.nat(), fc.nat(), value, (pick, at, text) => {
      const all = unpacked(given.evidence).filter(([name]) => /json|proof|segment/.test(name));
      const [name, content] = all[pick % all.length]!;
      const scalars = [...content.toString().matchAll(/"(?:[^"\\]|\\.)*"(?!:)|\d+/g)];
      const { index, 0: old } = scalars[at % scalars.length]!;
      const change = (whole: string) => whole.slice(0, index) + text + whole.slice(index + old.length);
      fc.pre(text !== old);
      expect(verified(changed(given.evidence, new RegExp(`^${name}$`), change)).verdict).not.toBe("intact");
    }),
    { numRuns: 400 },
  );
});

test("nothing of its end can be cut off unseen", () => {
  fc.assert(
    fc.property(fc.nat(given.evidence.length - 1), (length) => {
      const { verdict } = verified(given.evidence.subarray(0, length));
      expect(verdict).toBe("truncated");
    }),
    { numRuns: 300 },
  );
});

test("no member can be dropped, doubled or moved unseen, but an older checkpoint or the registration of nothing", () => {
  const all = unpacked(given.evidence);
  const needed = all.map((_, index) => index).filter((index) => !all[index]![0].startsWith("checkpoints/"));
  for (const index of needed) {
    expect([all[index]![0], verified(packed(all.toSpliced(index, 1))).verdict]).not.toEqual([all[index]![0], "intact"]);
    expect(verified(packed(all.toSpliced(index, 0, all[index]!))).verdict).not.toBe("intact");
    if (index > 0)
      expect(
        verified(packed([...all.slice(0, index - 1), all[index]!, all[index - 1]!, ...all.slice(index + 1)])).verdict,
      ).not.toBe("intact");
  }
});

/** A collector that starts anew with other records under the same keys: everything in it is signed. */
async function otherHistory(): Promise<Sample> {
  const { ledger, ...rest } = await sample();
  await ledger.seal(second, 1, 3, "another history");
  const checkpoint = await ledger.log.checkpoint(signedNote);
  return { ledger, ...rest, checkpoint, evidence: await collected(writeEvidence(ledger.parts(checkpoint))) };
}

test("two signed histories: a checkpoint known from earlier shows the fork", async () => {
  await given.ledger.seal(first, 2, 1);
  const known = await given.ledger.log.checkpoint(signedNote);
  const other = await otherHistory();
  expect(parseCheckpoint(known).checkpoint.size).toBe(parseCheckpoint(other.checkpoint).checkpoint.size);
  expect(verified(other.evidence, { logKey: logSigner.vkey, olderCheckpoint: known })).toMatchObject({
    verdict: "forked",
    exitCode: 4,
  });
  await other.ledger.seal(second, 1, 3);
  const later = await other.ledger.log.checkpoint(signedNote);
  const evidence = await collected(writeEvidence(other.ledger.parts(later, { olderCheckpoints: [other.checkpoint] })));
  expect(verified(evidence, { logKey: logSigner.vkey, olderCheckpoint: other.checkpoint }).verdict).toBe("intact");
  expect(verified(evidence, { logKey: logSigner.vkey, olderCheckpoint: known }).verdict).toBe("forked");
  // The older evidence as a whole, shown to someone who has seen a newer checkpoint.
  expect(verified(given.evidence, { logKey: logSigner.vkey, olderCheckpoint: known }).verdict).toBe("replayed");
  // Evidence that does not prove what is asked of it.
  const silent = await collected(writeEvidence(other.ledger.parts(later)));
  expect(verified(silent, { logKey: logSigner.vkey, olderCheckpoint: other.older }).verdict).toBe("proof-wrong");
});

test("a chain whose key signed two histories is forked, though both are in the log", async () => {
  const { ledger } = await sample();
  const twin = new TestChain(first);
  twin.segment(5, chainKey(1));
  twin.segment(4, chainKey(1), "another history");
  const honest = ledger.chain(first).records;
  ledger.chain(first).records.state = twin.state;
  await ledger.seal(first, 3, 1, "another history");
  ledger.chain(first).records.state = honest.state;
  const checkpoint = await ledger.log.checkpoint(signedNote);
  const evidence = await collected(writeEvidence(ledger.parts(checkpoint)));
  expect(verified(evidence).verdict).toBe("forked");
});

test("another key for the log is refused where the right one is known", () => {
  const stranger = newSigner(origin, "ed25519", Buffer.alloc(32, 5));
  expect(verified(given.evidence, { logKey: stranger.vkey })).toMatchObject({
    verdict: "unverifiable-key",
    exitCode: 11,
  });
  expect(
    verified(given.evidence, {
      logKey: logSigner.vkey,
      witnessKeys: [newSigner("other.example", "cosignature", Buffer.alloc(32, 6)).vkey],
    }).verdict,
  ).toBe("unverifiable-key");
});

test("a forger with keys of his own, everything made anew, is stopped by the log's key alone", async () => {
  const { ledger, checkpoint } = await sample();
  const stranger = newSigner(origin, "ed25519", Buffer.alloc(32, 5));
  const sign = (text: string) => signNote(text, [stranger], 0);
  const text = checkpoint.slice(0, checkpoint.indexOf("\n\n") + 1);
  const evidence = await collected(writeEvidence({ ...ledger.parts(sign(text)), logKey: stranger.vkey, sign }));
  expect(verified(evidence).verdict).toBe("unverifiable-key");
});

test("a key registered for one chain signs no other, and none before it was registered", async () => {
  const { ledger } = await sample();
  await ledger.seal(second, 2, 1);
  const checkpoint = await ledger.log.checkpoint(signedNote);
  expect(verified(await collected(writeEvidence(ledger.parts(checkpoint)))).verdict).toBe("unverifiable-key");
  await ledger.register(second, 1);
  const later = await ledger.log.checkpoint(signedNote);
  const report = verified(await collected(writeEvidence(ledger.parts(later))));
  expect(report).toMatchObject({
    verdict: "unverifiable-key",
    findings: [{ detail: expect.stringContaining("registered after") }],
  });
});

test("what the log says was lost or deleted is absent, not missing", async () => {
  const { ledger } = await sample();
  const kept = ledger.chain(first);
  await ledger.tell(first, {
    type: "retention",
    segments: [{ chain: first, first: 0, last: 4, root: "ab".repeat(32) }],
    time: 1,
  });
  await ledger.tell(first, { type: "gap", chain: first, from: 5, to: 8, reason: "the spool was lost", time: 1 });
  kept.segments.splice(0, 2);
  const checkpoint = await ledger.log.checkpoint(signedNote);
  const report = verified(await collected(writeEvidence(ledger.parts(checkpoint))));
  expect(report).toMatchObject({
    verdict: "intact",
    chains: [{ first: 9, last: 11, absent: [{ from: 0, to: 8 }] }, {}],
  });
});

test("refused forks are counted per chain", async () => {
  const { ledger } = await sample();
  await ledger.tell(first, {
    type: "fork",
    chain: first,
    number: 3,
    hash: "ab".repeat(32),
    other: "cd".repeat(32),
    time: 1,
  });
  const checkpoint = await ledger.log.checkpoint(signedNote);
  expect(verified(await collected(writeEvidence(ledger.parts(checkpoint))))).toMatchObject({
    verdict: "intact",
    chains: [{ forksRefused: 1 }, { forksRefused: 0 }],
  });
});

test("what is no evidence is unreadable", () => {
  for (const bytes of [Buffer.alloc(0), Buffer.from("hello"), Buffer.alloc(2048)])
    expect(verified(bytes).exitCode).not.toBe(0);
});

test("a segment of an unclaimed chain does not slip in", async () => {
  const stray = new TestChain(chainName(9)).segment(2, chainKey(1));
  const file = segmentFile(stray.sealed.headerText, stray.sealed.signature, stray.records);
  const evidence = packed([...unpacked(given.evidence), [`segments/${chainName(9)}/${run(0, 1)}.segment`, file]]);
  expect(verified(evidence).verdict).toBe("altered");
});

test("nothing can be added unseen: a proof of no segment, a member beside those of a proof, an entry or a checkpoint", () => {
  const all = unpacked(given.evidence);
  const at = all.findLastIndex(([name]) => name.endsWith(".proof"));
  const [name, proof] = all[at]!;
  const stray: [string, Buffer] = [name.replace(/\d{20}\.proof$/, `${"9".repeat(20)}.proof`), proof];
  expect(verified(packed([...all, stray])).verdict).toBe("altered");
  expect(
    verified(packed(all.toSpliced(at, 0, [name.replace(/\d{20}-/, `${"0".repeat(20)}-`), proof]))).verdict,
  ).not.toBe("intact");
  const added = (member: RegExp) =>
    verified(changed(given.evidence, member, (text) => text.replaceAll("]}", `],"zzz":"anything"}`))).verdict;
  expect([/^chains/, /\.proof$/, /^checkpoints/].map(added)).toEqual(["altered", "proof-wrong", "altered"]);
});

test("a time that is none upsets neither the verifier nor the report", () => {
  const report = verified(given.evidence);
  const witnesses = [{ name: "w1", timeSeconds: 2 ** 63 }];
  expect(ledgerReportText({ ...report, log: { ...report.log!, witnesses } })).toContain("at a time that is none");
  const odd = changed(given.evidence, /^evidence.json/, (text) =>
    text.replace(/"madeAt":\d+/, `"madeAt":${2 ** 53 - 1}`),
  );
  expect(ledgerReportText(verified(odd))).toMatch(/^(ALTERED|unreadable)/);
});

test("the same content in another spelling is altered", () => {
  const respelled = (name: RegExp) =>
    verified(changed(given.evidence, name, (text) => text.replace(",", ", "))).verdict;
  expect([/^chains/, /\.proof$/, /^checkpoints/].map(respelled)).toEqual(["altered", "proof-wrong", "altered"]);
  const invalid = unpacked(given.evidence).map(([name, content]) => {
    const bytes = Buffer.from(content);
    if (name.startsWith("chains/")) bytes[bytes.indexOf("orders")] = 0xff;
    return [name, bytes] as const;
  });
  expect(verified(packed(invalid)).verdict).toBe("altered");
});

test("an earlier checkpoint that is not the log's accuses nobody, and is not written into evidence", async () => {
  const { ledger, checkpoint } = await sample();
  const stranger = newSigner(origin, "ed25519", Buffer.alloc(32, 5));
  const forgery = signNote(
    checkpoint.slice(0, checkpoint.indexOf("\n\n") + 1).replace(/.{43}=/, `${"A".repeat(43)}=`),
    [stranger],
    0,
  );
  expect(verified(given.evidence, { logKey: logSigner.vkey, olderCheckpoint: forgery }).verdict).toBe(
    "unverifiable-key",
  );
  const writing = collected(writeEvidence(ledger.parts(checkpoint, { olderCheckpoints: [forgery] })));
  await expect(writing).rejects.toThrow(`is not signed by ${origin}`);
});

test("what is verified cannot steer the terminal of whoever reads the report", () => {
  const { chains, ...rest } = verified(given.evidence);
  const text = ledgerReportText({ ...rest, chains: [{ ...chains[0]!, cluster: "\u001b[2Jeu\u202e-1\nintact" }] });
  expect(text).toContain("of \u00b7[2Jeu\u00b7-1\u00b7intact/shop");
});
