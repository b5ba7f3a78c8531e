import { defineConfig } from "vitest/config";
import config from "./vitest.config.ts";

// The same tests as in `npm test`, on sizes that take minutes, and those that take too long for every change.
export default defineConfig({
  ...config,
  test: {
    ...config.test,
    include: [
      "packages/client/test/upload/properties.test.ts",
      "packages/client/test/deploy/properties.test.ts",
      "packages/client/test/package/many-files.test.ts",
      "packages/benchmarks/test/run.test.ts",
      "{packages/*,scripts}/test/**/*.long.test.ts",
    ],
    exclude: ["**/node_modules/**"],
    env: { UPLOAD_SCHEDULES: "20000", DEPLOY_SCHEDULES: "5000", UPLOAD_FILES: "10000", BENCH_ALL: "1" },
  },
});
