import { type Answer, okAnswer } from "../answers.js";
import type { ImageStore } from "../image-store.js";
import { parseContentRange } from "../sessions/content-range.js";
import { copyContent } from "./copy-content.js";
import type { Handlers, ImageStoreRequest } from "./handler.js";
import { listContent } from "./list-content.js";
import { requirePath } from "./require-path.js";
import { refuseReservedFolder } from "./reserved-folders.js";

type ContentHandlers = Pick<
  Handlers,
  | "GetImageStoreRootContent"
  | "GetImageStoreContent"
  | "UploadFile"
  | "DeleteImageStoreContent"
  | "CopyImageStoreContent"
>;

/** The operations on files and folders (protocol §1). */
export function contentHandlers(store: ImageStore): ContentHandlers {
  return {
    GetImageStoreRootContent: (request) => listContent(store, { ...request, path: undefined }),
    GetImageStoreContent: (request) => {
      requirePath(request);
      return listContent(store, request);
    },
    UploadFile: (request) => uploadFile(store, request),
    DeleteImageStoreContent: (request) => deleteContent(store, request),
    CopyImageStoreContent: (request) => copyContent(store, request),
  };
}

async function uploadFile(store: ImageStore, request: ImageStoreRequest): Promise<Answer> {
  const { platform, staging, content, pendingWrites } = store;
  // Only checked, never used; Linux does not even look (protocol §1, row 5).
  if (platform === "windows") parseContentRange(request.contentRange);
  const path = requirePath(request);
  content.resolve(path);
  const file = await staging.receive(request.body);
  await staging.handOver(file, () =>
    pendingWrites.runInTurn(path, "write", request, () => content.replace(path, file)),
  );
  return okAnswer();
}

async function deleteContent(store: ImageStore, request: ImageStoreRequest): Promise<Answer> {
  const path = requirePath(request);
  refuseReservedFolder(path.text);
  const { content, staging, pendingWrites } = store;
  // Success also for what does not exist.
  await pendingWrites.runInTurn(path, "delete", request, () => content.remove(path, () => staging.newName()));
  return okAnswer();
}
