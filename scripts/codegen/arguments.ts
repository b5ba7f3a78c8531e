import { parseArgs } from "node:util";

export const usage = `pnpm codegen            generates the types, the operation table, the OpenAPI document and the typed examples
pnpm codegen --check    changes nothing; fails when a generated file differs, is missing or is orphaned

pnpm codegen --spec FILE --out DIR [--overlay FILE|none] [--only TAG|PATH] [--check]
                        makes a package of any Swagger 2.0, OpenAPI 3.0 or OpenAPI 3.1 document in DIR
  --overlay FILE|none   what to apply to its 3.1 form; without it the project's own overlay
  --only TAG|PATH       only the operations with this tag, or whose path begins with PATH (which begins with /),
                        and what they need

Exit code: 0 done or up to date, 1 not up to date, 2 the specification or the command line is unusable.`;

export interface OtherDocument {
  readonly spec: string;
  /** Undefined: the project's own. */
  readonly overlay: string | undefined;
  readonly only: string | undefined;
  readonly out: string;
}

export interface Arguments {
  readonly help: boolean;
  readonly check: boolean;
  /** Undefined: generate the project's own files. */
  readonly other: OtherDocument | undefined;
}

/** The command line cannot be used. The message says why. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Reads the command line. Throws UsageError. */
export function readArguments(args: readonly string[]): Arguments {
  const values = parse(args);
  const { spec, overlay, only, out, help = false, check = false } = values;
  for (const [name, value] of Object.entries({ spec, overlay, only, out }))
    if (value === "") throw new UsageError(`--${name} needs a value`);
  if (spec !== undefined && out !== undefined) return { help, check, other: { spec, overlay, only, out } };
  const lone = Object.entries({ spec, overlay, only, out }).find(([, value]) => value !== undefined);
  if (lone !== undefined && !help)
    throw new UsageError(`--${lone[0]} works with both --spec FILE and --out DIR only`);
  return { help, check, other: undefined };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        spec: { type: "string" },
        overlay: { type: "string" },
        only: { type: "string" },
        out: { type: "string" },
        check: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
