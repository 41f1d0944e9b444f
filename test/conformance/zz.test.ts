import { Frontend } from "../support/frontend.ts";
import { startGoverned } from "../support/governed.ts";
import { query } from "../support/messages.ts";
import { written } from "../support/recorder.ts";
import { PASSWORD, startTestServer } from "../support/server.ts";
import { HARMLESS } from "../suites/suites.ts";
test("x", async () => {
  const server = await startTestServer(["app"]);
  await server.admin("CREATE DATABASE plain OWNER app");
  const governed = await startGoverned({ upstreamPort: server.port, policies: { "p.yaml": HARMLESS } });
  const f = await Frontend.login({ port: governed.port, user: "app", password: PASSWORD, database: "plain" });
  for (const sql of (process.env.SQLS ?? "").split(";;")) {
    const from = f.frames.length;
    await f.ask([query(sql)]);
    console.log(sql, written(f.frames.slice(from)).join("|").slice(0, 300));
  }
  f.destroy(); await governed.stop(); await server.stop();
});
