// What an OTLP request is answered with: ExportLogsServiceResponse and ExportTraceServiceResponse have the same two fields.
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import type { OtlpForm } from "./otlp-decode.ts";

export interface PartialSuccess {
  /** 0: all were accepted. */
  readonly rejected: number;
  readonly why: string;
}

const ERROR_CHARS_MAX = 1000;

/** `of`: the name that JSON has for the count. */
export function exportAnswer(
  { rejected, why }: PartialSuccess,
  form: OtlpForm,
  of: "rejectedLogRecords" | "rejectedSpans",
): Buffer {
  const errorMessage = why.slice(0, ERROR_CHARS_MAX).toWellFormed();
  if (form === "json")
    return Buffer.from(
      JSON.stringify(rejected === 0 ? {} : { partialSuccess: { [of]: String(rejected), errorMessage } }),
    );
  const writer = new BinaryWriter();
  if (rejected > 0) {
    writer.uint32((1 << 3) | 2).fork();
    writer.uint32(1 << 3).int64(rejected);
    writer.uint32((2 << 3) | 2).string(errorMessage);
    writer.join();
  }
  return Buffer.from(writer.finish());
}
