import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { ClusterManager } from "../applications/cluster-manager.js";
import type { FiredFault } from "../faults/fault.js";
import type { ImageStore } from "../image-store.js";
import type { RequestLogEntry } from "../options.js";
import { separatorOf } from "../store/store-path.js";
import { type Answer, okAnswer, redirectAnswer } from "../wire/answers.js";
import type { OperationId } from "../wire/operations.js";
import type { Clock } from "../wire/time.js";
import { describeCluster } from "./cluster-view.js";
import { Html, html } from "./html.js";
import { heartbeatMs, LiveFeed } from "./live-feed.js";
import { referenceView } from "./reference-view.js";

/**
 * The pages load only their own files and run no script that was put into them as text. `trusted-types 'none'` makes browsers
 * reject every attempt to parse text as HTML, such as `innerHTML`.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const headers = {
  "Content-Security-Policy": contentSecurityPolicy,
  "Cross-Origin-Resource-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-store",
};

/** On a cluster, this is the path of Service Fabric Explorer. */
export const explorerPath = "/Explorer/index.html";
/** The page receives the state of the store and its changes from here, as server-sent events. */
export const eventsPath = "/Explorer/events";

const contentTypes = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
} as const;

/** The files of the page in `page/`, with their paths as the page refers to them. */
const assets: ReadonlyMap<string, keyof typeof contentTypes> = new Map([
  ["explorer.css", "css"],
  ["main.js", "js"],
  ["live.js", "js"],
  ["sessions.js", "js"],
  ["files.js", "js"],
  ["file-rows.js", "js"],
  ["file-tree.js", "js"],
  ["applications.js", "js"],
  ["requests.js", "js"],
  ["delete-dialog.js", "js"],
  ["dom.js", "js"],
]);

/** A page for browsers, or a file of it. */
export interface Page {
  /** Whether the gateway serves it without authentication if Entra ID is configured (HG/ClusterManagementHandler.cpp, Initialize). */
  readonly isPublic: boolean;
  readonly answer: () => Answer;
}

/** The pages of an emulator. */
export interface Explorer {
  /** Finds the page at a URL. As with every other path, a trailing slash is allowed. */
  readonly findPage: (method: string, url: string) => Page | undefined;
  readonly feed: LiveFeed;
  /** Adds a request to the log of the page, unless the page itself caused it. */
  readonly recordRequest: (entry: RequestLogEntry) => void;
  readonly recordFault: (fired: FiredFault) => void;
}

/** What the page shows about the gateway. */
export interface GatewayFacts {
  readonly clock: Clock;
  readonly apiVersionMax: string;
  /** The operations that the gateway has. */
  readonly operations: Partial<Record<OperationId, unknown>>;
  /** Where the cluster keeps packages, if that is not its image store service. */
  readonly packagesElsewhere: string | undefined;
}

export function createExplorer(store: ImageStore, manager: ClusterManager, gateway: GatewayFacts): Explorer {
  const { platform, content } = store;
  const { apiVersionMax, packagesElsewhere, clock } = gateway;
  const facts = {
    platform,
    separator: separatorOf(platform),
    apiVersionMax,
    location: content.root,
    heartbeatMs,
    ...(packagesElsewhere === undefined ? {} : { packagesElsewhere }),
  };
  const feed = new LiveFeed(store, clock, facts, () => describeCluster(manager));
  return {
    findPage: (method, url) => {
      if (method !== "GET" && method !== "HEAD") return undefined;
      return findPage(pathOf(url), feed, gateway);
    },
    feed,
    recordRequest: (entry) => {
      const isPage =
        entry.operationId === undefined && findPage(pathOf(entry.url), feed, gateway) !== undefined;
      if (!isPage) feed.recordRequest(entry);
    },
    recordFault: (fired) => feed.recordFault(fired),
  };
}

/** Whether the page itself, which loads files and follows events, has made this request. */
export function isExplorerRequest({
  method,
  url,
  operationId,
}: Pick<RequestLogEntry, "method" | "url" | "operationId">) {
  const path = pathOf(url);
  const isPath = path === explorerPath || path === eventsPath || assets.has(path.replace("/Explorer/", ""));
  return operationId === undefined && (method === "GET" || method === "HEAD") && isPath;
}

function pathOf(url: string): string {
  return (url.split("?", 1)[0] ?? "").replace(/\/+$/, "");
}

function findPage(path: string, feed: LiveFeed, { operations }: GatewayFacts): Page | undefined {
  switch (path) {
    case "":
      return { isPublic: true, answer: () => fileAnswer("html", rootPage) };
    case "/Explorer":
    case "/explorer":
      return { isPublic: true, answer: () => redirectAnswer(explorerPath) };
    case explorerPath:
      return { isPublic: false, answer: () => fileAnswer("html", explorerPage(operations)) };
    case eventsPath:
      return { isPublic: false, answer: () => eventsAnswer(feed) };
  }
  const name = path.replace("/Explorer/", "");
  const kind = assets.get(name);
  return kind && { isPublic: false, answer: () => fileAnswer(kind, readPageFile(name)) };
}

function fileAnswer(kind: keyof typeof contentTypes, text: string): Answer {
  return {
    ...okAnswer(),
    headers: { "Content-Type": contentTypes[kind], ...headers },
    body: Buffer.from(text),
  };
}

function eventsAnswer(feed: LiveFeed): Answer {
  return {
    ...okAnswer(),
    headers: { "Content-Type": "text/event-stream", ...headers },
    stream: (response) => feed.follow(response),
  };
}

/** The style of the only page that cannot load a file, because its reader is not authenticated. */
const style =
  "body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem;color-scheme:light dark}code{background:#8883;padding:.1em .3em;border-radius:4px}";
const styleHash = createHash("sha256").update(style).digest("base64");

/** Explains to a browser, which shows JSON or an empty page otherwise, why it is not let in. The status stays that of a cluster. */
export function explainRefusal(answer: Answer, message: string): Answer {
  const policy = `default-src 'none'; style-src 'sha256-${styleHash}'; img-src data:; frame-ancestors 'none'`;
  const text = answer.status === 401 ? tokenText : certificateText;
  const page = html`<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Sign in: image store emulator</title><link rel="icon" href="data:,"><style>${new Html(style)}</style></head>
<body><main>${text}<p><small>The emulator answered ${answer.status}: ${message}</small></p></main></body></html>`;
  return {
    ...answer,
    headers: {
      ...answer.headers,
      ...headers,
      "Content-Type": contentTypes.html,
      "Content-Security-Policy": policy,
    },
    body: Buffer.from(`<!doctype html>\n${page}\n`),
  };
}

const tokenText = html`<h1>This emulator requires a bearer token</h1>
<p>A browser sends no bearer token when it opens a page, so the explorer cannot be opened like this. Do one of these:</p>
<ul><li>Start the emulator without <code>--bearer-token-file</code> and <code>--bearer-audience</code>, and reload this page.</li>
<li>Let a browser extension add the header <code>Authorization: Bearer</code> with a token to the requests for this address.</li>
<li>Look at the store with the command line: <code>SF_TOKEN=... sf-image-store tree</code></li></ul>`;

const certificateText = html`<h1>This emulator requires a client certificate</h1>
<p>Import a client certificate with its private key into your browser, usually as a .p12 or .pfx file. Then restart the browser, reload
this page, and choose the certificate. It must be issued by an authority in the file of <code>--client-ca</code>.</p>
<p>To look at the store without a browser: <code>sf-image-store tree --pem client.pem</code></p>`;

/** Some clients request `/` to check whether this is a cluster. */
const rootPage = `<!doctype html>
${html`<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Image store emulator</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/Explorer/explorer.css"></head>
<body class="root"><main><h1>Service Fabric image store emulator</h1>
<p><a href="${explorerPath}">Open the explorer</a></p></main></body></html>`}
`;

function explorerPage(operations: GatewayFacts["operations"]): string {
  return readPageFile("index.html").replace("<!-- API reference -->", () =>
    String(referenceView(operations)),
  );
}

function readPageFile(name: string): string {
  return readFileSync(new URL(`page/${name}`, import.meta.url), "utf8");
}
