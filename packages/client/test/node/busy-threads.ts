import { pbkdf2 } from "node:crypto";
import { promisify } from "node:util";

/** Blocks all threads that read files until one of them is free. */
export function busyThreads(): { readonly done: Promise<unknown>; isOneFree(): boolean } {
  let isOneFree = false;
  const threads = Number(process.env["UV_THREADPOOL_SIZE"] ?? 4);
  const work = Array.from({ length: threads }, async () => {
    await promisify(pbkdf2)("a", "b", 500_000, 64, "sha512");
    isOneFree = true;
  });
  return { done: Promise.all(work), isOneFree: () => isOneFree };
}
