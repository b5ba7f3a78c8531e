/** The entry point for Node.js: everything in the main entry point, plus files, TLS and proxies. */

export * from "../index.js";
export type { LintCode, LintFinding } from "../package/manifest.js";
export { type ArchiveContent, ArchiveError, type ArchiveOptions, openArchive } from "./archive.js";
export {
  createImageStoreClient,
  type DirectoryBase,
  type LocalUploads,
  type NodeImageStoreClient,
  type UploadDirectoryOptions,
} from "./client.js";
export { deployApplication, readParametersFile } from "./deploy/deploy.js";
export {
  DeployError,
  type DeployFailure,
  type DeployFailureState,
  isDeployError,
} from "./deploy/deploy-error.js";
export type {
  DeployClients,
  Deployment,
  DeployOptions,
  DeployPhase,
  DeployPhaseResult,
  DeployProgress,
  DeployUpgradeMode,
  DeployUploadOptions,
} from "./deploy/deployment.js";
export type { FileSettings } from "./deploy/parameters-file.js";
export { createNodeFetch, type NodeFetch } from "./fetch/create-node-fetch.js";
export type {
  ClientCertificate,
  ExpectContinueOptions,
  NodeFetchOptions,
  ServerCommonName,
  TlsVersion,
} from "./fetch/options.js";
export { isServerCertificateError, ServerCertificateError, TransportError } from "./fetch/options.js";
export { type LintOptions, lintDirectory } from "./lint.js";
export {
  type DirectoryContent,
  type FollowedLink,
  type WalkOptions,
  walkDirectory,
} from "./package-files.js";
export type { LocalContent, SelectionOptions } from "./selection.js";
export { type SpoolOptions, spoolStream } from "./temporary-file.js";
