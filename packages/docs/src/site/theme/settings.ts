/** What the site of VitePress needs to know about the pages. `build-site.ts` writes it as settings.json. */
export interface SiteSettings {
  readonly sidebar: readonly SidebarGroup[];
}

export interface SidebarGroup {
  readonly text: string;
  readonly items: readonly { readonly text: string; readonly link: string }[];
}
