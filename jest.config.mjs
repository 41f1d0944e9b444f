// Native ESM; types are stripped by Node itself (its swc), so positions in stack traces are the source's own.
export default {
  testEnvironment: "node",
  testMatch: ["<rootDir>/test/**/*.test.ts"],
  // These need a Kubernetes API server and have a target of their own: make e2e-api.
  testPathIgnorePatterns: [
    "/node_modules/",
    ...(process.env.WEIR_E2E === "1" ? [] : ["<rootDir>/test/e2e-api/"]),
    // And these a node: make e2e.
    ...(process.env.WEIR_E2E_NODE === "1" ? [] : ["<rootDir>/test/e2e/"]),
  ],
  extensionsToTreatAsEsm: [".ts"],
  transform: { "\\.ts$": "<rootDir>/test/strip-types.mjs" },
  testTimeout: 60_000,
};
