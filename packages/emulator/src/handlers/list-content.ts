import { type Answer, bodilessAnswer, jsonAnswer } from "../answers.js";
import { FabricError } from "../fabric-error.js";
import type { ImageStore } from "../image-store.js";
import type { StorePath } from "../store/store-path.js";
import { isPaged, type Listing, listFile, listFolder, unpaged } from "./content-page.js";
import type { ImageStoreRequest } from "./handler.js";

/** Longest token the gateway takes, in characters as sent (protocol §1.3). */
const maxTokenLength = 4096;

/** Lists a folder, or the one file at the path (protocol §1.3). */
export async function listContent(store: ImageStore, request: ImageStoreRequest): Promise<Answer> {
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
