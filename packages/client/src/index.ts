export type { Bytes } from "./bytes.js";
export { createImageStoreClient, type ImageStoreClient } from "./client.js";
export type { ContentPage, FileVersion, StoreEntry, StoreFile, StoreFolder } from "./content.js";
export type {
  ContentOperations,
  ContentPageOptions,
  FolderOptions,
  PutFileOptions,
} from "./content-operations.js";
export type { CopyContentOptions, CopyFlag } from "./copy.js";
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
export type { ClientOptions, OperationOptions, StorePathOptions } from "./options.js";
export type { GatewayPlatform } from "./store-path.js";
export type { ByteRange, UploadSession } from "./upload-session.js";
export type { SessionOptions, UploadFileChunkOptions, UploadSessionOperations } from "./upload-sessions.js";
export type { DiskUsage, FolderSize, ImageStoreInfo } from "./usage.js";
