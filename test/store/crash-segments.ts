// Segments of one chain each with real records, the same in both processes of crash.test.ts.
import { type SegmentRows, segmentRows } from "../../pkg/store/segment-rows.ts";
import { ChainMaker } from "../collector/chain-maker.ts";

export function segmentsOf(count: number): readonly SegmentRows[] {
  return Array.from({ length: count }, (_, entry) => {
    const chain = entry.toString(16).padStart(32, "0");
    const maker = new ChainMaker(chain, {}, 1_800_000_000_000 + entry).statements(20, { session: `s${entry}` });
    return segmentRows(
      { entry, chain, cluster: "eu-1", environment: "production", namespace: `n${entry}` },
      0,
      maker.records,
    );
  });
}
