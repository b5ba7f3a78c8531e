import { once } from "node:events";
import type { Figures } from "../figures.js";

/** What a child process does for its parent. */
export interface Service {
  readonly ready: Figures;
  run(): Promise<Figures>;
  close(): Promise<void>;
}

/** Serves the parent until it hangs up, which it also does by dying: nothing outlives a benchmark. */
export async function serveParent<Input>(start: (input: Input) => Promise<Service>): Promise<void> {
  const parentHasLeft = once(process, "disconnect");
  // Ctrl+C reaches every process of the terminal; the parent ends its children in order.
  process.on("SIGINT", () => {});
  const input: Input = JSON.parse(process.argv[2] ?? "null");
  const service = await start(input);
  process.on("message", async () => tell(await service.run()));
  tell(service.ready);
  await parentHasLeft;
  await service.close();
  process.exit();
}

function tell(figures: Figures): void {
  if (process.connected) process.send?.(figures);
}
