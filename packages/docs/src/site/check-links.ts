import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { type DefaultTreeAdapterTypes, parse } from "parse5";

interface SitePage {
  readonly ids: ReadonlySet<string>;
  readonly links: readonly string[];
  /** Scripts, styles and images. */
  readonly loads: readonly string[];
}

/** Finds broken links, and resources that the site would load from other sites. Returns one line each. */
export function checkLinks(folder: string): readonly string[] {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const names = files.filter((file) => file.endsWith(".html"));
  const pages = new Map(
    names.map((name) => [resolve(folder, name), readPage(readFileSync(join(folder, name), "utf8"))]),
  );
  return [...pages].flatMap(([file, { links, loads }]) => {
    const report = (what: string) => (target: string) => `${relative(folder, file)}: ${target} ${what}`;
    const missing = [...links, ...loads].filter((target) => isBroken(folder, pages, file, target));
    return [
      ...missing.map(report("is a broken link")),
      ...loads.filter(isForeign).map(report("is loaded from another site")),
    ];
  });
}

function isBroken(
  folder: string,
  pages: ReadonlyMap<string, SitePage>,
  from: string,
  target: string,
): boolean {
  if (isForeign(target) || /^(data|mailto):/.test(target)) return false;
  const [path = "", anchor = ""] = target.split("#").map(decodeURIComponent);
  const linked = path.startsWith("/") ? join(folder, path) : resolve(dirname(from), path);
  const candidates = path.endsWith("/") ? [join(linked, "index.html")] : [linked, `${linked}.html`];
  const file = path === "" ? from : candidates.find((candidate) => existsSync(candidate));
  if (file === undefined) return true;
  return anchor !== "" && pages.get(resolve(file))?.ids.has(anchor) !== true;
}

function isForeign(target: string): boolean {
  return /^(https?:)?\/\//.test(target);
}

function readPage(html: string): SitePage {
  const ids = new Set<string>();
  const links: string[] = [];
  const loads: string[] = [];
  for (const { tagName, attrs } of elementsOf(parse(html))) {
    const attribute = (name: string) => attrs.find((each) => each.name === name)?.value;
    const id = attribute("id");
    const target = attribute("href");
    const source = attribute("src");
    if (id !== undefined) ids.add(id);
    if (target !== undefined) (tagName === "link" ? loads : links).push(target);
    if (source !== undefined) loads.push(source);
  }
  return { ids, links, loads };
}

function* elementsOf(node: DefaultTreeAdapterTypes.Node): Generator<DefaultTreeAdapterTypes.Element> {
  if ("tagName" in node) yield node;
  if ("childNodes" in node) for (const child of node.childNodes) yield* elementsOf(child);
}
