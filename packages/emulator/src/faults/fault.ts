import { type OperationId, operations } from "@sf-image-store/types";

/** Which requests a fault is for. */
export interface FaultMatch {
  /** The operation. Default: any. */
  readonly operation?: OperationId;
  /**
   * The store path in the URL, or that of the session the URL names; `*` stands for any text. Separators are alike, and on
   * Windows case does not count. Refused for an operation whose URL names neither, such as a copy. Default: any, and
   * requests without a path.
   */
  readonly path?: string;
  /** The first matching request to suffer, counted from 1. Default: 1. */
  readonly nth?: number;
  /** How many matching requests suffer, from that one on. Default: 1. */
  readonly times?: number;
}

/** What goes wrong. */
export type FaultAction =
  /** The connection breaks before anything is done. */
  | { readonly do: "drop-before" }
  /** Everything is done, and the connection breaks instead of an answer. */
  | { readonly do: "drop-after" }
  /** The connection breaks when more than so many bytes of the body have come. */
  | { readonly do: "drop-in-body"; readonly afterBytes: number }
  /** Nothing is done for so many milliseconds. */
  | { readonly do: "delay"; readonly ms: number }
  /** Nothing is done, and this is the answer. */
  | { readonly do: "answer"; readonly status: number; readonly code: string; readonly message?: string }
  /** Before anything is done, the store fails over: every session is lost (protocol §2.9). */
  | { readonly do: "lose-sessions" }
  /** Everything is done at once, and the answer comes so many milliseconds later. */
  | { readonly do: "answer-late"; readonly ms: number }
  /** The body is read no faster than this. */
  | { readonly do: "throttle"; readonly bytesPerSecond: number };

/** Something that shall go wrong: when, and what. */
export type Fault = FaultMatch & FaultAction;

/** A fault that happened. */
export interface FiredFault {
  readonly fault: Fault;
  /** Which matching request suffered, counted from 1. */
  readonly matchNumber: number;
  readonly method: string;
  /** Path and query exactly as they stood in the request line. */
  readonly url: string;
}

/** A list of faults that cannot be used. The message says which one, and what is wrong with it. */
export class FaultError extends Error {
  override readonly name = "FaultError";
}

type Kind = "count" | "milliseconds" | "bytes" | "status" | "text" | "optional text";

/** What each action needs to be told. */
const actionMembers: Readonly<Record<FaultAction["do"], Readonly<Record<string, Kind>>>> = {
  "drop-before": {},
  "drop-after": {},
  "drop-in-body": { afterBytes: "bytes" },
  delay: { ms: "milliseconds" },
  answer: { status: "status", code: "text", message: "optional text" },
  "lose-sessions": {},
  "answer-late": { ms: "milliseconds" },
  throttle: { bytesPerSecond: "count" },
};

const matchMembers = ["do", "operation", "path", "nth", "times"];

const expectations: Readonly<Record<Kind, { says: string; accepts: (value: unknown) => boolean }>> = {
  count: { says: "a whole number from 1", accepts: (value) => isWhole(value) && value >= 1 },
  milliseconds: {
    says: "a whole number of milliseconds from 0 to 2147483647",
    accepts: (value) => isWhole(value) && value >= 0 && value <= 2_147_483_647,
  },
  bytes: { says: "a whole number of bytes from 0", accepts: (value) => isWhole(value) && value >= 0 },
  status: {
    says: "an HTTP status from 200 to 599",
    accepts: (value) => isWhole(value) && value >= 200 && value <= 599,
  },
  text: { says: "a text", accepts: (value) => typeof value === "string" && value !== "" },
  "optional text": { says: "a text", accepts: (value) => value === undefined || typeof value === "string" },
};

/** Reads faults from the text of a JSON file: an array of them. @throws FaultError for any other text. */
export function parseFaults(text: string): Fault[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new FaultError(`It is no JSON: ${error instanceof Error ? error.message : String(error)}.`);
  }
  if (!Array.isArray(value)) throw new FaultError("It must be an array of faults.");
  return value.map((item, index) => checkFault(item, `Fault ${index + 1}`));
}

/** Checks a fault, wherever it comes from. @throws FaultError when it is none. */
export function checkFault(value: unknown, name = "The fault"): Fault {
  if (!isFault(value, name)) throw new FaultError(`${name} must be an object.`);
  return value;
}

/** Throws with the reason rather than saying no, except for what is no object at all. */
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
      `${name}: "path" never matches ${operation}, whose URL names no path and no session.`,
    );
  }
  const unknown = [...members.keys()].filter(
    (key) => !matchMembers.includes(key) && !Object.hasOwn(wanted, key),
  );
  if (unknown.length > 0) {
    const allowed = quoted([...matchMembers, ...Object.keys(wanted)]);
    throw new FaultError(`${name}: ${quoted(unknown)} is unknown; it may have ${allowed}.`);
  }
  return true;
}

function isOperation(value: unknown): value is OperationId {
  return typeof value === "string" && Object.hasOwn(operations, value);
}

/** In the URL, or by way of the session that the URL names. */
function hasPath(operation: OperationId): boolean {
  const { path, parameters } = operations[operation];
  return path.includes("{contentPath}") || "session-id" in parameters;
}

function isAction(value: unknown): value is FaultAction["do"] {
  return typeof value === "string" && Object.hasOwn(actionMembers, value);
}

function expect(members: ReadonlyMap<string, unknown>, member: string, kind: Kind, name: string): void {
  const { says, accepts } = expectations[kind];
  if (accepts(members.get(member))) return;
  const got = members.has(member) ? JSON.stringify(members.get(member)) : "nothing";
  throw new FaultError(`${name}: "${member}" must be ${says}, not ${got}.`);
}

function isWhole(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value);
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(", ");
}
