import { InvalidInputError } from "../errors/errors.js";
import type { GatewayPlatform } from "../wire/store-path.js";
import { type OptionNames, requireOptions } from "../wire/validation.js";
import type { TokenCredential } from "./authentication.js";
import type { RetryOptions } from "./retry.js";

/** What sends requests. The platform's own is one. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface ClientOptions {
  /**
   * Where the cluster's HTTP gateway listens, for example `https://cluster.example:19080`. May have a path prefix. Of several,
   * all `http:` or all `https:`, requests go to the one that answered last, at first to the first; when it cannot be reached,
   * to the next. What may have reached a server is not sent to another, unless it only reads.
   */
  readonly endpoint: string | URL | readonly (string | URL)[];
  /**
   * Sends the requests. It gets a URL and a RequestInit, whose signal is aborted when the caller stops the request or its time
   * is over. @default the platform's `fetch`
   */
  readonly fetch?: Fetch;
  /** Headers for every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Gives tokens of Microsoft Entra ID, which every request then carries: a credential of `@azure/identity`, or an object with
   * its method `getToken`. A token is used until two minutes before its end; one that the server refuses (401, 403) is replaced
   * once. Without a token, requests reject with a CredentialError. @default none
   */
  readonly credential?: TokenCredential;
  /**
   * What tokens are asked for: mostly the id of the cluster's application, followed by `/.default`. Required beside
   * `credential`. It is never learnt from the server: whoever answers in its place could have tokens made out to it.
   */
  readonly tokenScope?: string | readonly string[];
  /**
   * Lets tokens of `credential` go in the clear to `http:` endpoints on other machines, where everybody on the way can read
   * and use them. @default false; endpoints on this machine need no permission
   */
  readonly allowInsecureConnection?: boolean;
  /**
   * The id of the cluster that the requests are meant for. One that is configured with another refuses them, with 403
   * `E_ACCESSDENIED`; one that is configured with none does not compare. @default not compared
   */
  readonly clusterId?: string;
  /**
   * What the cluster's gateways run on. Needed for store paths with `%` or `#`, which the platforms read differently: they
   * are refused without it. `copyContent` to a cluster on Linux needs it too. @default not known; Windows for `copyContent`
   */
  readonly gatewayPlatform?: GatewayPlatform;
  /**
   * How often, and after which waits, requests are retried that fail for now and do no harm when repeated: everything that
   * reads, `deleteContent` and `deleteUploadSession`. Uploads and verifications take `retryOptions` of their own. `putFile`,
   * `copyContent`, `uploadFileChunk` and `commitUploadSession` are never repeated. A request that finds nobody at the
   * endpoint, or gets no answer in time, is retried only if the client had an answer before.
   * @default up to 3 retries; see RetryOptions
   */
  readonly retryOptions?: RetryOptions;
}

const clientOptionNames: OptionNames<ClientOptions> = {
  ...{ endpoint: true, fetch: true, headers: true, credential: true, tokenScope: true },
  ...{ allowInsecureConnection: true, clusterId: true, gatewayPlatform: true, retryOptions: true },
};

/** Throws InvalidInputError for what is no option of a client. */
export function requireClientOptions(options: ClientOptions): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new InvalidInputError("endpoint", "must be given in an object of options");
  }
  requireOptions("createImageStoreClient", options, clientOptionNames);
}

export interface OperationOptions {
  /**
   * How long the server may work on the request, in seconds: 1 to 4294967295. The client waits 30 seconds longer, and a second
   * more for every 16 KiB of content that is sent. If the answer has not been read to its end by then, the request rejects with
   * a TimeoutError. Its time begins when `fetch` is called. @default 60, applied by the server
   */
  readonly timeoutSeconds?: number;
  /**
   * Stops the request and its retries. Rejects with an AbortError, or a TimeoutError for the signal of `AbortSignal.timeout`.
   */
  readonly abortSignal?: AbortSignal;
}

export const operationOptionNames: OptionNames<OperationOptions> = {
  timeoutSeconds: true,
  abortSignal: true,
};

export interface StorePathOptions extends OperationOptions {
  /** Names joined by `/`, counted from the root of the image store: `MyApp/MyServicePkg/Code.zip`. */
  readonly storePath: string;
}

/** Beside content that is sent. */
export interface ContentSent {
  /**
   * Called as content goes out, with the number of further bytes that have been handed to the system: they are on their way,
   * and confirmed only when the method resolves. A `fetch` of `createNodeFetch` tells; of others it is never called.
   */
  readonly onSent?: (bytes: number) => void;
}

export function sentOption({ onSent }: { readonly onSent?: ContentSent["onSent"] | undefined }): {
  onSent?: (bytes: number) => void;
} {
  return onSent === undefined ? {} : { onSent };
}

export const storePathOptionNames: OptionNames<StorePathOptions> = {
  ...operationOptionNames,
  storePath: true,
};

/** The query parameters that every operation takes. */
export function operationQuery<Version extends string>(
  { apiVersion }: { readonly apiVersion: Version },
  { timeoutSeconds }: OperationOptions,
): { "api-version": Version; timeout?: number } {
  return { "api-version": apiVersion, ...(timeoutSeconds === undefined ? {} : { timeout: timeoutSeconds }) };
}

/** What of the options belongs to the request itself, not to its parameters. */
export function requestOptions({ abortSignal }: OperationOptions): { abortSignal?: AbortSignal } {
  return abortSignal === undefined ? {} : { abortSignal };
}
