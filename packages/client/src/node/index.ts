/** What only Node.js can do. The rest of the package runs wherever `fetch` does. */
export { createNodeFetch, type NodeFetch } from "./fetch/create-node-fetch.js";
export type {
  ClientCertificate,
  ExpectContinueOptions,
  NodeFetchOptions,
  ServerCommonName,
  TlsVersion,
} from "./fetch/options.js";
export { isServerCertificateError, ServerCertificateError } from "./fetch/server-certificate-error.js";
export { TransportError } from "./fetch/transport-error.js";
