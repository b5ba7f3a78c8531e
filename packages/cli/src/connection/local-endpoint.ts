/** Whether what is sent there stays on this machine. */
export function isOnThisMachine(endpoint: string): boolean {
  return URL.canParse(endpoint) && /^(localhost|127\.[0-9.]+|\[::1\])$/.test(new URL(endpoint).hostname);
}
