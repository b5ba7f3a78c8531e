export { createImageStoreClient, type ImageStoreClient } from "./client.js";
export {
  AbortError,
  CredentialError,
  EndpointsError,
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
export type { AccessToken, TokenCredential } from "./http/authentication.js";
export type { ClientOptions, Fetch, OperationOptions, StorePathOptions } from "./http/options.js";
export type { RetryOptions } from "./http/retry.js";
export type { AadMetadata, ClusterOperations } from "./operations/cluster-operations.js";
export type {
  ContentPage,
  CopyContentOptions,
  CopyFlag,
  DiskUsage,
  FileVersion,
  FolderSize,
  ImageStoreInfo,
  PutFileOptions,
  StoreEntry,
  StoreFile,
  StoreFolder,
} from "./operations/content.js";
export type {
  ContentOperations,
  ContentPageOptions,
  FolderOptions,
  UploadSessionOperations,
} from "./operations/store-operations.js";
export type {
  ByteRange,
  SessionOptions,
  UploadFileChunkOptions,
  UploadSession,
} from "./operations/upload-session.js";
export type { Copied, CopyAndVerifyOptions } from "./package/copy-tree.js";
export type {
  ClosableSource,
  PackageContent,
  PackageFile,
  PackageSource,
  UploadPackageOptions,
  VerifyPackageOptions,
} from "./package/package-options.js";
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
export type {
  Fingerprint,
  TransferOptions,
  UploadedFile,
  UploadFileOptions,
  Verified,
  VerifyOptions,
} from "./upload/upload-options.js";
export type { UploadOperations } from "./upload/uploads.js";
export type { ByteStream, Bytes } from "./wire/bytes.js";
export type { GatewayPlatform } from "./wire/store-path.js";
export { isReceiptPath, receiptFolder, receiptsOf } from "./wire/store-path.js";
