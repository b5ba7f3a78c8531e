import type { ImageStore } from "../image-store.js";
import { parseContentRange } from "../sessions/ranges.js";
import type { StorePath } from "../store/store-path.js";
import { type Answer, bodilessAnswer, jsonAnswer, okAnswer } from "../wire/answers.js";
import { FabricError } from "../wire/fabric-error.js";
import { isPaged, type Listing, listFile, listFolder, unpaged } from "./content-page.js";
import { copyContent } from "./copy-content.js";
import { type Handlers, type ImageStoreRequest, refuseReservedFolder, requirePath } from "./handler.js";

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

/** Longest token the gateway takes, in characters as sent (protocol §1.3). */
const maxTokenLength = 4096;

/** Lists a folder, or the one file at the path (protocol §1.3). */
async function listContent(store: ImageStore, request: ImageStoreRequest): Promise<Answer> {
  const listing = list(store, request);
  if (listing.StoreFiles.length + listing.StoreFolders.length > 0) return jsonAnswer(listing);
  // Behind the end there is an empty page (protocol §1.3), whatever became of the files before it.
  if (tokenOf(request) !== "") return bodilessAnswer(204, request.apiVersion);
  // Nothing to list: is there anything at all? Of the root not even that can be asked.
  if (request.path === undefined) throw new FabricError("FABRIC_E_NAME_DOES_NOT_EXIST");
  const status = exists(store, request.path) ? 204 : 404;
  return bodilessAnswer(status, request.apiVersion);
}

function list(store: ImageStore, request: ImageStoreRequest): Listing {
  const { path, apiVersion } = request;
  const { content, platform, pageLimitBytes: limitBytes } = store;
  const file = path === undefined ? undefined : content.find(path);
  const listing =
    file === undefined
      ? listFolder({
          files: content.below(path),
          folder: path?.display,
          platform,
          apiVersion,
          token: tokenOf(request),
          limitBytes,
        })
      : listFile(file, { apiVersion, limitBytes });
  return isPaged(apiVersion) ? listing : unpaged(listing);
}

function tokenOf({ apiVersion, query }: ImageStoreRequest): string {
  return isPaged(apiVersion) ? readToken(query.get("ContinuationToken")) : "";
}

/** The one query value that the gateway decodes, once. */
function readToken(sent = ""): string {
  if (sent.length > maxTokenLength) throw new FabricError("FABRIC_E_VALUE_TOO_LARGE");
  try {
    return decodeURIComponent(sent);
  } catch (error) {
    throw new FabricError("E_INVALIDARG", undefined, { cause: error });
  }
}

/** A file exists as such, a folder by its mark; files on their way count. */
function exists({ content }: ImageStore, path: StorePath): boolean {
  return content.find(path) !== undefined || content.find(content.markOf(path)) !== undefined;
}
