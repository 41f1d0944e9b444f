/** `evidence`: what the pack is to be made from is not fit for it. `input`: something beside it is not. `limit`: more than can be held. */
export class EvidencePackError extends Error {
  readonly code: "evidence" | "input" | "limit";

  constructor(code: EvidencePackError["code"], message: string) {
    super(message);
    this.name = "EvidencePackError";
    this.code = code;
  }
}
