import { isLoopback } from "@sf-image-store/types";
import { hasImageStoreService, imageStoreService } from "../cluster/description.js";
import type { FiredFault } from "../faults/fault.js";
import type { Emulator, RequestLogEntry } from "../options.js";
import { LocationInUseError } from "../store/location.js";
import type { RunCommand } from "./options.js";

/** One line about one request, such as `PUT /ImageStore/a/$/UploadChunk [bytes 0-9/10] 200 OK 2 ms`. */
export function logLine(entry: RequestLogEntry): string {
  const path = pathOf(entry.url);
  const range = entry.contentRange === undefined ? "" : ` [${printable(entry.contentRange)}]`;
  const cause = entry.cause === undefined ? "" : ` (${printable(String(entry.cause))})`;
  const duration = `${Math.round(entry.durationMs)} ms`;
  const code = printable(entry.code);
  return `${entry.method} ${path}${range} ${entry.status ?? "-"} ${code} ${duration}${cause}`;
}

/** One line about one fault, such as `fault drop-after on request 2: PUT /ImageStore/a`. */
export function faultLine({ fault, matchNumber, method, url }: FiredFault): string {
  return `fault ${fault.do} on request ${matchNumber}: ${method} ${pathOf(url)}`;
}

/** The same as objects for `--json`, one per line; `event` tells them apart. */
export function logObject(event: "request" | "fault" | "start", members: object): object {
  // Errors say nothing in JSON.
  const told = Object.entries(members).map(([name, value]) => [
    name,
    value instanceof Error ? String(value) : value,
  ]);
  return { event, ...Object.fromEntries(told) };
}

/** What has no shape of its own on a terminal. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** Text for people, as it can be printed: a CI service that reads the log finds no command in it. */
export function printableText(text: string): string {
  return text
    .replaceAll(unseen, (found) => (found === "\n" ? found : `\\u{${found.codePointAt(0)?.toString(16)}}`))
    .replaceAll(/##(?=[a-z]*\[)/gi, "#\\x23")
    .replaceAll(/^([^\S\n]*):(?=:)/gm, "$1\\x3a")
    .replaceAll(/:(?=:[a-z][^\n]*?::)/gi, "\\x3a");
}

/** An object as one line of JSON, which has the same value. */
export function printableJson(value: object): string {
  return JSON.stringify(value).replaceAll(unseen, unitsOf).replaceAll(/##|::/g, unitsOf);
}

function unitsOf(text: string): string {
  return text.replaceAll(/./gs, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** What a person needs to know at the start. */
export function banner(
  { endpoint, location }: Pick<Emulator, "endpoint" | "location">,
  command: RunCommand,
): string {
  const { imageStoreConnectionString: packages = imageStoreService } = command;
  const fate = command.location === undefined ? "removed at exit" : "kept at exit";
  return [
    "Service Fabric image store emulator",
    `  endpoint  ${endpoint}`,
    `  explorer  ${endpoint}/Explorer`,
    `  location  ${location} (${fate})`,
    ...(command.platform === "linux" ? ["  platform  linux (no upload sessions)"] : []),
    ...(hasImageStoreService(packages) ? [] : [`  packages  ${packages} (no image store service)`]),
    ...(command.faultsFile === undefined ? [] : [`  faults    ${command.faultsFile}`]),
    ...(command.corsOrigins === undefined ? [] : [`  pages of  ${command.corsOrigins.join(", ")}`]),
    "Stop with Ctrl+C.",
  ].join("\n");
}

/** A warning if other machines can connect, and nothing asks them who they are. */
export function exposureWarning(command: RunCommand): string | undefined {
  const { host, tls, bearerTokenFile, bearerAudience } = command;
  if (isLoopback(host) || tls?.clientCa !== undefined || bearerTokenFile !== undefined) return undefined;
  const warning = `Warning: ${host} is not a loopback address. Anyone who can reach it can read and write this store`;
  // An audience alone keeps nobody out: signatures are not checked.
  return `${warning}${bearerAudience === undefined ? "" : ", with a token of their own making"}.`;
}

/** Why the emulator could not start, in one line that says what to do. */
export function startFailure(
  error: unknown,
  options: Pick<RunCommand, "port" | "host" | "location">,
): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const syscall = error instanceof Error && "syscall" in error ? error.syscall : undefined;
  const reason = error instanceof Error ? error.message : String(error);
  if (error instanceof LocationInUseError) return reason;
  if (code === "EADDRINUSE")
    return `Port ${options.port} is in use. Choose another with --port, or --port 0 for any free one.`;
  if (syscall === "listen" || syscall === "getaddrinfo") {
    return `Cannot listen on ${options.host}:${options.port} (${reason}). Choose others with --host and --port.`;
  }
  if (syscall === undefined) return `Cannot start: ${reason}`;
  const place = options.location ?? "the temporary folder";
  return `Cannot write to ${place} (${reason}). Choose another folder with --location.`;
}

/** Queries hold ids and tokens and are left out: a line is for the eye. */
function pathOf(url: string): string {
  return printable(url.split("?", 1)[0] ?? "");
}

/** Header and URL text comes from outside; control characters must not reach the terminal. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?");
}
