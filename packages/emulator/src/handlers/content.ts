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
  // The gateway checks this value but does not use it. On Linux it does not check it either (protocol §1, row 5).
  if (platform === "windows") parseContentRange(request.contentRange);
  const path = requirePath(request);
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
  // Deleting a path that does not exist succeeds.
  await pendingWrites.runInTurn(path, "delete", request, () => content.remove(path, () => staging.newName()));
  return okAnswer();
}

/** Maximum length of a token in the URL, in characters (protocol §1.3). */
const maxTokenLength = 4096;

/** Lists a folder, or the one file at the path (protocol §1.3). */
async function listContent(store: ImageStore, request: ImageStoreRequest): Promise<Answer> {
  const listing = list(store, request);
  if (listing.StoreFiles.length + listing.StoreFolders.length > 0) return jsonAnswer(listing);
  // After the end there is an empty page (protocol §1.3), even if the files before it were deleted.
  if (tokenOf(request) !== "") return bodilessAnswer(204, request.apiVersion);
  // The status of an empty listing depends on whether the path exists. An empty root does not exist as a name.
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

/** The only query value that the gateway decodes. It decodes it once. */
function readToken(sent = ""): string {
  if (sent.length > maxTokenLength) throw new FabricError("FABRIC_E_VALUE_TOO_LARGE");
  try {
    return decodeURIComponent(sent);
  } catch (error) {
    throw new FabricError("E_INVALIDARG", undefined, { cause: error });
  }
}

/** A folder exists if its mark file does. Files that are being replaced count. */
function exists({ content }: ImageStore, path: StorePath): boolean {
  return content.find(path) !== undefined || content.find(content.markOf(path)) !== undefined;
}
