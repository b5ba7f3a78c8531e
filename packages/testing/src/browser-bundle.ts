import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type OutputChunk, rolldown } from "rolldown";

/** What the client weighs in a page, gzipped, and what it would ask of the page. */
export interface BrowserBundle {
  /** Bytes that a page loads with its own code. */
  readonly entryBytes: number;
  /** Bytes that the first upload loads beside those. */
  readonly laterBytes: number;
  /** What is imported and not in the bundle. */
  readonly imports: readonly string[];
}

/** Bundles an entry of the client as an application would for a browser: minified, split where the client splits. */
export async function bundleForBrowser(root: string, entry = "index.ts"): Promise<BrowserBundle> {
  const bundle = await rolldown({
    input: join(root, "packages/client/src", entry),
    platform: "browser",
    resolve: { conditionNames: ["@sf-image-store/source", "browser", "import"] },
    // As in an application, whose entry exports nothing: what all parts share stays in the entry.
    preserveEntrySignatures: "allow-extension",
    onwarn: () => {},
  });
  const { output } = await bundle.generate({ format: "esm", minify: true });
  const chunks = output.filter((each) => each.type === "chunk");
  const names = new Set(chunks.map(({ fileName }) => fileName));
  const imported = chunks.flatMap((chunk) => [...chunk.imports, ...chunk.dynamicImports]);
  const early = loadedAtOnce(chunks);
  return {
    entryBytes: gzipped(early),
    laterBytes: gzipped(chunks.filter((chunk) => !early.includes(chunk))),
    imports: imported.filter((name) => !names.has(name)),
  };
}

/** The entry with all that it imports statically. */
function loadedAtOnce(chunks: readonly OutputChunk[]): OutputChunk[] {
  const found = chunks.filter(({ isEntry }) => isEntry);
  for (const chunk of found) {
    const needed = chunks.filter((each) => chunk.imports.includes(each.fileName) && !found.includes(each));
    found.push(...needed);
  }
  return found;
}

function gzipped(chunks: readonly OutputChunk[]): number {
  return chunks.reduce((sum, { code }) => sum + gzipSync(code, { level: 9 }).length, 0);
}
