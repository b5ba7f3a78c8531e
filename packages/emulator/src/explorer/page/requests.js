// The log of requests: the table with its filter, and the latest ones on the overview.

import { byId, counted, create, setChildren, setText, timeOfDay } from "./dom.js";

/** @import { LoggedRequest, NewRequests } from "../live-events.js" */

/** As many as the emulator remembers. */
const maxEntries = 500;
const maxLatest = 10;

const filter = byId("filter", HTMLInputElement);
const pause = byId("pause", HTMLButtonElement);

/** From old to new. @type {LoggedRequest[]} */
let entries = [];
/** What arrived during a pause. @type {LoggedRequest[]} */
let waiting = [];
let isPaused = false;
let isDrawing = false;
/** The entries up to this number were cleared. */
let clearedNumber = 0;
/** @type {WeakMap<LoggedRequest, HTMLTableRowElement>} */
const tableRows = new WeakMap();
/** @type {WeakMap<LoggedRequest, HTMLLIElement>} */
const latestItems = new WeakMap();

/** Starts over, because the connection is new, and perhaps the emulator. */
export function resetRequests() {
  entries = [];
  waiting = [];
}

/** @param {NewRequests} added */
export function addRequests({ entries: added, skipped }) {
  // Another emulator counts from 1 again.
  if ((added.at(-1)?.number ?? 0) < clearedNumber) clearedNumber = 0;
  const fresh = added.filter(({ number }) => number > clearedNumber);
  if (isPaused) waiting = [...waiting, ...fresh].slice(-maxEntries);
  else entries = [...(skipped > 0 ? [] : entries), ...fresh].slice(-maxEntries);
  drawSoon();
}

function drawSoon() {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    draw();
  });
}

/** Draws what is visible. Call it when another section is shown. */
export function drawRequests() {
  draw();
}

function draw() {
  setText(pause, isPaused ? (waiting.length > 0 ? `Resume (${waiting.length} new)` : "Resume") : "Pause");
  if (!byId("section-overview", HTMLElement).hidden) drawLatest();
  if (!byId("section-requests", HTMLElement).hidden) drawTable();
}

function drawLatest() {
  const latest = entries.slice(-maxLatest).reverse();
  setChildren(
    byId("latest", HTMLElement),
    latest.map((entry) => remembered(latestItems, entry, createLatest)),
  );
  byId("no-latest", HTMLElement).hidden = latest.length > 0;
}

function drawTable() {
  const shown = entries.filter(matches).reverse();
  setChildren(
    byId("log", HTMLElement),
    shown.map((entry) => remembered(tableRows, entry, createTableRow)),
  );
  const failed = entries.filter(isFailure).length;
  const isFiltered = shown.length < entries.length;
  const all = isFiltered
    ? `${shown.length} of ${counted(entries.length, "entry")}`
    : counted(entries.length, "entry");
  setText(byId("requests-summary", HTMLElement), `${all.replace("entrys", "entries")}, ${failed} failed`);
  byId("requests-panel", HTMLElement).hidden = shown.length === 0;
  byId("no-requests", HTMLElement).hidden = shown.length > 0;
  setText(
    byId("no-requests-title", HTMLElement),
    entries.length === 0 ? "No requests yet" : "No request matches",
  );
  const hint = "Requests appear here when they end. Requests for this page are not shown.";
  setText(
    byId("no-requests-text", HTMLElement),
    entries.length === 0 ? hint : "Change the filter to see others.",
  );
}

/**
 * @template {WeakKey} Key
 * @template Value
 * @param {WeakMap<Key, Value>} map
 * @param {Key} key
 * @param {(key: Key) => Value} make
 */
function remembered(map, key, make) {
  const found = map.get(key) ?? make(key);
  map.set(key, found);
  return found;
}

/** @param {LoggedRequest} entry */
function matches(entry) {
  const kind = document.querySelector('input[name="kind"]:checked')?.getAttribute("value");
  if (kind === "failed" && !isFailure(entry)) return false;
  if (kind === "faults" && !isFault(entry)) return false;
  const text = [entry.method, readable(entry.url), entry.operationId, entry.status, entry.code].join(" ");
  return text.toLowerCase().includes(filter.value.trim().toLowerCase());
}

/** A fault is an entry of its own. @param {LoggedRequest} entry */
function isFault({ durationMs }) {
  return durationMs === undefined;
}

/** @param {LoggedRequest} entry */
function isFailure(entry) {
  return !isFault(entry) && (entry.status === undefined || entry.status >= 400);
}

/** @param {LoggedRequest} entry */
function nameOf(entry) {
  return isFault(entry) ? "Injected fault" : (entry.operationId ?? "No operation");
}

/** @param {LoggedRequest} entry */
function outcomeOf(entry) {
  if (isFault(entry)) return { kind: "fault", text: entry.code };
  if (entry.status === undefined) return { kind: "broken", text: "No response" };
  const kind = entry.status >= 500 ? "broken" : entry.status >= 400 ? "refused" : "good";
  return { kind, text: `${entry.status} ${entry.code}` };
}

/** @param {LoggedRequest} entry */
function createTableRow(entry) {
  const { at, method, url, contentRange, durationMs } = entry;
  const { kind, text } = outcomeOf(entry);
  const [path = "", query] = readable(url).split("?", 2);
  const target = create("code", { title: url }, path);
  if (query !== undefined) target.append(create("span", { class: "query" }, `?${query}`));
  const name = create("span", { class: "operation-id" }, nameOf(entry));
  const request = create("td", { class: "request" }, name, target);
  const duration =
    durationMs === undefined ? "" : `${durationMs < 10 ? durationMs.toFixed(1) : Math.round(durationMs)} ms`;
  return create(
    "tr",
    {},
    create("td", { class: "time" }, timeOfDay(at)),
    create("td", {}, create("span", { class: "method", "data-method": method }, method)),
    request,
    create("td", { class: "range" }, contentRange ?? ""),
    create(
      "td",
      { class: "response" },
      create("span", { class: "outcome", "data-outcome": kind }, ...breakable(text)),
    ),
    create("td", { class: "number duration" }, duration),
  );
}

/**
 * A text that can break after underscores.
 * @param {string} text
 */
function breakable(text) {
  return text.split(/(?<=_)/).flatMap((part) => [part, create("wbr")]);
}

/** @param {LoggedRequest} entry */
function createLatest(entry) {
  const { at, method, url } = entry;
  const { kind, text } = outcomeOf(entry);
  const path = readable(url).split("?", 1)[0] ?? "";
  return create(
    "li",
    {},
    create("span", { class: "method", "data-method": method }, method),
    create("span", { class: "operation-id" }, nameOf(entry)),
    create("span", { class: "outcome", "data-outcome": kind, title: text }, text),
    create("code", { title: url }, path),
    create("span", { class: "time" }, timeOfDay(at).slice(0, 8)),
  );
}

/**
 * A URL with its escapes decoded, if that is possible.
 * @param {string} url
 */
function readable(url) {
  try {
    return decodeURI(url);
  } catch {
    return url;
  }
}

filter.addEventListener("input", drawSoon);
for (const choice of document.querySelectorAll('input[name="kind"]'))
  choice.addEventListener("change", drawSoon);
pause.addEventListener("click", () => {
  isPaused = !isPaused;
  pause.setAttribute("aria-pressed", String(isPaused));
  entries = [...entries, ...waiting].slice(-maxEntries);
  waiting = [];
  draw();
});
byId("clear", HTMLElement).addEventListener("click", () => {
  clearedNumber = Math.max(clearedNumber, entries.at(-1)?.number ?? 0, waiting.at(-1)?.number ?? 0);
  resetRequests();
  draw();
});
