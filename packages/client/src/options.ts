import { InvalidInputError } from "./errors.js";
import type { GatewayPlatform } from "./store-path.js";

/** What sends requests, and is called as the platform's own is. */
export type Fetch = (input: Request | string, init?: RequestInit) => Promise<Response>;

export interface ClientOptions {
  /** Where the cluster's HTTP gateway listens, for example `https://cluster.example:19080`. May have a path prefix. */
  readonly endpoint: string | URL;
  /** Sends the requests. Called with a Request, or with a URL and a RequestInit. @default the platform's `fetch` */
  readonly fetch?: Fetch;
  /** Headers for every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * What the cluster's gateways run on. Needed for store paths with `%` or `#`, which the platforms read differently: they
   * are refused without it. `copyContent` to a cluster on Linux needs it too. @default not known; Windows for `copyContent`
   */
  readonly gatewayPlatform?: GatewayPlatform;
}

export interface OperationOptions {
  /** How long the server may work on the request, in seconds: 1 to 4294967295. @default 60, applied by the server */
  readonly timeoutSeconds?: number;
  /** Stops the request. Rejects with an AbortError, or a TimeoutError for the signal of `AbortSignal.timeout`. */
  readonly abortSignal?: AbortSignal;
}

export interface StorePathOptions extends OperationOptions {
  /** Names joined by `/`, counted from the root of the image store: `MyApp/MyServicePkg/Code.zip`. */
  readonly storePath: string;
}

/** The endpoint in the form that URL templates are appended to. Throws InvalidInputError. */
export function baseUrl(endpoint: string | URL): string {
  const url = parse(endpoint);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new InvalidInputError("endpoint", `must start with http:// or https://, not with ${url.protocol}`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new InvalidInputError("endpoint", "must not contain a user name or password");
  }
  if (url.search !== "" || url.hash !== "") {
    throw new InvalidInputError("endpoint", "must not have a query or a fragment");
  }
  return url.href.replace(/\/+$/, "");
}

function parse(endpoint: string | URL): URL {
  try {
    return new URL(endpoint);
  } catch {
    // The text may hold a password, so neither it nor the parser's error, which repeats it, is passed on.
    throw new InvalidInputError("endpoint", "must be a URL such as http://localhost:19080");
  }
}

/** Headers that can be sent. Throws InvalidInputError without repeating a value, which may be a secret. */
export function requireHeaders(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [name, value] of Object.entries(headers)) {
    try {
      new Headers([[name, value]]);
    } catch {
      throw new InvalidInputError(
        "headers",
        `has a name or value that cannot be sent, for ${JSON.stringify(name)}`,
      );
    }
  }
  return headers;
}

/** The query parameter that every operation takes. */
export function timeoutQuery({ timeoutSeconds }: OperationOptions): { timeout?: number } {
  return timeoutSeconds === undefined ? {} : { timeout: timeoutSeconds };
}

/** What of the options belongs to the request itself, not to its parameters. */
export function requestOptions({ abortSignal }: OperationOptions): { signal?: AbortSignal } {
  return abortSignal === undefined ? {} : { signal: abortSignal };
}
