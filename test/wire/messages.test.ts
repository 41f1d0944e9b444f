// Every codec gives back what it was given, and meets any other bytes with a WireError or a value, never with anything else.
import fc from "fast-check";
import { decodeBackendKeyData, encodeBackendKeyData } from "../../pkg/wire/postgres/backend-key-data.ts";
import { decodeBind, encodeBind } from "../../pkg/wire/postgres/bind.ts";
import { decodeClose, encodeClose } from "../../pkg/wire/postgres/close.ts";
import { decodeCommandComplete, encodeCommandComplete } from "../../pkg/wire/postgres/command-complete.ts";
import { decodeCopyFail, encodeCopyFail } from "../../pkg/wire/postgres/copy-fail.ts";
import { decodeCopyResponse, encodeCopyResponse } from "../../pkg/wire/postgres/copy-response.ts";
import { dataRowFields, encodeDataRow } from "../../pkg/wire/postgres/data-row.ts";
import { decodeDescribe, encodeDescribe } from "../../pkg/wire/postgres/describe.ts";
import { COPY_DONE, FLUSH, SYNC, TERMINATE } from "../../pkg/wire/postgres/empty-messages.ts";
import { decodeErrorFields, encodeError, encodeNotice } from "../../pkg/wire/postgres/error-fields.ts";
import { decodeExecute, encodeExecute } from "../../pkg/wire/postgres/execute.ts";
import { decodeFunctionCall, encodeFunctionCall } from "../../pkg/wire/postgres/function-call.ts";
import { decodeFunctionCallResponse } from "../../pkg/wire/postgres/function-call-response.ts";
import {
  decodeNegotiateProtocolVersion,
  encodeNegotiateProtocolVersion,
} from "../../pkg/wire/postgres/negotiate-protocol-version.ts";
import {
  decodeNotificationResponse,
  encodeNotificationResponse,
} from "../../pkg/wire/postgres/notification-response.ts";
import {
  decodeParameterDescription,
  encodeParameterDescription,
} from "../../pkg/wire/postgres/parameter-description.ts";
import { decodeParameterStatus, encodeParameterStatus } from "../../pkg/wire/postgres/parameter-status.ts";
import { decodeParse, encodeParse } from "../../pkg/wire/postgres/parse.ts";
import { decodeQuery, encodeQuery } from "../../pkg/wire/postgres/query.ts";
import { decodeReadyForQuery, encodeReadyForQuery } from "../../pkg/wire/postgres/ready-for-query.ts";
import { decodeRowDescription, encodeRowDescription } from "../../pkg/wire/postgres/row-description.ts";
import { WireError } from "../../pkg/wire/postgres/wire-error.ts";

const body = (frame: Buffer) => frame.subarray(5);
const bytes = (text: string) => Buffer.from(text, "latin1");

const name = fc.string({
  unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 20,
});
const text = name.map(bytes);
const uint16 = fc.integer({ min: 0, max: 0xffff });
const int16 = fc.integer({ min: -0x8000, max: 0x7fff });
const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const int32 = fc.integer({ min: -0x80000000, max: 0x7fffffff });
const value = fc.option(fc.uint8Array({ maxLength: 30 }).map((data) => Buffer.from(data)));
const target = fc.constantFrom("S" as const, "P" as const);

interface Codec<T> {
  readonly of: fc.Arbitrary<T>;
  readonly encode: (message: T) => Buffer;
  readonly decode: (body: Buffer) => T;
}
const codec = <T>(of: fc.Arbitrary<T>, encode: (message: T) => Buffer, decode: (body: Buffer) => T) =>
  ({ of, encode, decode }) as Codec<unknown>;

const letters = [..."SVCMDHPpqWstcdnFLR"];
const codecs: Readonly<Record<string, Codec<unknown>>> = {
  Query: codec(fc.record({ text }), (query) => encodeQuery(query.text), decodeQuery),
  Parse: codec(
    fc.record({ name, text, types: fc.array(uint32) }),
    (parse) => encodeParse(parse.name, parse.text, parse.types),
    decodeParse,
  ),
  Bind: codec(
    fc.record({
      portal: name,
      statement: name,
      parameterFormats: fc.array(uint16) as fc.Arbitrary<readonly number[]>,
      parameters: fc.array(value) as fc.Arbitrary<readonly (Buffer | null)[]>,
      resultFormats: fc.array(uint16) as fc.Arbitrary<readonly number[]>,
    }),
    encodeBind,
    decodeBind,
  ),
  Describe: codec(fc.record({ target, name }), (of) => encodeDescribe(of.target, of.name), decodeDescribe),
  Close: codec(fc.record({ target, name }), (of) => encodeClose(of.target, of.name), decodeClose),
  Execute: codec(
    fc.record({ portal: name, rowsMax: int32 }),
    (execute) => encodeExecute(execute.portal, execute.rowsMax),
    decodeExecute,
  ),
  FunctionCall: codec(
    uint32,
    (oid) => encodeFunctionCall(oid),
    (data) => decodeFunctionCall(data).oid,
  ),
  CopyFail: codec(name, (reason) => encodeCopyFail(reason, "latin1"), decodeCopyFail),
  RowDescription: codec(
    fc.array(
      fc.record({ name, table: uint32, column: int16, type: uint32, size: int16, typmod: int32, format: uint16 }),
    ),
    encodeRowDescription,
    (data) => [...decodeRowDescription(data)],
  ),
  DataRow: codec(fc.array(value), encodeDataRow, dataRowFields),
  CommandComplete: codec(name, encodeCommandComplete, decodeCommandComplete),
  ReadyForQuery: codec(fc.constantFrom("I", "T", "E"), encodeReadyForQuery, decodeReadyForQuery),
  ErrorResponse: codec(
    fc.uniqueArray(fc.tuple(fc.constantFrom(...letters), name), { selector: ([letter]) => letter }),
    (fields) => encodeError(fields, "latin1"),
    (data) => [...decodeErrorFields(data)],
  ),
  NoticeResponse: codec(
    fc.uniqueArray(fc.tuple(fc.constantFrom(...letters), name), { selector: ([letter]) => letter }),
    (fields) => encodeNotice(fields, "latin1"),
    (data) => [...decodeErrorFields(data)],
  ),
  ParameterStatus: codec(
    fc.record({ name, value: name }),
    (status) => encodeParameterStatus(status.name, status.value),
    decodeParameterStatus,
  ),
  ParameterDescription: codec(fc.array(uint32), encodeParameterDescription, (data) => [
    ...decodeParameterDescription(data),
  ]),
  BackendKeyData: codec(
    fc.record({
      processId: uint32,
      secret: fc.uint8Array({ minLength: 4, maxLength: 256 }).map((data) => Buffer.from(data)),
    }),
    encodeBackendKeyData,
    decodeBackendKeyData,
  ),
  NegotiateProtocolVersion: codec(
    fc.record({ version: uint32, options: fc.array(name) as fc.Arbitrary<readonly string[]> }),
    encodeNegotiateProtocolVersion,
    decodeNegotiateProtocolVersion,
  ),
  NotificationResponse: codec(
    fc.record({ processId: uint32, channel: name, payload: name }),
    encodeNotificationResponse,
    decodeNotificationResponse,
  ),
  CopyResponse: codec(
    fc.record({
      format: fc.constantFrom(0 as const, 1 as const),
      columns: fc.array(uint16) as fc.Arbitrary<readonly number[]>,
    }),
    (response) => encodeCopyResponse("G", response),
    decodeCopyResponse,
  ),
};

/** What a decoder made of bytes: a value, or the fact that it threw a WireError. Anything else escapes and fails the test. */
function outcome(decode: (body: Buffer) => unknown, data: Buffer): unknown {
  try {
    return { value: decode(data) };
  } catch (error) {
    if (error instanceof WireError) return "WireError";
    throw error;
  }
}

describe.each(Object.entries(codecs))("%s", (_name, { of, encode, decode }) => {
  test("comes back as it was sent, in a frame whose length is right", () => {
    fc.assert(
      fc.property(of, (message) => {
        const frame = encode(message);
        expect(frame.readUInt32BE(1)).toBe(frame.length - 1);
        expect(decode(body(frame))).toEqual(message);
      }),
    );
  });

  test("cut short anywhere, or with a byte more, is a WireError or another whole message, never a read outside", () => {
    fc.assert(
      fc.property(of, fc.nat(), fc.integer({ min: 1, max: 255 }), (message, at, extra) => {
        const frame = encode(message);
        const cut = 5 + (at % (frame.length - 4));
        const alone = outcome(decode, Buffer.from(frame.subarray(5, cut)));
        expect(outcome(decode, frame.subarray(5, cut))).toEqual(alone);
        outcome(decode, Buffer.concat([body(frame), Buffer.from([extra])]));
      }),
    );
  });

  test("random bytes give a value or a WireError", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (data) => void outcome(decode, Buffer.from(data))));
  });
});

describe("what is malformed is refused", () => {
  const cases: readonly (readonly [string, (body: Buffer) => unknown, string])[] = [
    ["Query without terminator", decodeQuery, "SELECT 1"],
    ["Query with bytes after its terminator", decodeQuery, "SELECT 1\0x"],
    ["Query with two terminators", decodeQuery, "SELECT 1\0\0"],
    ["Query without a body", decodeQuery, ""],
    ["Parse that promises more types than it has", decodeParse, "\0SELECT 1\0\0\x02\0\0\0\x17"],
    ["Bind with a parameter that reaches past the frame", decodeBind, "\0\0\0\0\0\x01\0\0\0\x09abc\0\0"],
    ["Bind with a parameter of length -2", decodeBind, "\0\0\0\0\0\x01\xff\xff\xff\xfe\0\0"],
    ["Bind with a parameter of length 2^31", decodeBind, "\0\0\0\0\0\x01\x80\0\0\0\0\0"],
    ["Describe of neither statement nor portal", decodeDescribe, "Xname\0"],
    ["Close with bytes after its name", decodeClose, "Sname\0more"],
    ["Execute with half a row limit", decodeExecute, "\0\0\0"],
    ["ReadyForQuery with a status of its own", decodeReadyForQuery, "X"],
    ["ErrorResponse without its last zero byte", decodeErrorFields, "SERROR\0"],
    ["BackendKeyData with a key of 3 bytes", decodeBackendKeyData, "\0\0\0\x01abc"],
    ["BackendKeyData with a key of 257 bytes", decodeBackendKeyData, `\0\0\0\x01${"k".repeat(257)}`],
    ["CopyResponse of format 2", decodeCopyResponse, "\x02\0\0"],
    ["FunctionCallResponse of length -2", decodeFunctionCallResponse, "\xff\xff\xff\xfe"],
  ];
  test.each(cases)("%s", (_name, decode, data) => expect(() => decode(bytes(data))).toThrow(WireError));
});

test("a name with a zero byte is not sent: the rest would be read as another field", () => {
  expect(() => encodeParse("a\0b", bytes("SELECT 1"), [])).toThrow(WireError);
  expect(() => encodeQuery(bytes("SELECT 1\0; DROP TABLE t"))).toThrow(WireError);
  expect(() => encodeError([["M", "a\0b"]])).toThrow(WireError);
});

test("slices alias the frame, nothing is copied", () => {
  const frame = encodeQuery(bytes("SELECT 1"));
  const { text: slice } = decodeQuery(body(frame));
  expect(slice.buffer).toBe(frame.buffer);
});

test("messages without a body are a type and the length 4", () => {
  expect([SYNC, FLUSH, TERMINATE, COPY_DONE].map((frame) => frame.toString("latin1"))).toEqual([
    "S\0\0\0\x04",
    "H\0\0\0\x04",
    "X\0\0\0\x04",
    "c\0\0\0\x04",
  ]);
});

test("texts of our own are UTF-8, fields relayed as latin1 keep their bytes", () => {
  expect(encodeError([["M", "naïve"]]).includes(Buffer.from("naïve", "utf8"))).toBe(true);
  const raw = Buffer.from("EM\xff\xfe\0\0", "latin1").subarray(1);
  expect(body(encodeError(decodeErrorFields(raw), "latin1"))).toEqual(raw);
});
