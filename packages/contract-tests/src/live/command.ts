import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  type ContractProxy,
  compileContract,
  countOf,
  type Exchange,
  exitCodeOf,
  loadContract,
  type Output,
  type Project,
  Redactor,
  startProxy,
  TrafficWatch,
  textReport,
} from "openapi-contract";
import { rules } from "../rules.js";
import { type LiveAnswer, type LiveRequest, LiveSession, namedChecks } from "./checks.js";

const usage = `SF_LIVE_ENDPOINT=URL pnpm contract:live [--write]

Sends requests to a live gateway and checks every request and answer against the contract, with the named checks of this
package: ${namedChecks.map(({ name }) => name).join(", ")}.

Reads only. With --write it also uploads, commits and deletes small files in a folder of its own, contract-live-<id>, which
it deletes at the end.

  SF_LIVE_ENDPOINT    such as https://mycluster.westeurope.cloudapp.azure.com:19080
  SF_LIVE_CERT, SF_LIVE_KEY, SF_LIVE_CA
                      PEM files: client certificate, its key, the authority of the server's certificate
  SF_LIVE_TOKEN       a bearer token, in place of a client certificate
  SF_LIVE_INSECURE=1  accept any server certificate

Exit code: 0 no violation, 1 violations, 2 the gateway or the settings are unusable.`;

type Environment = Readonly<Record<string, string | undefined>>;

/** Runs the named checks against a live gateway. Resolves with the exit code. */
export function liveCommand(
  args: readonly string[],
  environment: Environment,
  project: Project,
  output: Output,
): Promise<number> {
  return exitCodeOf(output, async () => {
    const { values } = parseArgs({
      args: [...args],
      options: {
        write: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) {
      output.log(usage);
      return 0;
    }
    return run(values.write, environment, project, output);
  });
}

async function run(
  isWriting: boolean,
  environment: Environment,
  project: Project,
  output: Output,
): Promise<number> {
  const to = endpointOf(environment["SF_LIVE_ENDPOINT"]);
  const spec = join(project.root, project.spec);
  const document = await loadContract({ spec, overlay: join(project.root, project.overlay) });
  const watch = new TrafficWatch(compileContract(document, rules), new Redactor(document));
  const onFailure = (request: string, reason: Error) => output.error(`${request}: ${reason.message}`);
  const known = { to, onExchange: (exchange: Exchange) => watch.see(exchange), onFailure };
  const tls = tlsOf(environment);
  // Requests go by way of two proxies: one that identifies itself to the gateway, and one that does not.
  const proxy = await startProxy({ ...known, tls });
  const { cert: _, key: _key, ...anonymous } = tls;
  const stranger = await startProxy({ ...known, tls: anonymous });
  const token = environment["SF_LIVE_TOKEN"];
  const hasCredentials = tls.cert !== undefined || token !== undefined;
  try {
    const session = new LiveSession(
      (request) => send(request.isAnonymous ? stranger : proxy, request, token),
      `contract-live-${crypto.randomUUID()}`,
    );
    const { status, text } = await session.request("GetClusterVersion");
    if (status === 0 || status === 502 || status === 401 || status === 403) {
      output.error(`${to.origin} cannot be checked (${status}): ${text.trim()}`);
      return 2;
    }
    for (const check of namedChecks) {
      const reason =
        check.writes && !isWriting
          ? "pass --write"
          : check.needsCredentials && !hasCredentials
            ? "no credentials are set"
            : undefined;
      if (reason === undefined) watch.add(check.name, await check.run(session));
      output.log(reason === undefined ? `ran ${check.name}` : `skipped ${check.name}: ${reason}`);
    }
    if (isWriting) await session.request("DeleteImageStoreContent", { contentPath: session.folder });
  } finally {
    await proxy.close(1000);
    await stranger.close(1000);
  }
  const report = watch.report();
  output.log(textReport(report));
  return countOf(report, "error") > 0 ? 1 : 0;
}

function unusable(message: string): Error {
  return Object.assign(new TypeError(message), { code: "ERR_INVALID_ARG_VALUE" });
}

function endpointOf(text: string | undefined): URL {
  const url = text !== undefined && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw unusable("Set SF_LIVE_ENDPOINT to the URL of a gateway, such as http://localhost:19080");
  return url;
}

function tlsOf(environment: Environment) {
  const file = (name: string) => {
    const path = environment[name];
    if (path === undefined) return undefined;
    try {
      return readFileSync(path, "utf8");
    } catch (cause) {
      throw Object.assign(unusable(`${name}: ${path} cannot be read`), { cause });
    }
  };
  const [cert, key, ca] = [file("SF_LIVE_CERT"), file("SF_LIVE_KEY"), file("SF_LIVE_CA")];
  return {
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(ca === undefined ? {} : { ca }),
    ...(environment["SF_LIVE_INSECURE"] === "1" ? { rejectUnauthorized: false } : {}),
  };
}

async function send(
  proxy: ContractProxy,
  request: LiveRequest,
  token: string | undefined,
): Promise<LiveAnswer> {
  const { method, path, headers = {}, body, isAnonymous = false } = request;
  const authorization: Record<string, string> =
    token === undefined || isAnonymous ? {} : { authorization: `Bearer ${token}` };
  try {
    const response = await fetch(`${proxy.endpoint}${path}`, {
      method,
      headers: { ...headers, ...authorization },
      ...(body === undefined ? {} : { body }),
      redirect: "manual",
    });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    return { status: 0, text: error instanceof Error ? error.message : String(error) };
  }
}
