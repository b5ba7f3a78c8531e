import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

// Workspace packages are read from their sources, so a test never sees a stale build.
const conditions = ["@sf-image-store/source"];

export default defineConfig({
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ["packages/*/test/**/*.test.ts", "scripts/test/**/*.test.ts"],
    // What takes minutes: `pnpm test:long`.
    exclude: ["**/node_modules/**", "**/*.long.test.ts"],
    // A process per file: some tests change their working directory, which threads cannot.
    pool: "forks",
    // Vitest leaves a core to itself, which is half of a machine that has two. Most tests wait for a server or a process.
    maxWorkers: availableParallelism(),
    // A limit is for tests that hang. None of them says how fast something is: the machine may be busy.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000, interval: 20 } },
    // Many tests start processes of their own: a second is not worth a line.
    slowTestThreshold: 10_000,
  },
});
