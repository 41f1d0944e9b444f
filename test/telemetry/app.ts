// An application that OpenTelemetry instruments, as a process: it runs statements in spans of its own and tells what it did.
// `node app.ts PORT`

import { AsyncLocalStorage } from "node:async_hooks";
import { createRequire } from "node:module";
import { context, trace } from "@opentelemetry/api";
import { registerInstrumentations } from "@opentelemetry/instrumentation";
import { PgInstrumentation } from "@opentelemetry/instrumentation-pg";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";

const exporter = new InMemorySpanExporter();
const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
trace.setGlobalTracerProvider(provider);
const storage = new AsyncLocalStorage();
context.setGlobalContextManager({
  active: () => (storage.getStore() as ReturnType<typeof context.active>) ?? (rootContext as never),
  with: (active, act, self, ...args) => storage.run(active, () => act.call(self as never, ...(args as never))),
  bind: (_, target) => target,
  enable() {
    return this;
  },
  disable() {
    return this;
  },
});
const { ROOT_CONTEXT: rootContext } = await import("@opentelemetry/api");
registerInstrumentations({
  tracerProvider: provider,
  instrumentations: [new PgInstrumentation({ addSqlCommenterCommentToQueries: true })],
});
const pg = createRequire(import.meta.url)("pg") as typeof import("pg");
const client = new pg.Client({
  host: "127.0.0.1",
  port: Number(process.argv[2]),
  user: "postgres",
  database: "postgres",
});
await client.connect();
await provider.getTracer("app").startActiveSpan("order page", async (span) => {
  await client.query("SELECT email FROM customers WHERE id = $1", [7]);
  await client.query("SELECT id FROM plain");
  await client.query("DROP TABLE plain").catch(() => {});
  span.end();
});
await client.end();
const spans = exporter.getFinishedSpans().map((span) => ({
  name: span.name,
  traceId: span.spanContext().traceId,
  spanId: span.spanContext().spanId,
  text: span.attributes["db.query.text"],
}));
process.stdout.write(JSON.stringify(spans));
