// A sidecar whose records are encoded, hashed and chained, but not written: what the write in front of each statement costs is the
// difference. Only the bench runs it. Argument: the server's port; prints its own.
import { systemFiles } from "../../pkg/audit/spool-files.ts";
import { startGoverned } from "../support/governed.ts";

const sidecar = await startGoverned({
  upstreamPort: Number(process.argv[2]),
  policies: { "bench.yaml": process.env.WEIR_BENCH_POLICIES ?? "" },
  spoolBytesMax: 64 * 2 ** 30,
  files: { ...systemFiles, write: (_, bytes) => bytes.length },
});
process.stdout.write(`${sidecar.port}\n`);
process.once("SIGINT", () => process.exit(0));
