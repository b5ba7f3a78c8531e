export type { AadMetadata } from "./aad-metadata.js";
export type { ByteStream, Bytes } from "./bytes.js";
export { createImageStoreClient, type ImageStoreClient } from "./client.js";
export type { ClusterOperations } from "./cluster-operations.js";
export type { ContentPage, FileVersion, StoreEntry, StoreFile, StoreFolder } from "./content.js";
export type {
  ContentOperations,
  ContentPageOptions,
  FolderOptions,
  PutFileOptions,
} from "./content-operations.js";
export type { CopyContentOptions, CopyFlag } from "./copy.js";
export type { AccessToken, TokenCredential } from "./credential.js";
export { EndpointsError } from "./endpoints-error.js";
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
} from "./errors.js";
export type { ClientOptions, Fetch, OperationOptions, StorePathOptions } from "./options.js";
export type { Copied } from "./package/copy-tree.js";
export type {
  ClosableSource,
  PackageContent,
  PackageFile,
  PackageSource,
} from "./package/package-content.js";
export type { UploadPackageOptions, VerifyPackageOptions } from "./package/package-options.js";
export type { UploadedPackage } from "./package/upload-package.js";
export type { PackageOperations } from "./packages.js";
export { isReceiptPath, receiptFolder, receiptsOf } from "./receipt-paths.js";
export type { RetryOptions } from "./retry.js";
export type { GatewayPlatform } from "./store-path.js";
export type { ByteSource, ReadOptions, UploadSource } from "./upload/byte-source.js";
export type { Fingerprint } from "./upload/fingerprint-option.js";
export type { FilePhase, FileProgress, UploadProgress } from "./upload/progress.js";
export type { TransferOptions, UploadFileOptions, VerifyOptions } from "./upload/upload-options.js";
export {
  type Difference,
  isUploadError,
  isVerificationError,
  SourceError,
  UploadError,
  type UploadFailure,
  type UploadState,
  VerificationError,
} from "./upload-error.js";
export type { ByteRange, UploadSession } from "./upload-session.js";
export type { SessionOptions, UploadFileChunkOptions, UploadSessionOperations } from "./upload-sessions.js";
export type { UploadedFile, UploadOperations, Verified } from "./uploads.js";
export type { DiskUsage, FolderSize, ImageStoreInfo } from "./usage.js";
