import { Interruption } from "./interruption.js";

/** Members of the client's errors that programs are told. By name: the client is not loaded for every command. */
const told = ["storePath", "sessionId", "committedBytes", "totalBytes", "totals", "differences"] as const;

/** What programs may want to know of an error besides its message. */
export function detailsOf(error: unknown): object {
  if (error instanceof Interruption) return error.details;
  if (!(error instanceof Error)) return {};
  const members = new Map<string, unknown>(Object.entries(error));
  const found = told.flatMap((name) => (members.has(name) ? [[name, members.get(name)] as const] : []));
  return Object.fromEntries(found);
}
