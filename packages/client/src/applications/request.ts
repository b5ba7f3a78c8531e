import {
  type Operation,
  type OperationId,
  type OperationTypes,
  operations,
} from "@sf-image-store/types/applications";
import { InvalidInputError } from "../errors/errors.js";
import { callOperation } from "../http/call.js";
import type { OperationOptions } from "../http/options.js";
import { maxListingBytes } from "../http/request.js";
import { type Retry, requireInteger } from "../http/retry.js";
import type { Transport } from "../http/transport.js";
import { type Answer, decodeAnswer, UnexpectedValue, wireList, wireString } from "../wire/answer.js";
import { requireStorePath } from "../wire/store-path.js";

type ParametersOf<Id extends OperationId> = OperationTypes[Id]["parameters"];

/** What differs between two calls of an operation. */
type CallInput<Id extends OperationId> = Pick<ParametersOf<Id>, "path"> & {
  readonly query?: Omit<ParametersOf<Id>["query"], "api-version" | "timeout">;
} & BodyOf<OperationTypes[Id]>;

type Json<Body> = { readonly content: { readonly "application/json": Body } };

type BodyOf<Types> = Types extends { readonly requestBody: Json<infer Body> }
  ? { readonly body: Body }
  : Types extends { readonly requestBody?: Json<infer Body> }
    ? { readonly body?: Body }
    : unknown;

/** The documented content of a success; undefined for a status without content. */
type JsonOf<Id extends OperationId> = ContentOf<Successes<OperationTypes[Id]["responses"]>>;
type Successes<Responses> = Responses[keyof Responses & number];
type ContentOf<Response> = Response extends Json<infer Body> ? Body : undefined;

/** Sends the requests of one client. */
export interface Requests {
  /** Makes one attempt. */
  once<Id extends OperationId>(
    id: Id,
    options: OperationOptions,
    input: CallInput<Id>,
  ): Promise<Answer<JsonOf<Id>>>;
  /** Retries transient failures. For requests that change nothing. */
  read<Id extends OperationId, Value>(
    id: Id,
    options: OperationOptions,
    input: CallInput<Id>,
    decode: (answer: Answer<JsonOf<Id>>) => Value,
  ): Promise<Value>;
  /** Whether names may contain `%` and `#`, because the operating system of the gateway is known. */
  readonly isExact: boolean;
}

export function createRequests(http: Transport, retry: Retry, isExact: boolean): Requests {
  const once: Requests["once"] = async (id, options, input) => {
    const operation: Operation = operations[id];
    // Listings and manifests can be as large as a message of the cluster.
    return callOperation(http, id, operation, options, withText(input), maxListingBytes);
  };
  return {
    once,
    read: (id, options, input, decode) => retry(options, async () => decode(await once(id, options, input))),
    isExact,
  };
}

/** The same input with booleans as text, as they are in a URL. */
function withText<Input extends { readonly query?: object }>(input: Input): Input {
  if (input.query === undefined) return input;
  const entries = Object.entries(input.query).map(([name, value]) => [
    name,
    typeof value === "boolean" ? String(value) : value,
  ]);
  return { ...input, query: Object.fromEntries(entries) };
}

/** The same object without properties that are undefined. */
export function defined<Value extends object>(
  value: Value,
): { [Key in keyof Value]?: Exclude<Value[Key], undefined> };
export function defined(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined));
}

/** The path parameter of an application. Throws InvalidInputError for a name that a request cannot contain. */
export function applicationPath(name: string, { isExact }: Requests): { applicationId: string } {
  const prefix = "fabric:/";
  const path = requireApplicationName(name).slice(prefix.length);
  requireStorePath("applicationName", path, isExact);
  if (/[~\\]/.test(path)) {
    throw new InvalidInputError(
      "applicationName",
      `must not contain ~ or \\, which mean / in requests, got ${JSON.stringify(name)}`,
    );
  }
  return { applicationId: path.replaceAll("/", "~") };
}

export function requireApplicationName(name: string, option = "applicationName"): string {
  const text = requireText(option, name);
  if (/^fabric:\/[^/]/.test(text)) return text;
  throw new InvalidInputError(option, `must start with fabric:/, got ${JSON.stringify(text)}`);
}

/** The path parameter of an application type. */
export function typePath(name: string, { isExact }: Requests): { applicationTypeName: string } {
  if (/[/\\]/.test(requireText("typeName", name)))
    throw new InvalidInputError("typeName", `must not contain / or \\, got ${JSON.stringify(name)}`);
  return { applicationTypeName: requireStorePath("typeName", name, isExact) };
}

export function requireText(option: string, value: string): string {
  if (typeof value === "string" && value.trim() !== "") return value;
  throw new InvalidInputError(option, "must be a string that is not empty");
}

export function requireBoolean<Value extends boolean | undefined>(option: string, value: Value): Value {
  if (value === undefined || typeof value === "boolean") return value;
  throw new InvalidInputError(option, "must be true or false");
}

/** Throws InvalidInputError if the value is not one of those allowed. */
export function requireOneOf<Value extends string | undefined>(
  option: string,
  value: Value,
  allowed: readonly Exclude<Value, undefined>[],
): Value {
  if (value === undefined || allowed.some((each) => each === value)) return value;
  const list = allowed.map((each) => JSON.stringify(each)).join(", ");
  throw new InvalidInputError(option, `must be one of ${list}`);
}

export function requirePercentage<Value extends number | undefined>(option: string, value: Value): Value {
  if (value !== undefined) requireInteger(option, value, 0, 100);
  return value;
}

/** The longest duration that a cluster knows, in milliseconds. It means that there is no limit. */
const longestMs = 922_337_203_685_477;

/** A duration as text of milliseconds, one of the two forms that the cluster accepts. */
export function durationText(option: string, ms: number | undefined): string | undefined {
  if (ms === undefined) return undefined;
  if (ms === Number.POSITIVE_INFINITY) return "P10675199DT02H48M05.4775807S";
  return String(requireInteger(option, ms, 0, longestMs));
}

const isoDuration = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;

/** A duration in milliseconds; Infinity if there is no limit. Servers send ISO 8601 durations, or milliseconds in a string. */
export function wireDuration(property: string, value: unknown): number {
  const text = wireString(property, value);
  const found = isoDuration.exec(text);
  if (!/^\d+$/.test(text) && (found === null || text === "P")) {
    throw new UnexpectedValue(property, "a duration", value);
  }
  const [, days = 0, hours = 0, minutes = 0, seconds = 0] = found ?? [];
  const total = ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds);
  const ms = found === null ? Number(text) : Math.round(total * 1000);
  return ms >= longestMs ? Number.POSITIVE_INFINITY : ms;
}

/** A page of a listing on the wire. */
interface WirePage<Item> {
  readonly ContinuationToken: string;
  readonly Items: readonly Item[];
}

/** The query of a page. */
export interface PageQuery {
  readonly ContinuationToken?: string;
}

/** The items of all pages. Requests each page when the loop needs it. Every loop starts again at the first page. */
export function listItems<Wire extends object, Item>(
  getPage: (
    query: PageQuery,
    decode: (answer: Answer<WirePage<Wire> | undefined>) => DecodedPage<Item>,
  ) => Promise<DecodedPage<Item>>,
  decodeItem: (item: Wire) => Item,
  abortSignal: AbortSignal | undefined,
): AsyncIterable<Item> {
  async function* items(): AsyncGenerator<Item, void, undefined> {
    const known = new Set<string>();
    const decode = (answer: Answer<WirePage<Wire> | undefined>) =>
      decodeAnswer(answer, (page) => decodePage(page, decodeItem, known));
    let query: PageQuery = {};
    for (;;) {
      const page = await getPage(query, decode);
      for (const item of page.items) {
        // A request with an aborted signal is not sent and rejects with an AbortError.
        if (abortSignal?.aborted) await getPage(query, decode);
        yield item;
      }
      if (page.token === "") return;
      known.add(page.token);
      query = { ContinuationToken: escapeToken(page.token) };
    }
  }
  return { [Symbol.asyncIterator]: items };
}

/** A page with decoded items. The token is empty on the last page. */
interface DecodedPage<Item> {
  readonly items: readonly Item[];
  readonly token: string;
}

function decodePage<Wire extends object, Item>(
  page: WirePage<Wire>,
  decodeItem: (item: Wire) => Item,
  known: ReadonlySet<string>,
): DecodedPage<Item> {
  const token = wireString("ContinuationToken", page.ContinuationToken);
  if (known.has(token)) throw new UnexpectedValue("ContinuationToken", "a new token", token);
  return { items: wireList("Items", page.Items).map(decodeItem), token };
}

/** Tokens go back unchanged. Escapes only what would end the query parameter; the gateway decodes a token once. */
function escapeToken(token: string): string {
  return token.replaceAll(/[#&\s\p{Cc}]/gu, encodeURIComponent);
}

/** A list of `Key` and `Value` on the wire. */
export interface WireEntry<Value> {
  readonly Key: string;
  readonly Value: Value;
}

/** The parameters of an application. */
export function wireParameters(
  property: string,
  list: readonly WireEntry<string>[] | undefined,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    wireList(property, list).map(({ Key, Value }) => [wireString("Key", Key), wireString("Value", Value)]),
  );
}

/** The entries of an option whose keys are names. */
export function entriesOf<Value, Encoded>(
  option: string,
  values: Readonly<Record<string, Value>> | undefined,
  encode: (value: Value, option: string) => Encoded,
): { Key: string; Value: Encoded }[] | undefined {
  if (values === undefined) return undefined;
  if (typeof values !== "object" || values === null || Symbol.iterator in values)
    throw new InvalidInputError(option, "must be an object");
  return Object.entries(values).map(([key, value]) => ({
    Key: key,
    Value: encode(value, `${option}.${key}`),
  }));
}

export function parameterList(
  option: string,
  parameters: Readonly<Record<string, string>> | undefined,
): { Key: string; Value: string }[] | undefined {
  return entriesOf(option, parameters, (value, name) => {
    if (typeof value !== "string") throw new InvalidInputError(name, "must be a string");
    return value;
  });
}
