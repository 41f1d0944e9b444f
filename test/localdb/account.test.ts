import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serverAccount } from "../../pkg/localdb/account.ts";
import { sharedTemporaryFolder } from "../../pkg/localdb/shared-folder.ts";

test("an ordinary user runs the server as itself, root as nobody", () => {
  expect(serverAccount(1000, "")).toEqual({});
  expect(serverAccount(0, "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65533:nobody:/:/sbin/nologin\n")).toEqual({
    uid: 65_534,
    gid: 65_533,
  });
  expect(() => serverAccount(0, "root:x:0:0::/root:/bin/sh\n")).toThrow(
    /no account `nobody`; add one, or run as another user/,
  );
});

test("a temporary folder that the server's account cannot enter is passed over", () => {
  const before = process.env.TMPDIR;
  const closed = mkdtempSync(join(tmpdir(), "weir-closed-"));
  try {
    mkdirSync(join(closed, "tmp"));
    chmodSync(closed, 0o700);
    process.env.TMPDIR = join(closed, "tmp");
    expect(sharedTemporaryFolder({})).toBe(tmpdir());
    expect(sharedTemporaryFolder({ uid: 4_000_000, gid: 4_000_000 })).toBe("/tmp");
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    rmSync(closed, { recursive: true });
  }
});
