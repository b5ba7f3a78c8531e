import { dirname, join } from "node:path/posix";

/** A page whose links are still those of the repository. */
interface LinkingPage {
  readonly address: string;
  readonly markdown: string;
  readonly file?: string;
  readonly linksFrom?: string;
}

/**
 * Turns links between files of the repository into links between pages of the site, and removes comments. Links to other files
 * lead to `sourceOf(file)`.
 *
 * @param sourceOf The address of a file of the repository that is no page; undefined if there is no such file.
 * @returns The text of each page by its address, and a problem for each link that leads to no page.
 */
export function withSiteLinks(
  pages: readonly LinkingPage[],
  sourceOf: (file: string) => string | undefined,
): {
  readonly texts: ReadonlyMap<string, string>;
  readonly problems: readonly string[];
} {
  const addresses = new Map<string, string>();
  for (const { address, file } of pages) {
    if (file === undefined) continue;
    addresses.set(file, address);
    if (file.endsWith("/README.md")) addresses.set(dirname(file), address);
  }
  const problems: string[] = [];
  const resolve = (page: LinkingPage, target: string): string => {
    const { linksFrom } = page;
    if (linksFrom === undefined || target.startsWith("#") || /^[a-z]+:/.test(target)) return target;
    const [path = "", anchor] = target.split("#");
    const linked = join(linksFrom, path).replace(/\/$/, "");
    const address = addresses.get(linked);
    const source = address === undefined ? sourceOf(linked) : undefined;
    if (source !== undefined) return source;
    if (address === undefined) {
      problems.push(`${page.file ?? page.address}: the link ${target} leads to no page of the site.`);
      return target;
    }
    return `/${address.replace(/(^|\/)index$/, "$1")}${anchor === undefined ? "" : `#${anchor}`}`;
  };
  const texts = new Map(
    pages.map((page) => [
      page.address,
      outsideCode(page.markdown, (text) =>
        text
          .replaceAll(/<!--[\s\S]*?-->/g, "")
          .replaceAll(/\]\(([^)\s]+)\)/g, (_, target: string) => `](${resolve(page, target)})`),
      ),
    ]),
  );
  return { texts, problems };
}

/** Changes the text outside of code blocks. */
function outsideCode(markdown: string, change: (text: string) => string): string {
  return markdown
    .split(/^(```[\s\S]*?^```$)/m)
    .map((part, index) => (index % 2 === 0 ? change(part) : part))
    .join("");
}

/** The text of the heading of level 1, without formatting. */
export function titleOf(markdown: string): string {
  const title = /^# (.+)$/m.exec(markdown)?.[1];
  if (title === undefined) throw new Error(`A page has no heading of level 1: ${markdown.slice(0, 80)}`);
  return title.replaceAll("`", "");
}

/** The sections of the README that the navigation of the site replaces. */
const replacedSections = new Set(["Guides", "Packages"]);

/** The home page: what the project is, and the README without what the site has elsewhere. */
export function homePage(readme: string): string {
  const [, introduction = "", ...sections] = readme.split(/^#{1,2} /m);
  const kept = sections.filter((section) => !replacedSections.has(section.split("\n")[0] ?? ""));
  const comparison = introduction.slice(introduction.indexOf("|")).trim();
  return [
    frontMatter,
    `## How it compares\n\n${comparison}\n`,
    ...kept.map((section) => `## ${section}`),
  ].join("\n");
}

const frontMatter = `---
layout: home
title: sf-image-store
titleTemplate: Deploy to Service Fabric
hero:
  name: sf-image-store
  text: Deploy to Service Fabric. Resume after failures.
  tagline: Uploads only the missing bytes, upgrades the application, and succeeds only if the new version is healthy. For Linux, macOS and Windows.
  actions:
    - theme: brand
      text: Try it without a cluster
      link: /guides/try-without-a-cluster
    - theme: alt
      text: Connect to your cluster
      link: /guides/connecting
features:
  - title: Deploys
    details: One command uploads the package, creates or upgrades the application, and waits until it is healthy. The cluster rolls back an unhealthy version.
    link: /guides/deploying
  - title: Resumes and verifies
    details: After a failure, run the same command again within 30 minutes, on any machine. An upload succeeds only after the image store lists every file.
    link: /guides/recovering-from-failures
  - title: Secure
    details: Supports client certificates and Microsoft Entra ID. Verifies the server by certificate authority, thumbprint or common name.
    link: /guides/secure-clusters
  - title: Use it from code
    details: A typed client for Node.js and browsers, with progress, abort signals and every operation of the REST API.
    link: /packages/client
  - title: Emulator included
    details: Runs an image store on your machine that responds like a cluster and injects faults, for your own tests.
    link: /packages/emulator
  - title: Your own API
    details: openapi-contract generates types and a client from any OpenAPI or Swagger document, and checks examples and traffic against it.
    link: /packages/openapi-contract
---
`;
