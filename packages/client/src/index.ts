export { createImageStoreClient, type ImageStoreClient } from "./client.js";
export { EndpointsError } from "./errors/endpoints-error.js";
export {
  AbortError,
  CredentialError,
  FabricError,
  type FabricErrorCode,
  InvalidInputError,
  isAbortError,
  isCredentialError,
  isFabricError,
  isInvalidInputError,
  isNetworkError,
  isProtocolError,
  isTimeoutError,
  NetworkError,
  ProtocolError,
  type RequestContext,
  TimeoutError,
} from "./errors/errors.js";
export type { AccessToken, TokenCredential } from "./http/credential.js";
export type { ClientOptions, Fetch, OperationOptions, StorePathOptions } from "./http/options.js";
export type { RetryOptions } from "./http/retry.js";
export type { AadMetadata } from "./operations/aad-metadata.js";
export type { ClusterOperations } from "./operations/cluster-operations.js";
export type { ContentPage, FileVersion, PutFileOptions, StoreEntry, StoreFile, StoreFolder } from "./operations/content.js";
export type {
  ContentOperations,
  ContentPageOptions,
  FolderOptions,
} from "./operations/content-operations.js";
export type { CopyContentOptions, CopyFlag } from "./operations/copy.js";
export type { ByteRange, SessionOptions, UploadFileChunkOptions, UploadSession } from "./operations/upload-session.js";
export type {
UploadSessionOperations,
} from "./operations/upload-sessions.js";
export type { DiskUsage, FolderSize, ImageStoreInfo } from "./operations/usage.js";
export type { Copied } from "./package/copy-tree.js";
export type {
  ClosableSource,
  PackageContent,
  PackageFile,
  PackageSource,
} from "./package/package-content.js";
export type { UploadPackageOptions, VerifyPackageOptions } from "./package/package-options.js";
export type { PackageOperations } from "./package/packages.js";
export type { UploadedPackage } from "./package/upload-package.js";
export type { ByteSource, ReadOptions, UploadSource } from "./upload/byte-source.js";
export type { FilePhase, FileProgress, UploadProgress } from "./upload/progress.js";
export {
  type Difference,
  isUploadError,
  isVerificationError,
  SourceError,
  UploadError,
  type UploadFailure,
  type UploadState,
  VerificationError,
} from "./upload/upload-error.js";
export type { Fingerprint, TransferOptions, UploadedFile, UploadFileOptions, Verified, VerifyOptions } from "./upload/upload-options.js";
export type { UploadOperations } from "./upload/uploads.js";
export type { ByteStream, Bytes } from "./wire/bytes.js";
export { isReceiptPath, receiptFolder, receiptsOf } from "./wire/receipt-paths.js";
export type { GatewayPlatform } from "./wire/store-path.js";
