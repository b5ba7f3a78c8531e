import type { ImageStore } from "../image-store.js";
import { contentHandlers } from "./content.js";
import type { Handlers } from "./handler.js";
import { uploadSessionHandlers } from "./upload-sessions.js";
import { usageHandlers } from "./usage.js";

/** A handler for every operation, all of them working on one store. */
export function createHandlers(store: ImageStore): Handlers {
  return { ...contentHandlers(store), ...uploadSessionHandlers(store), ...usageHandlers(store) };
}
