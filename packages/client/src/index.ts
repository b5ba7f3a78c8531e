export {
  createImageStoreClient,
  type ImageStoreClient,
  type SessionOptions,
  type StorePathOptions,
  type UploadFileChunkOptions,
} from "./client.js";
export {
  AbortError,
  FabricError,
  type FabricErrorCode,
  InvalidInputError,
  isAbortError,
  isFabricError,
  isInvalidInputError,
  isNetworkError,
  isProtocolError,
  isTimeoutError,
  NetworkError,
  ProtocolError,
  type RequestContext,
  TimeoutError,
} from "./errors.js";
export type { ClientOptions, OperationOptions } from "./options.js";
export type { ByteRange, UploadSession } from "./upload-session.js";
