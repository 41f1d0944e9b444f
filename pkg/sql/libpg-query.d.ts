// The Emscripten module inside each grammar package, which ships without types.
declare module "pg-grammar-*/wasm/libpg-query.js" {
  const factory: unknown;
  export default factory;
}
