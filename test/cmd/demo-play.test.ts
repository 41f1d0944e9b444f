import { play } from "../../cmd/weir/demo/play.ts";
import { scenes } from "../../cmd/weir/demo/script.ts";
import { startShop } from "../../cmd/weir/demo/shop-database.ts";
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
  } finally {
    await shop.stop();
  }
});
