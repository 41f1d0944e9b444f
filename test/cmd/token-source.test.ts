// When tokens are renewed, and what is done while the issuer is away.
import { exits } from "../../cmd/weir/command.ts";
import { LoginProblem, printable } from "../../cmd/weir/login/login-problem.ts";
import { RenewedTokens } from "../../cmd/weir/login/token-source.ts";

const START_MS = 1_790_000_000_000;
const token = (name: string, lifeMs: number) => ({ token: name, expiresAtMs: START_MS + lifeMs, refreshToken: "r" });

test("the same token while it lasts, one renewal for all who ask when it runs out", async () => {
  let [nowMs, asked] = [START_MS, 0];
  const renew = async () => {
    asked += 1;
    return token(`renewed ${asked}`, 600_000);
  };
  const tokens = new RenewedTokens(token("first", 60_000), renew, () => nowMs);
  expect([await tokens.token(), asked]).toEqual(["first", 0]);
  nowMs += 40_000;
  expect(await Promise.all([tokens.token(), tokens.token(), tokens.token()])).toEqual(Array(3).fill("renewed 1"));
});

test("while the issuer is away a token counts to its end; what the issuer refuses is told at once", async () => {
  let [nowMs, code] = [START_MS + 40_000, exits.unavailable as number];
  const renew = () => Promise.reject(new LoginProblem("no", code));
  const tokens = new RenewedTokens(token("first", 60_000), renew, () => nowMs);
  expect(await tokens.token()).toBe("first");
  nowMs += 20_000;
  await expect(tokens.token()).rejects.toThrow("no");
  nowMs -= 20_000;
  code = exits.failed;
  await expect(tokens.token()).rejects.toThrow("no");
});

test("what an issuer says is printed without control characters and without anything like a token", () => {
  const secret = `eyJhbGciOiJSUzI1NiJ9.${"x".repeat(30)}.${"y".repeat(30)}`;
  expect(printable(`bad\u001b[2J token ${secret} or ${"A1-_".repeat(12)}`)).toBe("bad [2J token ... or ...");
  expect(printable("no ".repeat(500)).length).toBeLessThan(310);
});
