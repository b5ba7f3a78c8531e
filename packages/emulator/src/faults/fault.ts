import { checkReport } from "../applications/health.js";
import type { HealthReport } from "../applications/state.js";
import { type OperationId, operations } from "../wire/operations.js";

/** The requests that a fault affects. */
export interface FaultMatch {
  /** The operation ID. Default: any operation. */
  readonly operation?: OperationId;
  /**
   * The store path in the URL, or the path of the session in the URL. `*` matches any text. `/` and `\` are equal, and on
   * Windows case is ignored. Not allowed for an operation whose URL contains neither, such as a copy. Default: all
   * requests, including those without a path.
   */
  readonly path?: string;
  /** The first matching request that the fault affects, counted from 1. Default: 1. */
  readonly nth?: number;
  /** The number of matching requests that the fault affects, starting with `nth`. Default: 1. */
  readonly times?: number;
}

/** What goes wrong. */
export type FaultAction =
  /** The connection closes before the emulator does anything. */
  | { readonly do: "drop-before" }
  /** The emulator does the work, then closes the connection instead of responding. */
  | { readonly do: "drop-after" }
  /** The connection closes when more than `afterBytes` bytes of the body have arrived. */
  | { readonly do: "drop-in-body"; readonly afterBytes: number }
  /** The emulator waits for `ms` milliseconds before it does the work. */
  | { readonly do: "delay"; readonly ms: number }
  /** The emulator does nothing and sends this response. */
  | { readonly do: "answer"; readonly status: number; readonly code: string; readonly message?: string }
  /** The store fails over, which drops all sessions, and then the emulator does the work (protocol §2.9). */
  | { readonly do: "lose-sessions" }
  /** The emulator does the work at once, and responds `ms` milliseconds later. */
  | { readonly do: "answer-late"; readonly ms: number }
  /** The emulator reads the body no faster than this. */
  | { readonly do: "throttle"; readonly bytesPerSecond: number }
  /** The emulator reports this health, and then does the work. The members are those of `setHealth`. */
  | ({ readonly do: "report-health" } & HealthReport);

/** A planned failure: the requests that it affects, and what happens to them. */
export type Fault = FaultMatch & FaultAction;

/** A fault that happened. */
export interface FiredFault {
  readonly fault: Fault;
  /** The number of the matching request, counted from 1. */
  readonly matchNumber: number;
  readonly method: string;
  /** Path and query exactly as in the request line. */
  readonly url: string;
}

/** A fault is not valid. The message names the fault and the problem. */
export class FaultError extends Error {
  override readonly name = "FaultError";
}

type Kind = "count" | "milliseconds" | "bytes" | "status" | "text" | "optional text" | "health state";

/** The members of each action. */
const actionMembers: Readonly<Record<FaultAction["do"], Readonly<Record<string, Kind>>>> = {
  "drop-before": {},
  "drop-after": {},
  "drop-in-body": { afterBytes: "bytes" },
  delay: { ms: "milliseconds" },
  answer: { status: "status", code: "text", message: "optional text" },
  "lose-sessions": {},
  "answer-late": { ms: "milliseconds" },
  throttle: { bytesPerSecond: "count" },
  "report-health": {
    state: "health state",
    application: "optional text",
    service: "optional text",
    node: "optional text",
    version: "optional text",
    afterUpgradeDomain: "optional text",
    description: "optional text",
    sourceId: "optional text",
    property: "optional text",
  },
};

const matchMembers = ["do", "operation", "path", "nth", "times"];

const expectations: Readonly<Record<Kind, { requirement: string; accepts: (value: unknown) => boolean }>> = {
  count: { requirement: "a whole number from 1", accepts: (value) => isWhole(value) && value >= 1 },
  milliseconds: {
    requirement: "a whole number of milliseconds from 0 to 2147483647",
    accepts: (value) => isWhole(value) && value >= 0 && value <= 2_147_483_647,
  },
  bytes: { requirement: "a whole number of bytes from 0", accepts: (value) => isWhole(value) && value >= 0 },
  status: {
    requirement: "an HTTP status from 200 to 599",
    accepts: (value) => isWhole(value) && value >= 200 && value <= 599,
  },
  text: { requirement: "a string", accepts: (value) => typeof value === "string" && value !== "" },
  "optional text": {
    requirement: "a string",
    accepts: (value) => value === undefined || typeof value === "string",
  },
  "health state": {
    requirement: "Ok, Warning or Error",
    accepts: (value) => value === "Ok" || value === "Warning" || value === "Error",
  },
};

/** Reads an array of faults from JSON. @throws FaultError if the text is not a valid list of faults. */
export function parseFaults(text: string): Fault[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new FaultError(`It is not valid JSON: ${error instanceof Error ? error.message : String(error)}.`);
  }
  if (!Array.isArray(value)) throw new FaultError("It must be an array of faults.");
  return value.map((item, index) => checkFault(item, `Fault ${index + 1}`));
}

/** Validates a fault. @throws FaultError */
export function checkFault(value: unknown, name = "The fault"): Fault {
  if (!isFault(value, name)) throw new FaultError(`${name} must be an object.`);
  if (value.do === "report-health") checkHealth(value, name);
  return value;
}

function checkHealth(report: HealthReport, name: string): void {
  try {
    checkReport(report);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FaultError(`${name}: ${reason}`, { cause: error });
  }
}

/** Returns false for a value that is not an object. @throws FaultError for any other invalid fault. */
function isFault(value: unknown, name: string): value is Fault {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const members = new Map<string, unknown>(Object.entries(value));
  const action = members.get("do");
  const wanted = isAction(action) ? actionMembers[action] : undefined;
  if (wanted === undefined) {
    throw new FaultError(`${name}: "do" must be one of ${quoted(Object.keys(actionMembers))}.`);
  }
  for (const [member, kind] of Object.entries(wanted)) expect(members, member, kind, name);
  for (const member of ["nth", "times"]) if (members.has(member)) expect(members, member, "count", name);
  if (members.has("path")) expect(members, "path", "text", name);
  const operation = members.get("operation");
  if (operation !== undefined && !isOperation(operation)) {
    throw new FaultError(`${name}: "operation" must be one of ${quoted(Object.keys(operations))}.`);
  }
  if (members.has("path") && isOperation(operation) && !hasPath(operation)) {
    throw new FaultError(
      `${name}: "path" never matches ${operation}, because its URL contains no path and no session.`,
    );
  }
  const unknown = [...members.keys()].filter(
    (key) => !matchMembers.includes(key) && !Object.hasOwn(wanted, key),
  );
  if (unknown.length > 0) {
    const allowed = quoted([...matchMembers, ...Object.keys(wanted)]);
    throw new FaultError(`${name}: ${quoted(unknown)} is unknown. Allowed members: ${allowed}.`);
  }
  return true;
}

function isOperation(value: unknown): value is OperationId {
  return typeof value === "string" && Object.hasOwn(operations, value);
}

/** Whether the URL contains a path, or a session that has one. */
function hasPath(operation: OperationId): boolean {
  const { path, parameters } = operations[operation];
  return path.includes("{contentPath}") || "session-id" in parameters;
}

function isAction(value: unknown): value is FaultAction["do"] {
  return typeof value === "string" && Object.hasOwn(actionMembers, value);
}

function expect(members: ReadonlyMap<string, unknown>, member: string, kind: Kind, name: string): void {
  const { requirement, accepts } = expectations[kind];
  if (accepts(members.get(member))) return;
  const got = members.has(member) ? JSON.stringify(members.get(member)) : "nothing";
  throw new FaultError(`${name}: "${member}" must be ${requirement}, not ${got}.`);
}

function isWhole(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value);
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(", ");
}
