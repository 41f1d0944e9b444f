// What is kept from one record to the next keeps no block of shared memory alive.

import { contextOf } from "../../pkg/audit/record-context.ts";
import { formOf } from "../../pkg/audit/record-form.ts";
import { recordedFacts } from "../../pkg/audit/recorded-facts.ts";
import { TextCache } from "../../pkg/audit/text-cache.ts";
import { decision, digest, facts } from "./fixtures.ts";

/** Of everything that has its memory alive. */
const alive = (kept: readonly Buffer[]) => [...new Set(kept.map(({ buffer }) => buffer.byteLength))];

test("a form's runs share memory of their own", () => {
  const form = formOf([Buffer.from("one"), Buffer.from("two"), "statement", Buffer.from("three"), "time"]);
  expect(form.runs.map(String)).toEqual(["onetwo", "three", ""]);
  expect([form.bytes, alive(form.runs)]).toEqual([11, [11]]);
});

test("so do a session's parts, facts and texts", () => {
  const { bytes: _, ...parts } = contextOf(decision(7));
  for (const part of Object.values(parts)) expect(alive([part])).toEqual([part.length]);
  const { json } = recordedFacts(facts, digest);
  expect(alive([json])).toEqual([json.length]);
  expect(alive([new TextCache().of("SELECT 1", "f", () => Buffer.from("SELECT 1"))])).toEqual([8]);
});
