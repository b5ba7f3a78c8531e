import type { Benchmark } from "../benchmark.js";
import { startSinkChild } from "../children/servers.js";
import { compareUploads } from "./compare-uploads.js";

export const throughput: Benchmark = {
  name: "throughput",
  measures: "uploadFile of 1 GiB over plain HTTP, 8 MiB chunks × 4, against a bare loop over node:http",
  async run(setting) {
    await using sink = await startSinkChild(setting.signal);
    return [
      await compareUploads(setting, sink, {
        label: "throughput",
        id: "given",
        fetch: "node",
        target: { atLeast: 0.85 },
        note: "with createNodeFetch; the session's id is given, so nothing is hashed",
      }),
      await compareUploads(setting, sink, {
        label: "throughput, with fingerprint",
        id: "content",
        fetch: "node",
        note: "by default the content is read and hashed first; see fingerprint",
      }),
      await compareUploads(setting, sink, {
        label: "throughput, platform's fetch",
        id: "given",
        fetch: "platform",
        note: "what createNodeFetch is for",
      }),
    ];
  },
};
