import type { UploadSession } from "../sessions/session-table.js";
import type { StoredFile } from "../store/catalog.js";
import { bytes, type Html, html } from "./html.js";

/** The open sessions, each with a bar that shows which parts of its file have arrived. */
export function sessionsView(sessions: readonly UploadSession[]): Html {
  if (sessions.length === 0) return html`<p class="none">No upload session is open.</p>`;
  return html`<table>
<thead><tr><th>Path</th><th>Session</th><th>Size</th><th>Received</th><th>Last new chunk</th></tr></thead>
<tbody>${sessions.map(row)}</tbody>
</table>`;
}

function row(session: UploadSession): Html {
  const { id, path, ranges, modifiedAt } = session;
  const missing = ranges.expected().reduce((sum, { start, end }) => sum + end - start + 1n, 0n);
  const received = ranges.size === 0n ? "-" : `${percent(ranges.size - missing, ranges.size)} %`;
  return html`<tr><td>${path.text}</td><td><code>${id}</code></td><td>${bytes(ranges.size)}</td>
<td>${bar(session)} ${received}</td><td>${new Date(modifiedAt).toISOString()}</td></tr>`;
}

/** Width of a bar in SVG units: positions are exact to a tenth of a percent. */
const barWidth = 1000n;

function bar({ ranges, id }: UploadSession): Html {
  const gaps = ranges.size === 0n ? [] : ranges.expected();
  const label = gaps.map(({ start, end }) => `${start}-${end}`).join(", ");
  const parts = gaps.map(({ start, end }) => {
    const x = (start * barWidth) / ranges.size;
    const width = ((end + 1n) * barWidth) / ranges.size - x;
    return html`<rect class="gap" x="${String(x)}" y="0" height="12" width="${String(width < 2n ? 2n : width)}"/>`;
  });
  // The style sheet sets the colors, because the page forbids inline styles.
  return html`<svg class="bar" viewBox="0 0 ${String(barWidth)} 12" preserveAspectRatio="none" role="img"
 aria-label="Session ${id}: missing ${label === "" ? "nothing" : label}"><title>missing: ${label === "" ? "nothing" : label}</title>
<rect class="${ranges.size === 0n ? "gap" : "got"}" x="0" y="0" height="12" width="${String(barWidth)}"/>${parts}</svg>`;
}

function percent(part: bigint, whole: bigint): string {
  return String((part * 100n) / whole);
}

/** The page shows at most this many files, and the number of the others. */
const maxShownFiles = 2000;

interface Folder {
  readonly folders: Map<string, Folder>;
  readonly files: StoredFile[];
}

/** The committed files as a collapsible tree. */
export function treeView(files: readonly StoredFile[], separator: string): Html {
  if (files.length === 0) return html`<p class="none">The image store is empty.</p>`;
  const root: Folder = newFolder();
  for (const file of files.slice(0, maxShownFiles)) {
    const names = file.path.split(separator).slice(0, -1);
    names.reduce(subFolder, root).files.push(file);
  }
  const hidden = files.length - maxShownFiles;
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
