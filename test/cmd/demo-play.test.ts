import pg from "pg";
import { identitySteps } from "../../cmd/weir/demo/identity-script.ts";
import { play, playStep } from "../../cmd/weir/demo/play.ts";
import { scenes } from "../../cmd/weir/demo/script.ts";
import { databaseName, passwordOf, startShop } from "../../cmd/weir/demo/shop-database.ts";
import type { Terminal } from "../../cmd/weir/terminal.ts";

test("without a sidecar in between, the demo says that every mask and refusal is missing", async () => {
  const printed: string[] = [];
  const plain = (text: string) => text;
  const terminal: Terminal = {
    print: (line = "") => void printed.push(line),
    bold: plain,
    dim: plain,
    red: plain,
    green: plain,
    yellow: plain,
    cyan: plain,
  };
  const shop = await startShop();
  try {
    const differences = await play(
      scenes,
      { host: shop.host, governedPort: shop.port, directPort: shop.port },
      terminal,
    );
    const claimed = scenes.flatMap((scene) =>
      scene.steps.filter((step) => step.expect.outcome !== "clear").map((step) => `${scene.login}: ${step.say}`),
    );
    expect(differences.map((text) => claimed.find((claim) => text.startsWith(claim)))).toEqual(claimed);
    expect(printed.join("\n")).toContain("maya.okafor@example.com");
    const direct = new pg.Client({
      host: shop.host,
      port: shop.port,
      user: "ana",
      password: passwordOf("ana"),
      database: databaseName,
    });
    await direct.connect();
    for (const step of identitySteps)
      expect([step.say, (await playStep(step, direct, direct, terminal)) === null]).toEqual([
        step.say,
        step.expect.outcome === "clear",
      ]);
    await direct.end();
  } finally {
    await shop.stop();
  }
});
