// What each method makes of values, spelled out.
import fc from "fast-check";
import { decimalText, parseDecimal } from "../../pkg/mask/decimal.ts";
import { textCipher } from "../../pkg/mask/encrypt.ts";
import { IntegerPermutation } from "../../pkg/mask/integer.ts";
import { MaskKeys } from "../../pkg/mask/keys.ts";
import { NumericPermutation } from "../../pkg/mask/number-cell.ts";
import { compileRowMasker } from "../../pkg/mask/row-masker.ts";
import { RowSink } from "../../pkg/mask/row-sink.ts";
import { OID } from "../../pkg/mask/type-oids.ts";
import type { ColumnMask } from "../../pkg/policy/decision.ts";
import { CONTEXT, dataRow, maskCell, maskText } from "./cells.ts";
import { DERIVED, KEYS, masked, methodOf } from "./masks.ts";
import { cellsOf } from "./real-columns.ts";

const varchar = (characters: number) => ({ typmod: characters + 4 });
const numeric = (precision: number, scale: number) => ({ typmod: ((precision << 16) | scale) + 4 });

describe("Partial of a text", () => {
  test.each([
    ["ana.lopez@example.com", "a***@example.com"],
    ["a@example.com", "***@example.com"],
    ["ñandú@correo.es", "ñ***@correo.es"],
    ["ana@localhost", "a***"],
    ["write to ana@example.com", "w***"],
    ["a@b@c.de", "a***"],
    ["+34 600 111 222", "+** *** *** *22"],
    ["(030) 1234567", "(***) *****67"],
    ["123-45-6789", "***-**-**89"],
    ["4111 1111 1111 1111", "**** **** **** 1111"],
    ["4111111111111112", "4***"], // fails the Luhn check, and is too long for a phone number
    ["DE89 3704 0044 0532 0130 00", "DE** **** **** **** **30 00"],
    ["GB29NWBK60161331926819", "GB****************6819"],
    ["192.168.17.4", "192.168.0.0"],
    ["10.1.2.3/24", "10.1.0.0/24"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8::"],
    ["::1", "::"],
    ["Ana López", "A***"],
    ["日本語", "日***"],
    ["🙂🙃", "🙂***"],
    ["ab", "a***"],
    ["a", "***"],
    ["", "***"],
  ])("%s becomes %s", (value, expected) => {
    expect(maskText(masked("Partial"), OID.text, value)).toBe(expected);
  });

  test.each([
    [{ kind: "Generic", keepFirst: 2, keepLast: 3 }, "Ana López Ruiz", "An***uiz"],
    [{ kind: "Generic", keepFirst: 0, keepLast: 0 }, "Ana", "***"],
    [{ kind: "Generic", keepFirst: 2, keepLast: 2 }, "short", "***"],
    [{ kind: "Email", keepFirst: 3 }, "ana.lopez@example.com", "ana***@example.com"],
    [{ kind: "Email", keepFirst: 3 }, "ana@example.com", "***@example.com"],
    [{ kind: "Email", keepDomain: false }, "ana.lopez@example.com", "a***@***"],
    [{ kind: "Email" }, "not an address", "***"],
    [{ kind: "Phone" }, "no digits", "***"],
    [{ kind: "Card" }, "4111 1111 1111 1112", "***"],
    [{ kind: "Ip", prefix4: 24 }, "192.168.17.4", "192.168.17.0"],
    [{ kind: "Ip" }, "999.1.1.1", "***"],
    [{ kind: "Card", character: "•" }, "4111111111111111", "••••••••••••1111"],
  ])("with %o %s becomes %s", (parameters, value, expected) => {
    expect(maskText(masked("Partial", parameters), OID.text, value)).toBe(expected);
  });

  test("stays within the column without splitting a character", () => {
    expect(maskText(masked("Partial"), OID.varchar, "ñ@b.cd", varchar(6))).toBe("***@b.");
    expect(maskText(masked("Partial", { kind: "Generic", keepFirst: 2 }), OID.varchar, "日本語文", varchar(4))).toBe(
      "日本**",
    );
    expect(maskText(masked("Redact", { text: "日".repeat(64) }), OID.name, "pg_class")).toBe("日".repeat(21));
  });

  test("a bpchar keeps its length in characters", () => {
    expect(maskText(masked("Partial"), OID.bpchar, "Ana   ", varchar(6))).toBe("A***  ");
    expect(maskText(masked("Partial"), OID.bpchar, "日本 ")).toBe("日**");
  });
});

test("Partial of an address keeps its network", () => {
  expect(maskText(masked("Partial"), OID.inet, "192.168.17.4/28")).toBe("192.168.0.0/28");
  expect(maskText(masked("Partial"), OID.cidr, "10.0.0.0/8")).toBe("10.0.0.0/8");
  expect(maskText(masked("Partial"), OID.inet, "2001:db8:1:2:3:4:5:6")).toBe("2001:db8::");
  expect(maskText(masked("Partial"), OID.macaddr, "08:00:2b:01:02:03")).toBe("08:00:2b:00:00:00");
});

describe("Redact and Default", () => {
  test.each([
    [masked("Redact"), "secret", "[redacted]"],
    [masked("Redact", { text: "(hidden)" }), "secret", "(hidden)"],
    [masked("Redact", { keepLength: true, character: "#" }), "señor", "#####"],
    [masked("Default"), "secret", "***"],
    [DERIVED, "secret", "***"],
  ] as const)("%#: %o", (mask, value, expected) => {
    expect(maskText(mask, OID.text, value)).toBe(expected);
  });

  test("Null gives NULL, and NULL stays NULL under every method", () => {
    expect(maskText(masked("Null"), OID.text, "secret")).toBeNull();
    for (const method of ["Default", "Redact", "Partial", "Token", "Encrypt", "Fake"] as const) {
      expect(maskText(masked(method), OID.text, null)).toBeNull();
    }
  });
});

describe("Token", () => {
  test.each([
    ["Text", /^tok_[a-z2-7]{22}$/],
    ["Email", /^[a-z2-7]{22}@masked\.invalid$/],
    ["Digits", /^[0-9]{16}$/],
    ["Uuid", /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/],
    ["Integer", /^[0-9]{1,19}$/],
  ])("as %s", (as, look) => {
    const token = maskText(masked("Token", { as }), OID.text, "ana@example.com");
    expect(token).toMatch(look);
    expect(maskText(masked("Token", { as }), OID.varchar, "ana@example.com", varchar(80))).toBe(token);
    expect(maskText(masked("Token", { as }), OID.text, "bea@example.com")).not.toBe(token);
  });

  test("depends on the key's name and on the master key", () => {
    const token = (keyName: string, keys = KEYS) =>
      maskCell(
        { apply: "method", mask: methodOf("Token", {}, keyName) },
        OID.text,
        "x",
        {},
        { ...CONTEXT, keys },
      )!.toString();
    const other = new MaskKeys([{ version: 1, bytes: Buffer.alloc(32, "o") }]);
    const newer = new MaskKeys([
      { version: 1, bytes: Buffer.alloc(32, "k") },
      { version: 2, bytes: Buffer.alloc(32, "n") },
    ]);
    expect(new Set([token("a"), token("b"), token("a", other), token("a", newer)]).size).toBe(4);
    expect(token("a", new MaskKeys([{ version: 1, bytes: Buffer.alloc(32, "k") }]))).toBe(token("a"));
  });

  test("a cached token is the token", () => {
    const masker = compileRowMasker(
      { columns: [masked("Token")] },
      [{ type: OID.text, typmod: -1, format: 0 }],
      CONTEXT,
    )!;
    const sink = new RowSink();
    const seen = new Map<string, string>();
    for (let i = 0; i < 40_000; i++) {
      const value = `value ${i % 9000}`;
      const row = dataRow([value]);
      masker.maskDataRow(row, 0, row.length, sink);
      const token = cellsOf(sink.take())[0]!.toString();
      expect(seen.get(value) ?? token).toBe(token);
      seen.set(value, token);
    }
    expect(new Set(seen.values()).size).toBe(9000);
  });

  test("a column too narrow for a token that stays unique gets Default", () => {
    expect(maskText(masked("Token"), OID.varchar, "ana", varchar(20))).toMatch(/^[a-z2-7]{18}$/);
    expect(maskText(masked("Token"), OID.varchar, "ana", varchar(12))).toMatch(/^[a-z2-7]{12}$/);
    expect(maskText(masked("Token"), OID.varchar, "ana", varchar(11))).toBe("***");
    expect(maskText(masked("Token", { as: "Uuid" }), OID.varchar, "ana", varchar(35))).toBe("***");
  });

  test("an integer key joins across int4, int8 and numeric, in text and binary", () => {
    const binary = Buffer.alloc(8);
    binary.writeInt32BE(4711, 4);
    const token = maskText(masked("Token"), OID.int8, "4711");
    expect(maskText(masked("Token"), OID.int4, "4711")).toBe(token);
    expect(maskText(masked("Token"), OID.numeric, "4711")).toBe(token);
    expect(maskText(masked("Token"), OID.numeric, "4711", numeric(12, 0))).toBe(token);
    expect(maskCell(masked("Token"), OID.int8, binary, { format: 1 })!.readBigInt64BE().toString()).toBe(token);
  });

  test("every int2 has a token of its own, of its own sign", () => {
    const permutation = new IntegerPermutation(Buffer.alloc(32, 1), OID.int2);
    const seen = new Set<bigint>();
    for (let value = -32768n; value < 32768n; value++) {
      const token = permutation.encrypt(value);
      expect(token < 0n).toBe(value < 0n);
      seen.add(token);
    }
    expect(seen.size).toBe(65536);
    expect([...seen].every((token) => BigInt.asIntN(16, token) === token)).toBe(true);
  });

  test.each([OID.int2, OID.int4, OID.int8])(
    "the permutation of type %i stays in its range and has an inverse",
    (oid) => {
      const permutation = new IntegerPermutation(Buffer.alloc(32, 2), oid);
      const bits = { [OID.int2]: 16, [OID.int4]: 32, [OID.int8]: 64 }[oid]!;
      fc.assert(
        fc.property(fc.bigInt(-(1n << BigInt(bits - 1)), (1n << BigInt(bits - 1)) - 1n), (value) => {
          const token = permutation.encrypt(value);
          expect(BigInt.asIntN(bits, token)).toBe(token);
          expect(permutation.decrypt(token)).toBe(value);
        }),
      );
    },
  );

  test.each([3, 6, 10, 12, 19, 25, null])(
    "the permutation of numeric with precision %p stays in it and has an inverse",
    (precision) => {
      const permutation = new NumericPermutation(Buffer.alloc(32, 3), precision);
      const end = 10n ** BigInt(precision ?? 40);
      fc.assert(
        fc.property(fc.bigInt(0n, end - 1n), (value) => {
          const token = permutation.encrypt(value)!;
          expect(token >= 0n && token < end).toBe(true);
          expect(permutation.decrypt(token)).toBe(value);
        }),
      );
    },
  );

  test("a bytea has the same token in both forms of bytea_output and in binary", () => {
    const token = maskText(masked("Token"), OID.bytea, "\\x6162635c01");
    expect(token).toMatch(/^\\x[0-9a-f]{32}$/);
    expect(maskText(masked("Token"), OID.bytea, "abc\\\\\\001")).toBe(token);
    const binary = maskCell(masked("Token"), OID.bytea, "abc\\\u0001", { format: 1 })!;
    expect(`\\x${binary.toString("hex")}`).toBe(token);
  });

  test("without a key gives Default", () => {
    const context = { ...CONTEXT, keys: null };
    expect(maskCell(masked("Token"), OID.text, "ana", {}, context)!.toString()).toBe("***");
    expect(maskCell(masked("Encrypt"), OID.int4, "5", {}, context)!.toString()).toBe("0");
    expect(maskCell(masked("ShiftDate"), OID.date, "2024-05-17", {}, context)!.toString()).toBe("2000-01-01");
  });
});

describe("Encrypt", () => {
  test("keeps length and punctuation, and is undone with the key", () => {
    const value = "AB-1234/xyz 77";
    const encrypted = maskText(masked("Encrypt"), OID.text, value)!;
    expect(encrypted).toMatch(/^[0-9A-Za-z]{2}-[0-9A-Za-z]{4}\/[0-9A-Za-z]{3} [0-9A-Za-z]{2}$/);
    const cipher = textCipher(methodOf("Encrypt"), KEYS);
    expect(cipher.transform(Buffer.from(encrypted), "decrypt")!.toString()).toBe(value);
  });

  test("of digits gives digits", () => {
    expect(maskText(masked("Encrypt", { alphabet: "Digits" }), OID.text, "4111 1111 1111 1111")).toMatch(
      /^[0-9]{4}( [0-9]{4}){3}$/,
    );
  });

  test.each([["ab1"], ["Ana López"], ["日本語日本語"], ["x".repeat(257)], [""]])(
    "%s cannot be encrypted safely: Default",
    (value) => {
      expect(maskText(masked("Encrypt"), OID.text, value)).toBe("***");
    },
  );

  test("letters under the alphabet of digits would leave in clear: Default", () => {
    expect(maskText(masked("Encrypt", { alphabet: "Digits" }), OID.text, "AB 123456")).toBe("***");
  });

  test("is undone for every text that it takes", () => {
    const cipher = textCipher(methodOf("Encrypt"), KEYS);
    fc.assert(
      fc.property(fc.string({ minLength: 4, maxLength: 60 }), (value) => {
        const encrypted = cipher.transform(Buffer.from(value), "encrypt");
        if (encrypted !== null) expect(cipher.transform(encrypted, "decrypt")!.toString()).toBe(value);
      }),
    );
  });
});

test.each(["Name", "FirstName", "LastName", "Email", "Phone", "Street", "City", "Country", "Company", "Word"])(
  "Fake %s is invented, and the same for the same value",
  (kind) => {
    const fake = (value: string) => maskText(masked("Fake", { kind }), OID.text, value)!;
    expect(fake("Ana")).toBe(fake("Ana"));
    expect(fake("Ana").length).toBeGreaterThan(2);
    const values = Array.from({ length: 50 }, (_, i) => fake(`value ${i}`));
    expect(new Set(values).size).toBeGreaterThan(5);
    if (kind === "Email") for (const value of values) expect(value).toMatch(/^[a-z]+\.[a-z]+[0-9]+@example\.com$/);
  },
);

describe("Round and Bucket", () => {
  test.each([
    [masked("Round", { to: 10 }), OID.int4, "14", "10"],
    [masked("Round", { to: 10 }), OID.int4, "15", "20"],
    [masked("Round", { to: 10 }), OID.int4, "-15", "-20"],
    [masked("Round", { to: 1e10 }), OID.int4, "2147483647", "0"],
    [masked("Round", { to: 32767 }), OID.int2, "32000", "32767"],
    [masked("Round", { to: 30000 }), OID.int2, "-32768", "-30000"],
    [masked("Round", { to: 40000 }), OID.int2, "32767", "0"], // 40000 does not fit int2
    [masked("Round", { to: 0.25 }), OID.numeric, "1.37", "1.25"],
    [masked("Round", { to: 0.1 }), OID.float8, "0.3000001", "0.3"],
    [masked("Bucket", { width: 25 }), OID.int4, "49", "25"],
    [masked("Bucket", { width: 25 }), OID.int4, "-1", "-25"],
    [masked("Bucket", { width: 0.5 }), OID.numeric, "-0.1", "-0.5"],
    [masked("Bucket", { bounds: "0,18,30,65" }), OID.int4, "64", "30"],
    [masked("Bucket", { bounds: "0,18,30,65" }), OID.int4, "-5", "0"],
    [masked("Bucket", { bounds: "0,18.5" }), OID.int4, "20", "0"], // 18.5 is no integer
    [masked("Bucket"), OID.text, "20", "***"],
  ] as const)("%#: %o of %i", (mask, type, value, expected) => {
    expect(maskText(mask as ColumnMask, type, value)).toBe(expected);
  });

  test("numeric(p, s) keeps its scale and its precision", () => {
    expect(maskText(masked("Round", { to: 10 }), OID.numeric, "1234.56", numeric(7, 2))).toBe("1230.00");
    expect(maskText(masked("Round", { to: 100 }), OID.numeric, "99.99", numeric(4, 2))).toBe("0.00");
  });

  test("decimals read as they were written", () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.integer({ min: 0, max: 30 }), (coefficient, scale) => {
        expect(parseDecimal(decimalText({ coefficient, scale }))).toEqual({ coefficient, scale });
      }),
    );
  });
});

describe("dates", () => {
  test.each([
    ["Year", "2024-01-01", "2024-01-01 00:00:00"],
    ["Quarter", "2024-04-01", "2024-04-01 00:00:00"],
    ["Month", "2024-05-01", "2024-05-01 00:00:00"],
    ["Week", "2024-05-13", "2024-05-13 00:00:00"],
    ["Day", "2000-01-01", "2024-05-17 00:00:00"],
    ["Hour", "2000-01-01", "2024-05-17 22:00:00"],
    ["Minute", "2000-01-01", "2024-05-17 22:20:00"],
  ])("TruncateDate to %s gives %s, %s", (unit, date, timestamp) => {
    expect(maskText(masked("TruncateDate", { unit }), OID.date, "2024-05-17")).toBe(date);
    expect(maskText(masked("TruncateDate", { unit }), OID.timestamp, "2024-05-17 22:20:30.5")).toBe(timestamp);
    expect(maskText(masked("TruncateDate", { unit }), OID.timestamptz, "2024-05-18 00:20:30.5+02")).toBe(
      `${timestamp}+00`,
    );
  });

  test("a date in another style than ISO, or none, becomes Default", () => {
    for (const value of ["17.05.2024", "Fri May 17 2024", "infinity", "05/17/2024"]) {
      expect(maskText(masked("TruncateDate"), OID.date, value)).toBe("2000-01-01");
    }
  });
});
