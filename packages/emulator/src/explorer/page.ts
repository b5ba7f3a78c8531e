import { createHash } from "node:crypto";
import type { ImageStore } from "../image-store.js";
import { separatorOf } from "../store/store-path.js";
import { type Answer, redirectAnswer } from "../wire/answers.js";
import { Html, html } from "./html.js";
import { referenceView } from "./reference-view.js";
import { sessionsView, treeView } from "./views.js";

const style = `
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
td, th { border-bottom: 1px solid #8884; padding: .3rem .6rem .3rem 0; text-align: left; vertical-align: top; }
td { overflow-wrap: anywhere; }
ul { list-style: none; margin: 0; padding-left: 1.2rem; }
summary { cursor: pointer; }
small, .none { color: #777; }
.bar { display: block; height: 12px; width: 100%; min-width: 12rem; }
.got { fill: #2a8a4a; }
.gap { fill: #d5d9e0; }
@media (prefers-color-scheme: dark) { .gap { fill: #454a52; } }
td:last-child { white-space: nowrap; }
.operation { margin: .4rem 0; }
nav a { margin-right: 1rem; }
`;

const styleHash = createHash("sha256").update(style).digest("base64");

/** The page cannot load, run, frame or send anything. The hash allows its own style sheet. */
const headers = {
  "Content-Type": "text/html; charset=utf-8",
  "Content-Security-Policy": `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-store",
};

/** Seconds between two loads of a page that refreshes itself. */
const refreshSeconds = 2;

/** On a cluster, this is the path of Service Fabric Explorer. */
export const explorerPath = "/Explorer/index.html";

/** A page for browsers. */
export interface Page {
  /** Whether the gateway serves it without authentication if Entra ID is configured (HG/ClusterManagementHandler.cpp, Initialize). */
  readonly isPublic: boolean;
  readonly answer: () => Answer;
}

/** Finds the page at a URL, or returns undefined. As with every other path, a trailing slash is allowed. */
export function createPages(store: ImageStore): (method: string, url: string) => Page | undefined {
  return (method, url) => {
    if (method !== "GET" && method !== "HEAD") return undefined;
    const [path = "", query = ""] = url.split("?", 2);
    switch (path.replace(/\/+$/, "")) {
      case "":
        return { isPublic: true, answer: () => pageAnswer(rootPage) };
      case "/Explorer":
      case "/explorer":
        return { isPublic: true, answer: () => redirectAnswer(explorerPath) };
      case explorerPath:
        // Unlike on a cluster, the page itself contains data of the store.
        return { isPublic: false, answer: () => pageAnswer(render(store, query === "live")) };
      default:
        return undefined;
    }
  };
}

function pageAnswer(page: Html): Answer {
  const body = Buffer.from(`<!doctype html>\n${page}`);
  return { status: 200, reason: "OK", code: "OK", headers, body };
}

/** Some clients request `/` to check whether this is a cluster. */
const rootPage = html`<html lang="en"><head><meta charset="utf-8"><title>Image store emulator</title></head>
<body><h1>Service Fabric image store emulator</h1><p><a href="${explorerPath}">Explorer</a></p></body></html>
`;

function render(store: ImageStore, isLive: boolean): Html {
  const { sessions, content, platform } = store;
  const files = content.below(undefined);
  const live = isLive
    ? html`<a href="${explorerPath}">Stop refreshing</a>`
    : html`<a href="${explorerPath}?live">Refresh every ${refreshSeconds} s</a>`;
  const refresh = isLive ? html`<meta http-equiv="refresh" content="${refreshSeconds}">` : html``;
  return html`<html lang="en"><head><meta charset="utf-8">${refresh}
<meta name="viewport" content="width=device-width"><title>Image store emulator</title>
<style>${new Html(style)}</style></head><body>
<h1>Service Fabric image store emulator</h1>
<nav><a href="#sessions">Sessions</a><a href="#files">Files</a><a href="#api">API</a>${live}</nav>
<p>A ${platform} gateway; ${files.length} files in <code>${content.root}</code>.</p>
<h2 id="sessions">Upload sessions</h2>
${sessionsView(sessions.all())}
<h2 id="files">Files</h2>
${treeView(files, separatorOf(platform))}
<h2 id="api">API</h2>
${referenceView()}
</body></html>
`;
}
