import { defineConfig } from "vitest/config";

// Workspace packages are read from their sources, so a test never sees a stale build.
const conditions = ["@sf-image-store/source"];

export default defineConfig({
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ["packages/*/test/**/*.test.ts", "scripts/test/**/*.test.ts"],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // Many tests start processes of their own: a second is not worth a line.
    slowTestThreshold: 10_000,
  },
});
