import type { StoredFile } from "../store/catalog.js";
import { type Html, html } from "./html.js";
import { bytes } from "./units.js";

/** More files than this are counted, not shown: a page is for people. */
const mostFiles = 2000;

interface Folder {
  readonly folders: Map<string, Folder>;
  readonly files: StoredFile[];
}

/** The committed files as a tree that folds. */
export function treeView(files: readonly StoredFile[], separator: string): Html {
  if (files.length === 0) return html`<p class="none">The image store is empty.</p>`;
  const root: Folder = newFolder();
  for (const file of files.slice(0, mostFiles)) {
    const names = file.path.split(separator).slice(0, -1);
    names.reduce(subFolder, root).files.push(file);
  }
  const hidden = files.length - mostFiles;
  const more = hidden > 0 ? html`<p class="none">and ${hidden} more files</p>` : html``;
  return html`${contents(root, separator)}${more}`;
}

function newFolder(): Folder {
  return { folders: new Map(), files: [] };
}

function subFolder(parent: Folder, name: string): Folder {
  const folder = parent.folders.get(name) ?? newFolder();
  parent.folders.set(name, folder);
  return folder;
}

function contents({ folders, files }: Folder, separator: string): Html {
  const inside = [...folders].map(
    ([name, folder]) =>
      html`<li><details open><summary>${name}</summary>${contents(folder, separator)}</details></li>`,
  );
  const here = files.map(({ path, size, modifiedAt, version }) => {
    const name = path.slice(path.lastIndexOf(separator) + 1);
    const facts = `${bytes(size)}, version ${version.number}, ${new Date(modifiedAt).toISOString()}`;
    return html`<li>${name} <small>${facts}</small></li>`;
  });
  return html`<ul>${inside}${here}</ul>`;
}
