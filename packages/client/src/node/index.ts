/** Everything of the package, with what only Node.js can do. The rest runs wherever `fetch` does. */

export * from "../index.js";
export {
  createImageStoreClient,
  type LocalUploads,
  type NodeImageStoreClient,
} from "./client.js";
export { createNodeFetch, type NodeFetch } from "./fetch/create-node-fetch.js";
export type {
  ClientCertificate,
  ExpectContinueOptions,
  NodeFetchOptions,
  ServerCommonName,
  TlsVersion,
} from "./fetch/options.js";
export { isServerCertificateError, ServerCertificateError, TransportError } from "./fetch/options.js";
export { walkDirectory } from "./package-files.js";
