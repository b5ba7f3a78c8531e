import type { Figures } from "../figures.js";

/**
 * The most memory this process ever had resident. On Linux a process begins with what its parent had, so a figure that
 * does not exceed the parent's would say nothing: compare with that of the beginning.
 */
export function peakMemory(): Figures {
  return { peakMb: (process.resourceUsage().maxRSS * 1024) / 1e6 };
}
