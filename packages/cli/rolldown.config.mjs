import { defineConfig } from "rolldown";

// One file per part that loads at once: reading many small modules is most of what a start takes. The client and its types
// are part of the program; other packages, and the emulator with its own version, stay dependencies.
export default defineConfig({
  input: "src/main.ts",
  platform: "node",
  transform: { target: "node20" },
  resolve: { conditionNames: ["@sf-image-store/source", "node", "import"] },
  // Helpers for `using`, which Node.js 20 does not have, are bundled.
  external: (id) => !/^[./\0]|^@sf-image-store\/(client|types)|^@oxc-project\/runtime/.test(id),
  output: {
    dir: "dist",
    format: "esm",
    chunkFileNames: "[name].js",
    cleanDir: true,
    // Describing an error must not load the client, which takes most of the time of a start.
    codeSplitting: { groups: [{ name: "client-errors", test: /client.src.node.fetch.options\.ts$/ }] },
  },
});
