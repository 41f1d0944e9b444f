// Where things lie in a pack.

export const packNames = {
  manifest: "manifest.json",
  manifestNote: "manifest.note",
  evidence: "records.weir-evidence",
  completeness: "completeness.csv",
  grants: "inputs/grants.csv",
  oscal: "oscal/assessment-results.json",
  pdf: "report.pdf",
  readme: "README.txt",
  /** `id`: `<chain>/<number>` */
  proof: (id: string) => `proofs/${id.replace("/", "-")}.json`,
  signOff: (number: number) => `sign-offs/${String(number).padStart(4, "0")}.json`,
  isSignOff: (path: string) => /^sign-offs\/\d{4}\.json$/.test(path),
} as const;
