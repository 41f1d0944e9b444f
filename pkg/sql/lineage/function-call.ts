// Function calls: plain, aggregate and window functions, and `f(row)` for a field of the row (rules R3, R4, R10).

import type { FunctionInfo, Snapshot } from "../../catalog/snapshot.ts";
import type { Lineage } from "../facts.ts";
import { settingChangeOf } from "../functions/constant-call.ts";
import type { CallForm } from "../functions/resolve.ts";
import { argumentSink } from "../functions/trust.ts";
import { list, type Node, texts } from "../node.ts";
import { type Called, noteCalled, resolveCall } from "./calls.ts";
import { steer } from "./collector.ts";
import { constantText } from "./constant-text.ts";
import { evaluate } from "./expression.ts";
import { noteCallFailure } from "./failing.ts";
import { jsonPathCall } from "./json-path.ts";
import { deriveAll } from "./label.ts";
import { outParameters } from "./out-parameters.ts";
import { fieldOf, fieldsOf } from "./projection.ts";
import type { Scope } from "./scope.ts";
import { evaluateSort } from "./sort.ts";
import { type BodyResult, callBody } from "./sql-function.ts";
import { noteType, typeOfName } from "./types.ts";
import { computed, type Value } from "./value.ts";
import type { Walk } from "./walk.ts";
import { evaluateWindow } from "./window.ts";

export function evaluateCall(walk: Walk, scope: Scope, node: Node): Value {
  return evaluateCalled(walk, scope, node).value;
}

/** A call's value together with what was called, for FROM. */
export function evaluateCalled(
  walk: Walk,
  scope: Scope,
  node: Node,
): { readonly value: Value; readonly called: Called | null } {
  const args = list(node.args).map((arg) => evaluate(walk, scope, argumentOf(arg)));
  if (isPlain(node)) {
    const field = asField(walk, texts(node.funcname), args);
    if (field !== null) return { value: field, called: null };
  }
  const sorted = list(node.agg_order).map((sort) => evaluateSort(walk, scope, sort));
  const form = formOf(walk, node, args);
  const called = resolveCall(walk, texts(node.funcname), argumentTypes(node, args, sorted), form);
  const labels = [...args, ...sorted].map((value) => value.lineage);
  labels.push(...clauseLabels(walk, scope, node));
  const label = deriveAll(labels);
  const itself = isPlain(node) ? asItself(walk, texts(node.funcname), args, called) : null;
  if (itself !== null) return { value: itself, called: null };
  const body = callBody(
    walk,
    called,
    args.map((arg) => arg.type),
    label,
  );
  if (body === null) {
    noteCalled(walk, called.use, called.info);
    // A function that makes rows steers anyway.
    if (!called.returnsSet) noteCallFailure(walk, called, [...args, ...sorted], list(node.args).map(argumentOf));
  }
  noteSinks(walk, called, form, label);
  if (called.info !== null && rowMakers.has(called.info.name)) noteType(walk, called.returns);
  if (called.returnsSet || isUnresolved(called)) steer(walk, label, "set-returning function");
  return { value: result(called, args, node, label, body), called };
}

/** They make rows of the type of their first argument out of a document. */
const rowMakers = new Set(
  ["json", "jsonb"]
    .flatMap((of) => [`${of}_populate_record`, `${of}_populate_recordset`])
    .concat("jsonb_populate_record_valid"),
);

function argumentOf(node: Node): Node {
  return node.NamedArgExpr === undefined ? node : node.NamedArgExpr.arg;
}

function argumentTypes(node: Node, args: readonly Value[], sorted: readonly Value[]): number[] {
  const all = node.agg_within_group === true ? [...args, ...sorted] : args;
  return all.map((value) => value.type);
}

function formOf(walk: Walk, node: Node, values: readonly Value[]): CallForm {
  const args = list(node.args);
  const named = args.some((arg) => arg.NamedArgExpr !== undefined);
  const asked = texts(node.funcname).at(-1) === "current_setting" && namesServerSetting(walk, values[0]);
  return {
    named,
    variadic: node.func_variadic === true,
    // Looked at only where they decide something, so that other calls do not depend on them.
    get constants() {
      if (named) return [];
      return asked ? [SERVER_SETTING] : args.map(constantText);
    },
  };
}

/** Stands for the name of any setting of the server's own: all of them may be told. */
const SERVER_SETTING = "server_version";

/** pg_settings lists the server's own settings and never those that users made up, which may hold anything. */
function namesServerSetting(walk: Walk, value: Value | undefined): boolean {
  if (value?.shape !== "column" || value.origin === null) return false;
  const relation = walk.catalog?.relation(value.origin.table);
  const column = relation?.columns.find(({ attnum }) => attnum === value.origin?.column);
  return relation?.schema === "pg_catalog" && relation.name === "pg_settings" && column?.name === "name";
}

/** It may be anything, a function that returns many rows included. */
function isUnresolved(called: Called): boolean {
  return called.use.oid === null && called.use.trust === "opaque";
}

function clauseLabels(walk: Walk, scope: Scope, node: Node) {
  const labels = [];
  if (node.agg_filter !== undefined) {
    const filter = evaluate(walk, scope, node.agg_filter).lineage;
    steer(walk, filter, "FILTER");
    labels.push(filter);
  }
  if (node.over !== undefined) labels.push(evaluateWindow(walk, scope, node.over));
  return labels;
}

function isPlain(node: Node): boolean {
  const { args, funcname, agg_order, agg_filter, agg_star, agg_distinct, over, func_variadic } = node;
  const plain = agg_order ?? agg_filter ?? agg_star ?? agg_distinct ?? over ?? func_variadic;
  return plain === undefined && list(args).length === 1 && funcname.length === 1 && args[0].NamedArgExpr === undefined;
}

/** `f(row)` where no function of that name can take a row. */
function asField(walk: Walk, name: readonly string[], args: readonly Value[]): Value | null {
  const { catalog, context } = walk;
  const [row] = args;
  if (catalog === null || row === undefined || fieldsOf(walk, row) === null) return null;
  const named = context.resolution!.searchPath.flatMap((schema) => catalog.functionsNamed(schema, name[0]!));
  return named.some((info) => takesRow(catalog, info)) ? null : fieldOf(walk, row, name[0]!);
}

/** Composite and pseudo-types, and domains, which may be over a composite one. */
function takesRow(catalog: Snapshot, info: FunctionInfo): boolean {
  return "cpd".includes(catalog.type(info.args[0] ?? 0)?.kind ?? "");
}

/** `type(x)` of an x that has that type already is x itself, as long as no function takes exactly that. */
function asItself(walk: Walk, name: readonly string[], args: readonly Value[], called: Called): Value | null {
  const [value] = args;
  if (walk.catalog === null || value === undefined || value.type === 0 || called.info?.args[0] === value.type)
    return null;
  return typeOfName(walk, name) === value.type ? value : null;
}

function noteSinks(walk: Walk, called: Called, form: CallForm, label: Lineage): void {
  const { info } = called;
  if (info === null) return;
  const sink = argumentSink(info);
  if (sink !== null) walk.found.flows.push({ from: label, to: sink });
  if (info.name !== "set_config" || info.schema !== "pg_catalog") return;
  walk.found.settings.push(settingChangeOf(form.constants ?? []));
  walk.found.changesResolution = true;
}

function result(called: Called, args: readonly Value[], node: Node, label: Lineage, body: BodyResult | null): Value {
  // An array of keys is not looked into.
  const path = node.func_variadic === true ? null : jsonPathCall(called.use.oid, args, list(node.args));
  if (path !== null) return path;
  if (body !== null) return computed(body.label, called.returns, body.fields ?? undefined);
  const columns = called.info === null ? null : outParameters(called.info);
  const fields =
    columns === null || columns.length === 1 ? undefined : columns.map((field) => ({ ...field, lineage: label }));
  return computed(label, called.returns, fields);
}
