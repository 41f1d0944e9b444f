// Inserts segment after segment until it is killed: `node crash-child.ts FILE`.
import { openDuckdb } from "../../pkg/store/duckdb-store.ts";
import { segmentsOf } from "./crash-segments.ts";

const store = await openDuckdb({ file: process.argv[2]!, origin: "log", memoryMiB: 256 });
const segments = segmentsOf(40);
process.send!("inserting");
while (store.indexedUpTo < segments.length)
  await store.insert(segments.slice(store.indexedUpTo, store.indexedUpTo + 1), store.indexedUpTo + 1);
setInterval(() => {}, 1000);
