// The way into this folder: names and types of a call, operator or cast in, the function behind it and its trust out (rule R10).

export { resolveCast } from "./resolve-cast.ts";
export { type CallForm, resolveFunction } from "./resolve-function.ts";
export { resolveOperator } from "./resolve-operator.ts";
