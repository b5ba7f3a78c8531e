import type { UploadSession } from "../sessions/session-table.js";
import { type Html, html } from "./html.js";
import { bytes } from "./units.js";

/** The live sessions, each with a bar that shows which parts of its file have arrived. */
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

/** Width of a bar in its own units: enough for every part to be placed to a tenth of a percent. */
const barWidth = 1000n;

function bar({ ranges, id }: UploadSession): Html {
  const gaps = ranges.size === 0n ? [] : ranges.expected();
  const label = gaps.map(({ start, end }) => `${start}-${end}`).join(", ");
  const parts = gaps.map(({ start, end }) => {
    const x = (start * barWidth) / ranges.size;
    const width = ((end + 1n) * barWidth) / ranges.size - x;
    return html`<rect class="gap" x="${String(x)}" y="0" height="12" width="${String(width < 2n ? 2n : width)}"/>`;
  });
  // Colours come from the style sheet: the page allows no inline style.
  return html`<svg class="bar" viewBox="0 0 ${String(barWidth)} 12" preserveAspectRatio="none" role="img"
 aria-label="Session ${id}: missing ${label === "" ? "nothing" : label}"><title>missing: ${label === "" ? "nothing" : label}</title>
<rect class="${ranges.size === 0n ? "gap" : "got"}" x="0" y="0" height="12" width="${String(barWidth)}"/>${parts}</svg>`;
}

function percent(part: bigint, whole: bigint): string {
  return String((part * 100n) / whole);
}
