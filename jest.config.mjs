// Native ESM; types are stripped by Node itself (its swc), so positions in stack traces are the source's own.
export default {
  testEnvironment: "node",
  testMatch: ["<rootDir>/test/**/*.test.ts"],
  extensionsToTreatAsEsm: [".ts"],
  transform: { "\\.ts$": "<rootDir>/test/strip-types.mjs" },
  testTimeout: 60_000,
};
