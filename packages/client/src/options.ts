import { InvalidInputError } from "./errors.js";

export interface ClientOptions {
  /** Where the cluster's HTTP gateway listens, for example `https://cluster.example:19080`. May have a path prefix. */
  readonly endpoint: string | URL;
  /** Sends the requests. @default the platform's `fetch` */
  readonly fetch?: (request: Request) => Promise<Response>;
  /** Headers for every request. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface OperationOptions {
  /** How long the server may work on the request, in seconds: 1 to 4294967295. @default 60, applied by the server */
  readonly timeoutSeconds?: number;
  /** Stops the request. Rejects with an AbortError, or a TimeoutError for the signal of `AbortSignal.timeout`. */
  readonly abortSignal?: AbortSignal;
}

/** The endpoint in the form that URL templates are appended to. Throws InvalidInputError. */
export function baseUrl(endpoint: string | URL): string {
  const url = parse(endpoint);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new InvalidInputError(
      "endpoint",
      `must start with http:// or https://, got ${JSON.stringify(url.href)}`,
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new InvalidInputError("endpoint", "must not contain a user name or password");
  }
  if (url.search !== "" || url.hash !== "")
    throw new InvalidInputError("endpoint", "must not have a query or a fragment");
  return url.href.replace(/\/+$/, "");
}

function parse(endpoint: string | URL): URL {
  try {
    return new URL(endpoint);
  } catch (cause) {
    const expectation = `must be a URL such as http://localhost:19080, got ${JSON.stringify(String(endpoint))}`;
    throw new InvalidInputError("endpoint", expectation, { cause });
  }
}
