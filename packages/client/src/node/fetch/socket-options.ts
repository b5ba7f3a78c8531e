/**
 * Probes show that a peer is gone while a request waits for its answer, for which there is no limit of time. They begin
 * late: libuv gives up after ten of them, a second apart, and a network may be away for longer than that.
 */
export const keepAliveProbeMs = 30_000;

export const socketOptions = {
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: keepAliveProbeMs,
} as const;
