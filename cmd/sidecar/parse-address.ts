// Addresses and lists that shipping and telemetry are given, from a raw value to a typed one.
import { Invalid, type Parse } from "./parse-value.ts";

const loopback = /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/;

/** Nothing secret goes over a network in the clear: `http:` only where it stays on the machine. */
export const collectorUrl: Parse<URL> = (raw) => {
  const url = URL.parse(String(raw).trim());
  const isHere = url?.protocol === "http:" && loopback.test(url.hostname);
  if ((isHere || url?.protocol === "https:") && url.username === "" && url.password === "" && url.search === "")
    return url;
  throw new Invalid(
    "write an address that begins with https:// (or http:// and a loopback address) and holds no password",
  );
};

/** As OpenTelemetry has it: `http:` may lead to an agent beside the pod. */
export const otlpUrl: Parse<URL> = (raw) => {
  const url = URL.parse(String(raw).trim());
  const isHttp = url?.protocol === "https:" || url?.protocol === "http:";
  if (isHttp && url.username === "" && url.password === "") return url;
  throw new Invalid("write an address that begins with https:// or http:// and holds no password");
};

/** `key=value,...` with values percent-encoded (W3C Baggage), as OTEL_EXPORTER_OTLP_HEADERS and OTEL_RESOURCE_ATTRIBUTES are; or a map. */
export const pairs: Parse<Readonly<Record<string, string>>> = (raw) => {
  if (typeof raw === "object" && raw !== null && !Array.isArray(raw)) {
    const entries = Object.entries(raw);
    if (entries.every(([, value]) => typeof value === "string")) return Object.fromEntries(entries);
    throw new Invalid("write texts as values, in quotes where they look like numbers");
  }
  return Object.fromEntries(
    String(raw)
      .split(",")
      .filter((pair) => pair.trim() !== "")
      .map((pair) => {
        const at = pair.indexOf("=");
        // The pair may be a secret, so it is not told.
        if (at < 1) throw new Invalid("write a comma list of key=value");
        return [pair.slice(0, at).trim(), decoded(pair.slice(at + 1).trim())];
      }),
  );
};

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
