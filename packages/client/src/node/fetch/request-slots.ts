/** Lets so many in at a time; the rest wait in line. Resolves with what gives the place to the next. */
export type TakeSlot = (signal: AbortSignal | undefined) => Promise<() => void>;

export function createSlots(count: number): TakeSlot {
  let free = count;
  const line = new Set<() => void>();
  const release = () => {
    const [next] = line;
    if (next === undefined) free++;
    else next();
  };
  return async (signal) => {
    if (free > 0) {
      free--;
      return release;
    }
    return new Promise((resolve, reject) => {
      const leave = () => {
        line.delete(enter);
        signal?.removeEventListener("abort", onAbort);
      };
      const enter = () => {
        leave();
        resolve(release);
      };
      const onAbort = () => {
        leave();
        reject(signal?.reason);
      };
      line.add(enter);
      signal?.addEventListener("abort", onAbort);
    });
  };
}
