/** One thing wrong with an input: which file, where in it, and what. */
export interface Problem {
  readonly file: string;
  /** JSON pointer with a leading `#`; `line:column` text where the file could not even be parsed. */
  readonly pointer: string;
  readonly message: string;
}

/** An input document cannot be used. The message has one line per problem. */
export class SpecError extends Error {
  override readonly name = "SpecError";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], options?: ErrorOptions) {
    super(problems.map(problemLine).join("\n"), options);
    this.problems = problems;
  }
}

export function problemLine({ file, pointer, message }: Problem): string {
  return `${file}${pointer}: ${message}`;
}
