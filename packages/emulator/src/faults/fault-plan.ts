import type { OperationId } from "@sf-image-store/types";
import type { Platform } from "../platform.js";
import type { Fault } from "./fault.js";

/** A fault that is due for a request. */
export interface DueFault {
  readonly fault: Fault;
  readonly matchNumber: number;
}

interface Planned {
  readonly fault: Fault;
  readonly path: RegExp | undefined;
  matches: number;
}

/** The faults to come, each with its own count of matching requests. */
export class FaultPlan {
  readonly #platform: Platform;
  readonly #planned = new Set<Planned>();

  constructor(platform: Platform, faults: readonly Fault[]) {
    this.#platform = platform;
    for (const fault of faults) this.add(fault);
  }

  /** @returns what takes the fault away again. */
  add(fault: Fault): () => void {
    const path = fault.path === undefined ? undefined : pattern(fault.path, this.#platform);
    const planned = { fault, path, matches: 0 };
    this.#planned.add(planned);
    return () => void this.#planned.delete(planned);
  }

  /** The faults that this request suffers, in the order they were added. Counts the request. */
  take(operation: OperationId, path: string | undefined): DueFault[] {
    return [...this.#planned].flatMap((planned) => {
      const { nth = 1, times = 1 } = planned.fault;
      if (!matches(planned, operation, path)) return [];
      planned.matches += 1;
      const isDue = planned.matches >= nth && planned.matches < nth + times;
      return isDue ? [{ fault: planned.fault, matchNumber: planned.matches }] : [];
    });
  }
}

function matches({ fault, path }: Planned, operation: OperationId, requested: string | undefined): boolean {
  if (fault.operation !== undefined && fault.operation !== operation) return false;
  return path === undefined || (requested !== undefined && path.test(withSlashes(requested)));
}

function pattern(path: string, platform: Platform): RegExp {
  const pieces = withSlashes(path).split("*");
  const source = pieces.map((piece) => piece.replace(/[\\^$.+?()[\]{}|]/g, "\\$&")).join(".*");
  return new RegExp(`^${source}$`, platform === "windows" ? "is" : "s");
}

/** Brought to one form: no separators at the ends, and only `/` between names. */
function withSlashes(path: string): string {
  return path
    .split(/[\\/]/)
    .filter((name) => name !== "")
    .join("/");
}
