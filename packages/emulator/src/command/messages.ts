import { isLoopback } from "@sf-image-store/types";
import { hasImageStoreService, imageStoreService } from "../cluster/description.js";
import type { FiredFault } from "../faults/fault.js";
import { optionTable } from "../option-table.js";
import { defaultHost, type Emulator, type RequestLogEntry } from "../options.js";
import { LocationInUseError } from "../store/location.js";
import type { RunCommand } from "./command-line.js";

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

/** The same as an object for `--json`. `event` identifies its type. */
export function logObject(event: "request" | "fault" | "start", members: object): object {
  // JSON.stringify writes an Error as {}.
  const entries = Object.entries(members).map(([name, value]) => [
    name,
    value instanceof Error ? String(value) : value,
  ]);
  return { event, ...Object.fromEntries(entries) };
}

/** Characters that are invisible on a terminal, or change it. */
const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** Escapes text for terminals and logs, so that a CI service finds no command in it. */
export function printableText(text: string): string {
  return text
    .replaceAll(invisible, (found) => (found === "\n" ? found : `\\u{${found.codePointAt(0)?.toString(16)}}`))
    .replaceAll(/##(?=[a-z]*\[)/gi, "#\\x23")
    .replaceAll(/^([^\S\n]*):(?=:)/gm, "$1\\x3a")
    .replaceAll(/:(?=:[a-z][^\n]*?::)/gi, "\\x3a");
}

/** An object as one line of JSON, escaped like text, with the same value. */
export function printableJson(value: object): string {
  return JSON.stringify(value).replaceAll(invisible, escapeUnits).replaceAll(/##|::/g, escapeUnits);
}

function escapeUnits(text: string): string {
  return text.replaceAll(/./gs, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The text that the command prints at the start. */
export function banner(
  { endpoint, location }: Pick<Emulator, "endpoint" | "location">,
  { get }: RunCommand,
): string {
  const packages = get(optionTable.imageStoreConnectionString) ?? imageStoreService;
  const faultsFile = get(optionTable.faults);
  const corsOrigins = get(optionTable.corsOrigins);
  const retention = get(optionTable.location) === undefined ? "removed at exit" : "kept at exit";
  return [
    "Service Fabric image store emulator",
    `  endpoint  ${endpoint}`,
    `  explorer  ${endpoint}/Explorer`,
    `  location  ${location} (${retention})`,
    ...(get(optionTable.platform) === "linux" ? ["  platform  linux (no upload sessions)"] : []),
    ...(hasImageStoreService(packages) ? [] : [`  packages  ${packages} (no image store service)`]),
    ...(faultsFile === undefined ? [] : [`  faults    ${faultsFile}`]),
    ...(corsOrigins === undefined ? [] : [`  origins   ${corsOrigins.join(", ")}`]),
    "Stop with Ctrl+C.",
  ].join("\n");
}

/** A warning if other machines can connect without authentication. */
export function exposureWarning({ get }: RunCommand): string | undefined {
  const host = get(optionTable.host) ?? defaultHost;
  const isAuthenticated = [optionTable.clientCa, optionTable.bearerTokenFile].some(
    (row) => get(row) !== undefined,
  );
  if (isLoopback(host) || isAuthenticated) return undefined;
  const warning = `Warning: ${host} is not a loopback address. Anyone who can connect to it can read and change this store`;
  // --bearer-audience does not protect the store, because signatures are not verified.
  return `${warning}${get(optionTable.bearerAudience) === undefined ? "" : ", because signatures of tokens are not verified"}.`;
}

/** Explains in one line why the emulator could not start, and what to do. */
export function startFailure(error: unknown, { get }: RunCommand): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const syscall = error instanceof Error && "syscall" in error ? error.syscall : undefined;
  const reason = error instanceof Error ? error.message : String(error);
  const port = get(optionTable.port);
  if (error instanceof LocationInUseError) return reason;
  if (code === "EADDRINUSE")
    return `Port ${port} is in use. Choose another with --port, or pass --port 0 to use any free port.`;
  if (syscall === "listen" || syscall === "getaddrinfo") {
    return `Cannot listen on ${get(optionTable.host)}:${port} (${reason}). Choose another address with --host and --port.`;
  }
  if (syscall === undefined) return `Cannot start: ${reason}`;
  const folder = get(optionTable.location) ?? "the temporary folder";
  return `Cannot write to ${folder} (${reason}). Choose another folder with --location.`;
}

/** The URL without its query, which contains only IDs and tokens. */
function pathOf(url: string): string {
  return printable(url.split("?", 1)[0] ?? "");
}

/** Replaces characters of headers and URLs that could control the terminal. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?");
}
