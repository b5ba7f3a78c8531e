import type { Benchmark } from "../benchmark.js";
import { startSecureSinkChild } from "../children/servers.js";
import { compareUploads } from "./compare-uploads.js";

export const throughputTls: Benchmark = {
  name: "throughput-tls",
  measures: "uploadFile of 1 GiB over TLS, 8 MiB chunks × 4, against a bare loop over node:https",
  async run(setting) {
    await using sink = await startSecureSinkChild(setting.signal);
    return [
      await compareUploads(setting, sink, {
        label: "throughput over TLS",
        id: "given",
        fetch: "node",
        target: { atLeast: 0.85 },
        note: "chunks wait for 100 Continue, which the bare loop does without",
      }),
    ];
  },
};
