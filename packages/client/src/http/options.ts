import { InvalidInputError } from "../errors/errors.js";
import type { GatewayPlatform } from "../wire/store-path.js";
import { type OptionNames, requireOptions } from "../wire/validation.js";
import type { TokenCredential } from "./authentication.js";
import type { RetryOptions } from "./retry.js";

/** The function that sends requests, such as the platform's `fetch`. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface ClientOptions {
  /**
   * The URL of the cluster's HTTP gateway, for example `https://cluster.example:19080`, or a list of URLs that are all `http:`
   * or all `https:`. A URL may have a path prefix. The client sends requests to the endpoint that responded last (initially the
   * first) and fails over to the next if it cannot connect. A request that may have reached a server is sent to another one
   * only if it is a GET.
   */
  readonly endpoint: string | URL | readonly (string | URL)[];
  /**
   * Sends the requests. The signal in its RequestInit is aborted when the caller aborts or the request times out.
   * @default the platform's `fetch`
   */
  readonly fetch?: Fetch;
  /** Headers to send with every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Gets Microsoft Entra ID tokens for the requests: a credential from `@azure/identity`, or any object with a `getToken`
   * method. The client renews a token two minutes before it expires. If the server rejects a token (401, 403), the client gets a
   * new one and retries once. Requests reject with a CredentialError if `getToken` returns no token. @default none
   */
  readonly credential?: TokenCredential;
  /**
   * The scope of the tokens, usually the ID of the cluster's application followed by `/.default`. Required with `credential`.
   * The client never reads it from the server, because a fake server could then request tokens for another application.
   */
  readonly tokenScope?: string | readonly string[];
  /**
   * Allows sending tokens unencrypted to `http:` endpoints on other machines, where anyone on the network can read and use
   * them. Endpoints on this machine are always allowed. @default false
   */
  readonly allowInsecureConnection?: boolean;
  /**
   * The ID of the cluster. A cluster with another ID rejects the requests with 403 `E_ACCESSDENIED`; a cluster without an ID
   * ignores this option. @default not checked
   */
  readonly clusterId?: string;
  /**
   * The operating system of the cluster's gateways. Required for store paths with `%` or `#`, which Windows and Linux read
   * differently, and for `copyContent` on a Linux cluster. @default unknown; Windows for `copyContent`
   */
  readonly gatewayPlatform?: GatewayPlatform;
  /**
   * How to retry single requests after transient failures. The client retries all requests that read, `deleteContent` and
   * `deleteUploadSession`. It never retries `putFile`, `copyContent`, `uploadFileChunk` and `commitUploadSession`. Uploads and
   * verifications have their own `retryOptions`. The client retries after a failed connection or a timeout only if the server
   * has responded before. @default up to 3 retries; see RetryOptions
   */
  readonly retryOptions?: RetryOptions;
}

const clientOptionNames: OptionNames<ClientOptions> = {
  ...{ endpoint: true, fetch: true, headers: true, credential: true, tokenScope: true },
  ...{ allowInsecureConnection: true, clusterId: true, gatewayPlatform: true, retryOptions: true },
};

/** Throws InvalidInputError for unknown options. */
export function requireClientOptions(options: ClientOptions, owner = "createImageStoreClient"): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new InvalidInputError("endpoint", "must be in an options object");
  }
  requireOptions(owner, options, clientOptionNames);
}

export interface OperationOptions {
  /**
   * The server timeout in seconds, 1 to 4294967295. The client waits 30 seconds longer, plus one second for every 16 KiB of
   * content that it sends, counted from the call of `fetch`. If it has not received the whole response by then, the request
   * rejects with a TimeoutError. @default 60, applied by the server
   */
  readonly timeoutSeconds?: number;
  /**
   * Stops the request and its retries. The request rejects with an AbortError, or with a TimeoutError for a signal of
   * `AbortSignal.timeout`.
   */
  readonly abortSignal?: AbortSignal;
}

export const operationOptionNames: OptionNames<OperationOptions> = {
  timeoutSeconds: true,
  abortSignal: true,
};

export interface StorePathOptions extends OperationOptions {
  /** The path from the root of the image store, with `/` as separator: `MyApp/MyServicePkg/Code.zip`. */
  readonly storePath: string;
}

/** See ContentSent. */
export type OnSent = (bytes: number) => void | Promise<void>;

/** Options of methods that send content. */
export interface ContentSent {
  /**
   * Called while content is sent, with the number of bytes handed to the operating system since the last call. These bytes
   * are confirmed only when the method resolves. If it returns a promise, the rest of the content waits for it, which counts
   * toward the time limit of the request. Requires a `fetch` from `createNodeFetch`; others never call it.
   */
  readonly onSent?: OnSent;
}

export function sentOption({ onSent }: { readonly onSent?: ContentSent["onSent"] | undefined }): {
  onSent?: OnSent;
} {
  return onSent === undefined ? {} : { onSent };
}

export const storePathOptionNames: OptionNames<StorePathOptions> = {
  ...operationOptionNames,
  storePath: true,
};
