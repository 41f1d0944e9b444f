// What a client may say before it has logged in, as PostgreSQL reads it.
import fc from "fast-check";
import { decodeAuthentication, encodeAuthentication } from "../../pkg/wire/postgres/authentication.ts";
import {
  decodePassword,
  decodeSaslInitialResponse,
  encodePassword,
  encodeSaslInitialResponse,
} from "../../pkg/wire/postgres/password-message.ts";
import { splitStartupOptions } from "../../pkg/wire/postgres/startup-options.ts";
import {
  encodeCancelRequest,
  encodeStartupMessage,
  GSSENC_REQUEST_PACKET,
  SSL_REQUEST_PACKET,
} from "../../pkg/wire/postgres/startup-packet.ts";
import { StartupReader } from "../../pkg/wire/postgres/startup-reader.ts";
import { WireError } from "../../pkg/wire/postgres/wire-error.ts";

const read = (packet: Buffer) => {
  const reader = new StartupReader();
  reader.push(packet);
  return reader.next();
};
const letter = fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code));
const word = fc.string({ unit: letter, minLength: 1, maxLength: 20 });

describe("start-up packets", () => {
  test("are told apart by their code", () => {
    expect(read(SSL_REQUEST_PACKET)).toEqual({ kind: "sslRequest" });
    expect(read(GSSENC_REQUEST_PACKET)).toEqual({ kind: "gssencRequest" });
    expect(read(Buffer.from("000000080004d216", "hex"))).toEqual({ kind: "unsupported", version: 0x0004d216 });
    expect(read(Buffer.from("0000000800020000", "hex"))).toEqual({ kind: "unsupported", version: 0x00020000 });
  });

  test("come back as they were sent, however they are cut", () => {
    const parameters = fc.array(fc.tuple(word, fc.string({ unit: letter, maxLength: 20 })), { maxLength: 6 });
    fc.assert(
      fc.property(fc.constantFrom(0x30000, 0x30002, 0x3270f), parameters, fc.nat(), (version, sent, place) => {
        const packet = encodeStartupMessage(version, sent);
        const at = place % packet.length;
        const reader = new StartupReader();
        reader.push(packet.subarray(0, at));
        expect(reader.next()).toBeNull();
        reader.push(packet.subarray(at));
        expect(reader.next()).toEqual({ kind: "startup", version, parameters: sent });
        expect(reader.left).toHaveLength(0);
      }),
    );
  });

  test("of cancel carry keys of 4 to 256 bytes", () => {
    const key = (bytes: number) => ({ processId: 4711, secret: Buffer.alloc(bytes, 7) });
    expect(read(encodeCancelRequest(key(4)))).toEqual({ kind: "cancelRequest", key: key(4) });
    expect(read(encodeCancelRequest(key(256)))).toEqual({ kind: "cancelRequest", key: key(256) });
    expect(() => read(encodeCancelRequest(key(3)))).toThrow(WireError);
    expect(() => read(encodeCancelRequest(key(257)))).toThrow(WireError);
  });

  test("keep what was sent behind them, to be refused", () => {
    const reader = new StartupReader();
    reader.push(Buffer.concat([SSL_REQUEST_PACKET, Buffer.from("early")]));
    expect(reader.next()).toEqual({ kind: "sslRequest" });
    expect(reader.left.toString()).toBe("early");
  });

  const malformed: readonly (readonly [string, string])[] = [
    ["a length of 7", "00000007000300"],
    ["a length above 10,004", "00002715"],
    ["a negative length", "ffffffff"],
    ["a name without value", "0000000d00030000 75736572 00"],
    ["a value without terminator", "0000000f00030000 7573657200 6161"],
    ["no empty name at the end", "0000001000030000 7573657200 616100"],
    ["bytes after the empty name", "0000000a00030000 0041"],
    ["an SSLRequest with a body", "0000000904d2162f00"],
    ["half a cancel request", "0000000a04d2162e0001"],
  ];
  test.each(malformed)("with %s are refused", (_name, hex) => {
    expect(() => read(Buffer.from(hex.replaceAll(" ", ""), "hex"))).toThrow(WireError);
  });

  test("of random bytes are a packet, incomplete, or a WireError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 0, max: 48 }), (data, length) => {
        const packet = Buffer.concat([Buffer.of(0, 0, 0, length), Buffer.from(data)]);
        try {
          read(packet);
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
    );
  });
});

describe("start-up options are read as the server reads its command line", () => {
  const cases: readonly (readonly [string, (readonly [string, string])[], string[]])[] = [
    ["", [], []],
    ["-c search_path=shop", [["search_path", "shop"]], []],
    [
      "-csearch_path=shop --work-mem=4MB",
      [
        ["search_path", "shop"],
        ["work_mem", "4MB"],
      ],
      [],
    ],
    [
      "-c\tgeqo=off\n-c  statement_timeout=5s ",
      [
        ["geqo", "off"],
        ["statement_timeout", "5s"],
      ],
      [],
    ],
    ["-c search_path=a\\ b\\\\c", [["search_path", "a b\\c"]], []],
    ["-c weir.identity=a=b", [["weir.identity", "a=b"]], []],
    ["-- -c role=root", [], ["-c", "role=root"]],
    ["--role=root", [["role", "root"]], []],
    ["-ec role=root", [["role", "root"]], ["-e"]],
    ["-S 5 -c role=root", [["role", "root"]], ["-S 5"]],
    ["-c role", [], ["-c role"]],
    ["-c", [], ["-c"]],
    ["word -c role=root", [["role", "root"]], ["word"]],
    ["-?", [], ["-?"]],
    ["trailing\\", [], ["trailing"]],
  ];
  test.each(cases)("%j", (options, settings, other) => {
    expect(splitStartupOptions(options)).toEqual({ settings, other });
  });
});

describe("authentication", () => {
  test("requests come back as they were sent", () => {
    for (const request of [
      { method: "ok" },
      { method: "cleartext" },
      { method: "md5", salt: Buffer.from("salt") },
      { method: "sasl", mechanisms: ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"] },
      { method: "saslContinue", data: Buffer.from("r=x") },
      { method: "saslFinal", data: Buffer.from("v=x") },
    ] as const) {
      expect(decodeAuthentication(encodeAuthentication(request).subarray(5))).toEqual(request);
    }
    expect(decodeAuthentication(Buffer.of(0, 0, 0, 7))).toEqual({ method: "other", code: 7 });
  });

  test("answers come back as they were sent", () => {
    const password = Buffer.from("naïve", "latin1");
    expect(decodePassword(encodePassword(password).subarray(5))).toEqual(password);
    for (const data of [null, Buffer.from("n,,n=,r=x")]) {
      const response = { mechanism: "SCRAM-SHA-256", data };
      expect(decodeSaslInitialResponse(encodeSaslInitialResponse(response).subarray(5))).toEqual(response);
    }
  });

  test("of random bytes is a value or a WireError", () => {
    for (const decode of [decodeAuthentication, decodePassword, decodeSaslInitialResponse]) {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 30 }), (data) => {
          try {
            decode(Buffer.from(data));
          } catch (error) {
            expect(error).toBeInstanceOf(WireError);
          }
        }),
      );
    }
  });
});
