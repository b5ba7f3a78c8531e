import { readFileSync } from "node:fs";
import { defineConfig } from "vitepress";

/** What the site of VitePress needs to know about the pages. `build-site.ts` writes it as settings.json. */
export interface SiteSettings {
  readonly sidebar: readonly SidebarGroup[];
}

export interface SidebarGroup {
  readonly text: string;
  readonly items: readonly { readonly text: string; readonly link: string }[];
}

const settings: SiteSettings = JSON.parse(readFileSync(new URL("settings.json", import.meta.url), "utf8"));
const collapsed = new Set(["Packages", "Project", "Decisions"]);

/** The configuration of VitePress. The site loads nothing from other sites. */
export default defineConfig({
  title: "sf-image-store",
  description: "Upload application packages to the image store of a Service Fabric cluster.",
  lang: "en-US",
  cleanUrls: true,
  ...(process.env["DOCS_BASE"] === undefined ? {} : { base: process.env["DOCS_BASE"] }),
  cacheDir: ".vitepress/cache",
  head: [
    [
      "link",
      {
        rel: "icon",
        href: "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' rx='7' fill='%230f6cbd'/%3E%3Cpath d='M8 12h16M8 17h10M8 22h5' stroke='white' stroke-width='3' stroke-linecap='round'/%3E%3C/svg%3E",
      },
    ],
  ],
  markdown: { linkify: false, theme: { light: "github-light", dark: "github-dark" } },
  themeConfig: {
    nav: [
      { text: "Guides", link: "/guides/try-without-a-cluster", activeMatch: "/guides/" },
      { text: "Commands", link: "/reference/commands", activeMatch: "/reference/" },
      { text: "API", link: "/api/client/", activeMatch: "/api/" },
      { text: "REST", link: "/rest/", activeMatch: "/rest/" },
    ],
    sidebar: settings.sidebar.map(({ text, items }) => ({
      text,
      collapsed: collapsed.has(text) || text.startsWith("REST API"),
      items: items.map((item) => ({ ...item })),
    })),
    outline: { level: [2, 3] },
    search: { provider: "local" },
    externalLinkIcon: true,
    docFooter: { prev: "Previous", next: "Next" },
    footer: { message: "MIT license. Not affiliated with Microsoft." },
  },
});
