/** Numbers with names: what a child process answers, and what a round brought. */
export type Figures = Readonly<Record<string, number>>;

/** One of them, which must be there. */
export function figure(figures: Figures, name: string): number {
  const value = figures[name];
  if (value === undefined) throw new Error(`there is no figure "${name}", only ${Object.keys(figures)}`);
  return value;
}

export function isFigures(value: unknown): value is Figures {
  return (
    typeof value === "object" && value !== null && Object.values(value).every((item) => Number.isFinite(item))
  );
}
