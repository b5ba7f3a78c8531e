import type { Benchmark, Result, Setting } from "../benchmark.js";
import type { RequestsInput } from "../children/requests.js";
import { startSinkChild } from "../children/servers.js";
import { startChild } from "../children/start-child.js";
import { againstBare, medianOf, repeat } from "../rounds.js";

const entries = 10_000;

export const calls: Benchmark = {
  name: "calls",
  measures: "getUploadSession, one call after the other, against the same fetch and JSON.parse",
  run: async (setting) => [
    await compare(setting, { label: "calls, session", what: "session", count: setting.quick ? 20 : 1000 }),
  ],
};

export const listing: Benchmark = {
  name: "listing",
  measures: "listContent of 10,000 entries, against the same fetch and JSON.parse of the same pages",
  run: async (setting) => [
    await compare(setting, { label: "listing, 10,000", what: "listing", count: setting.quick ? 1 : 20 }),
  ],
};

interface Requests extends Pick<RequestsInput, "what" | "count"> {
  readonly label: string;
}

async function compare(setting: Setting, { label, what, count }: Requests): Promise<Result> {
  const { quick, signal } = setting;
  await using sink = await startSinkChild(signal, { entries });
  const input = { endpoint: sink.endpoint, what, count };
  await using bare = await startChild("requests", { ...input, by: "bare" } satisfies RequestsInput, signal);
  await using ours = await startChild("requests", { ...input, by: "client" } satisfies RequestsInput, signal);
  const rounds = await repeat(setting, label, quick ? 1 : 7, (index) => againstBare(bare, ours, index));
  const ms = ["seconds", "bareSeconds"].map((name) => ((medianOf(rounds, name) / count) * 1000).toFixed(2));
  return {
    label,
    value: medianOf(rounds, "ratio"),
    unit: "of bare fetch's speed",
    better: "higher",
    sizes: what === "listing" ? { entries, count } : { count },
    rounds,
    note: `${ms[0]} ms each, against ${ms[1]} ms`,
  };
}
