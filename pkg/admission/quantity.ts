// Kubernetes quantities, as far as settings may hold them: the API server writes 1024Mi back as 1Gi.
import type { Json } from "./json.ts";

const factors: Readonly<Record<string, number>> = {
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

export function sameQuantity(left: Json | undefined, right: Json | undefined): boolean {
  const [a, b] = [amountOf(left), amountOf(right)];
  return a !== null && b !== null && Math.abs(a - b) <= Math.abs(a) * 1e-12;
}

/** In units of 1; null when it is no quantity. */
export function amountOf(quantity: Json | undefined): number | null {
  if (typeof quantity === "number") return quantity;
  const parts = typeof quantity === "string" ? /^([0-9]+(?:\.[0-9]+)?)([a-zA-Z]*)$/.exec(quantity) : null;
  if (parts === null) return null;
  const factor = parts[2] === "" ? 1 : factors[parts[2]!];
  return factor === undefined ? null : Number(parts[1]) * factor;
}
