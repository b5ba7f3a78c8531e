import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compileContract, mergeContracts } from "../check/contract.js";
import { HarWriter } from "../check/har.js";
import { type ProxyOptions, startProxy } from "../check/proxy.js";
import { Redactor } from "../check/redact.js";
import { countOf, textReport } from "../check/reports.js";
import { TrafficWatch } from "../check/watch.js";
import type { Projects } from "../document/project.js";
import { loadContract } from "../overlay/load-contract.js";
import { loadRules, ownVersion } from "./check.js";
import { exitCodeOf, type Output, wrongArgument } from "./diff.js";
import { helpText } from "./help.js";

const usage = `openapi-contract proxy --to URL [--spec SPEC [--overlay FILE]] [--record FILE.har] [options]

Starts a reverse proxy on this machine that checks live requests and responses against a contract. It forwards them
unchanged, and bodies of any size are streamed. Ctrl+C stops the proxy and prints a summary.

  --to URL             where to forward requests, such as http://localhost:19080
  --spec SPEC          a Swagger 2.0 or OpenAPI 3 document. Default: the specifications in openapi-contract.json
  --overlay FILE       an OpenAPI Overlay to apply to SPEC first
  --record FILE.har    writes the traffic to a new HTTP archive, without credentials; "check --traffic" reads it
  --port N             the port to listen on. Default: any free port
  --rules FILE         a module whose default export is a RulePlugin: rules that no schema can express
  --fail-on SEVERITY   exit with 1 on violations of this severity, error or warning, or worse. Default: never
  --cert, --key, --ca  PEM files for a target that requires a client certificate or uses a private certificate authority
  --insecure           accept any certificate of the target

Removed from recordings: cookies, Authorization, declared API keys, and values of parameters, headers and JSON members named
like a token, key, signature or password. Of bodies above 1 MiB and bodies that are not text, only the size is recorded.

Exit code: 0 stopped, 1 violations (with --fail-on), 2 the specification or the command line are invalid.`;

/** Runs `openapi-contract proxy` until `stop` resolves. Resolves with the exit code. */
export function proxyCommand(
  args: readonly string[],
  readProjects: () => Projects,
  output: Output,
  stop: () => Promise<unknown> = interrupted,
): Promise<number> {
  return exitCodeOf(output, () => run(args, readProjects, output, stop));
}

/** The first Ctrl+C ends the proxy; the next one ends the process, as usual. */
function interrupted(): Promise<unknown> {
  return new Promise((done) => {
    process.once("SIGINT", done);
    process.once("SIGTERM", done);
  });
}

const options = {
  to: { type: "string" },
  spec: { type: "string" },
  overlay: { type: "string" },
  record: { type: "string" },
  port: { type: "string", default: "0" },
  rules: { type: "string" },
  "fail-on": { type: "string" },
  cert: { type: "string" },
  key: { type: "string" },
  ca: { type: "string" },
  insecure: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

async function run(
  args: readonly string[],
  readProjects: () => Projects,
  output: Output,
  stop: () => Promise<unknown>,
): Promise<number> {
  const { values } = parseArgs({ args: [...args], options });
  if (values.help) {
    output.log(helpText(usage));
    return 0;
  }
  const to = targetOf(values.to);
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw wrongArgument(`--port takes a number, got ${values.port}`);
  const failOn = values["fail-on"];
  if (failOn !== undefined && failOn !== "error" && failOn !== "warning")
    throw wrongArgument(`--fail-on takes error or warning, got ${failOn}`);
  const rules = values.rules === undefined ? undefined : await loadRules(values.rules);
  const files = filesOf(values.spec, values.overlay, readProjects);
  const documents = await Promise.all(files.map(loadContract));
  const redactor = new Redactor(...documents);
  const contracts = documents.map((document) => compileContract(document, rules));
  const watch = new TrafficWatch(mergeContracts(contracts), redactor);
  const har = values.record === undefined ? undefined : new HarWriter(values.record, redactor, ownVersion());
  try {
    const proxy = await startProxy({
      to,
      port,
      tls: tlsOf(values),
      onExchange: (exchange, timing) => {
        watch.see(exchange);
        har?.add(exchange, timing);
      },
      onFailure: (request, reason) => {
        watch.broken++;
        output.error(`${request}: ${reason.message}`);
      },
    });
    output.log(`Listening on ${proxy.endpoint}, passing on to ${to.origin}. Press Ctrl+C to end.`);
    await stop();
    await proxy.close(1000);
  } finally {
    har?.close();
  }
  const report = watch.report();
  output.log(textReport(report));
  const broken = watch.broken === 1 ? "1 exchange" : `${watch.broken} exchanges`;
  if (watch.broken > 0) output.log(`${broken} broke off and could not be checked`);
  const failures = countOf(report, "error") + (failOn === "warning" ? countOf(report, "warning") : 0);
  return failOn !== undefined && failures > 0 ? 1 : 0;
}

function targetOf(text: string | undefined): URL {
  if (text === undefined) throw wrongArgument("--to is missing: the URL that requests go to");
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== "" || url.hash !== "")
    throw wrongArgument(`--to takes an http or https URL without a query, got ${text}`);
  return url;
}

function filesOf(spec: string | undefined, overlay: string | undefined, readProjects: () => Projects) {
  // Examples do not matter to traffic: those that are missing need no word.
  const onWarning = () => undefined;
  if (spec !== undefined) return [{ spec, overlay, onWarning }];
  return readProjects().map((project) => ({
    spec: join(project.root, project.spec),
    overlay: join(project.root, project.overlay),
    onWarning,
  }));
}

function tlsOf({ cert, key, ca, insecure }: { cert?: string; key?: string; ca?: string; insecure: boolean }) {
  const read = (name: "cert" | "key" | "ca", path: string | undefined) => {
    if (path === undefined) return {};
    try {
      return { [name]: readFileSync(path, "utf8") };
    } catch (cause) {
      throw Object.assign(wrongArgument(`--${name}: ${path} cannot be read`), { cause });
    }
  };
  const files: NonNullable<ProxyOptions["tls"]> = {
    ...read("cert", cert),
    ...read("key", key),
    ...read("ca", ca),
  };
  return insecure ? { ...files, rejectUnauthorized: false } : files;
}
