// When the certificate that is served ends, as a metric: an alert can come before callers are turned away.
import { X509Certificate } from "node:crypto";
import { Gauge, type Registry } from "prom-client";

/** `current`: PEM (its own certificate first) or DER; asked when somebody reads the metric. */
export function certificateExpiry(registry: Registry, current: () => string | Buffer | null): void {
  const gauge: Gauge = new Gauge({
    name: "weir_certificate_expiry_timestamp_seconds",
    help: "When the certificate that is served ends, seconds since 1970; 0: there is none",
    registers: [registry],
    collect() {
      const certificate = current();
      gauge.set(certificate === null ? 0 : Date.parse(new X509Certificate(certificate).validTo) / 1000);
    },
  });
}
