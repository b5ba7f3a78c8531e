import { isLoopback } from "../listening.js";
import type { RequestLogEntry } from "../request-log.js";

/** One line about one request, such as `PUT /ImageStore/a/$/UploadChunk [bytes 0-9/10] 200 OK 2 ms`. */
export function logLine(entry: RequestLogEntry): string {
  const path = entry.url.split("?", 1)[0] ?? "";
  const range = entry.contentRange === undefined ? "" : ` [${printable(entry.contentRange)}]`;
  const cause = entry.cause === undefined ? "" : ` (${String(entry.cause)})`;
  const duration = `${Math.round(entry.durationMs)} ms`;
  return `${entry.method} ${printable(path)}${range} ${entry.status ?? "-"} ${entry.code} ${duration}${cause}`;
}

/** What a person needs to know at the start. */
export function banner(endpoint: string, location: string, isTemporary: boolean): string {
  const fate = isTemporary ? "removed at exit" : "kept at exit";
  return `Service Fabric image store emulator\n  endpoint  ${endpoint}\n  location  ${location} (${fate})\nStop with Ctrl+C.`;
}

/** A warning if other machines can connect. */
export function exposureWarning(host: string): string | undefined {
  if (isLoopback(host)) return undefined;
  return `Warning: ${host} is not a loopback address. Anyone who can reach it can read and write this store.`;
}

/** Why the emulator could not start, in one line that says what to do. */
export function startFailure(
  error: unknown,
  options: { port: number; host: string; location?: string },
): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const syscall = error instanceof Error && "syscall" in error ? error.syscall : undefined;
  const reason = error instanceof Error ? error.message : String(error);
  if (code === "EADDRINUSE")
    return `Port ${options.port} is in use. Choose another with --port, or --port 0 for any free one.`;
  if (syscall === "listen" || syscall === "getaddrinfo") {
    return `Cannot listen on ${options.host}:${options.port} (${reason}). Choose others with --host and --port.`;
  }
  const place = options.location ?? "the temporary folder";
  return `Cannot write to ${place} (${reason}). Choose another folder with --location.`;
}

/** Header and URL text comes from outside; control characters must not reach the terminal. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?");
}
