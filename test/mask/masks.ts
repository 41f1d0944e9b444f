// Masks and plans for tests, short to write.
import { MaskKeys } from "../../pkg/mask/keys.ts";
import type { ColumnMask, MaskMethod, MethodName } from "../../pkg/policy/decision.ts";

export const KEYS = new MaskKeys([{ version: 1, bytes: Buffer.alloc(32, "k") }]);

export function methodOf(
  method: MethodName,
  parameters: MaskMethod["parameters"] = {},
  keyName = "PII.TEST",
): MaskMethod {
  return { method, parameters, class: "PII.TEST", keyName, rule: { policy: "test", rule: "mask" } };
}

export function masked(method: MethodName, parameters: MaskMethod["parameters"] = {}, subject?: number): ColumnMask {
  return { apply: "method", mask: methodOf(method, parameters), ...(subject === undefined ? {} : { subject }) };
}

export const DERIVED: ColumnMask = { apply: "default", class: "PII.TEST", rule: { policy: "test", rule: "mask" } };

/** One of every method with each of its ways of working. */
export const EVERY_MASK: readonly (readonly [string, ColumnMask])[] = [
  ["derived", DERIVED],
  ["Null", masked("Null")],
  ["Default", masked("Default")],
  ["Redact", masked("Redact")],
  ["Redact keepLength", masked("Redact", { keepLength: true, character: "•" })],
  ["Partial", masked("Partial")],
  ["Partial Email", masked("Partial", { kind: "Email", keepDomain: false })],
  ["Partial Generic", masked("Partial", { kind: "Generic", keepFirst: 2, keepLast: 2 })],
  ["Token Text", masked("Token")],
  ["Token Email", masked("Token", { as: "Email" })],
  ["Token Digits", masked("Token", { as: "Digits", digits: 12 })],
  ["Token Uuid", masked("Token", { as: "Uuid" })],
  ["Token Integer", masked("Token", { as: "Integer" })],
  ["Encrypt", masked("Encrypt")],
  ["Encrypt Digits", masked("Encrypt", { alphabet: "Digits" })],
  ["Fake", masked("Fake")],
  ["Fake Email", masked("Fake", { kind: "Email" })],
  ["Round", masked("Round", { to: 10 })],
  ["Round 0.5", masked("Round", { to: 0.5 })],
  ["Bucket", masked("Bucket", { width: 25 })],
  ["Bucket bounds", masked("Bucket", { bounds: "0,18,30.5,65" })],
  ["TruncateDate", masked("TruncateDate", { unit: "Month" })],
  ["TruncateDate Week", masked("TruncateDate", { unit: "Week" })],
  ["TruncateDate Hour", masked("TruncateDate", { unit: "Hour" })],
  ["ShiftDate", masked("ShiftDate", { subject: "id", maxDays: 30 }, 1)],
  ["paths", { apply: "paths", paths: [{ path: ["a", "b"], mask: methodOf("Token") }] }],
];
