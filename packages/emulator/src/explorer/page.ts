import type { Answer } from "../answers.js";
import type { ImageStore } from "../image-store.js";

export function createPage(_store: ImageStore): (method: string, url: string) => Answer | undefined {
  return () => undefined;
}
