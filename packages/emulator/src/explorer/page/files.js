// The tree of files: drawing, search and keyboard (the tree pattern of the ARIA Authoring Practices Guide).

import { askToDelete } from "./delete-dialog.js";
import { byId, bytes, counted, digits, setChildren, setText } from "./dom.js";
import { createRow, updateRow } from "./file-rows.js";
import { FileTree } from "./file-tree.js";

/** @import { FileChanges, StoreFacts } from "../live-events.js" */
/** @import { Row } from "./file-tree.js" */

const tree = byId("tree", HTMLElement);
const search = byId("search", HTMLInputElement);

/** @type {StoreFacts | undefined} */
let facts;
let files = new FileTree("\\", true);
/** Open folders by key, and while searching the closed ones. @type {Set<string>} */
const open = new Set();
/** @type {Set<string>} */
const closedInSearch = new Set();
/** How many pages of large folders are shown. @type {Map<string, number>} */
const pages = new Map();
/** @type {Row[]} */
let rows = [];
/** @type {Map<string, HTMLElement>} */
const elements = new Map();
/** The one row that Tab reaches. */
let activeKey = "";
let isLoaded = false;
let isDrawing = false;
let isVisible = false;

/**
 * Starts over, because the connection is new.
 * @param {StoreFacts} newFacts
 */
export function resetFiles(newFacts) {
  facts = newFacts;
  isLoaded = false;
  files = new FileTree(newFacts.separator, newFacts.platform === "windows");
}

/** @param {FileChanges} changes */
export function changeFiles({ removed, written }) {
  for (const path of removed) files.remove(path);
  for (const file of written) files.write(file);
  // A store with one package shows what is in it.
  if (!isLoaded) for (const { key } of onlyChildren()) open.add(key);
  isLoaded = true;
  drawSoon();
}

function* onlyChildren() {
  let folder = files.root;
  while (folder.folders.size === 1 && folder.files.size === 0) {
    for (const only of folder.folders.values()) folder = only;
    yield folder;
  }
}

/** @param {boolean} visible */
export function setFilesVisible(visible) {
  isVisible = visible;
  if (visible) draw();
}

function drawSoon() {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    draw();
  });
}

function draw() {
  const { count, size } = files.root;
  setText(byId("count-files", HTMLElement), isLoaded ? digits(count) : "");
  if (!isVisible || !isLoaded) return;
  const query = search.value.trim();
  const shown = query === "" ? files : files.matching(query);
  const isOpen = query === "" ? open.has.bind(open) : (/** @type {string} */ key) => !closedInSearch.has(key);
  rows = shown.rows(isOpen, (key) => pages.get(key) ?? 1);
  const summary = `${counted(count, "file")}, ${bytes(size)}`;
  const found = `${digits(shown.root.count)} of ${counted(count, "file")}`;
  setText(byId("files-summary", HTMLElement), query === "" ? summary : found);
  byId("files-toolbar", HTMLElement).hidden = count === 0;
  byId("files-panel", HTMLElement).hidden = rows.length === 0;
  byId("no-files", HTMLElement).hidden = rows.length > 0;
  setText(byId("no-files-title", HTMLElement), count === 0 ? "The image store is empty" : "No path matches");
  const hint = count === 0 ? "Committed files appear here at once." : `No path contains “${query}”.`;
  setText(byId("no-files-text", HTMLElement), hint);
  drawRows(query);
}

/** @param {string} query */
function drawRows(query) {
  const hadFocus = tree.contains(document.activeElement);
  const activeElement = elements.get(activeKey);
  const index = activeElement === undefined ? 0 : Math.max(0, [...tree.children].indexOf(activeElement));
  const keys = new Set(rows.map(({ key }) => key));
  for (const key of elements.keys()) if (!keys.has(key)) elements.delete(key);
  const wanted = rows.map((row) => {
    const element = elements.get(row.key) ?? createRow(row);
    elements.set(row.key, element);
    updateRow(element, row, query);
    return element;
  });
  setChildren(tree, wanted);
  // If the row is gone, the one that took its place is next.
  const active = rows.find(({ key }) => key === activeKey) ?? rows[Math.min(index, rows.length - 1)];
  activate(active, hadFocus);
}

/**
 * @param {Row | undefined} row
 * @param {boolean} isFocused
 */
function activate(row, isFocused) {
  elements.get(activeKey)?.setAttribute("tabindex", "-1");
  if (row === undefined) return;
  activeKey = row.key;
  const element = elements.get(row.key);
  element?.setAttribute("tabindex", "0");
  if (isFocused && document.activeElement !== element) element?.focus();
}

/** @param {Row} row */
function toggle({ kind, key, path }) {
  if (kind === "more") {
    const folder = path === "" ? files.root : files.folderAt(path);
    if (folder !== undefined) pages.set(folder.key, (pages.get(folder.key) ?? 1) + 1);
  }
  if (kind === "folder") {
    const changed = search.value.trim() === "" ? open : closedInSearch;
    if (!changed.delete(key)) changed.add(key);
  }
  draw();
}

/** @param {Row} row */
function askToDeleteRow({ kind, path }) {
  if (facts === undefined || kind === "more") return;
  const isFolder = kind === "folder";
  const { count, size } = (isFolder ? files.folderAt(path) : undefined) ?? { count: 1, size: 0 };
  const what = `${counted(count, "file")} (${bytes(size)})`;
  askToDelete({
    title: isFolder ? "Delete this folder?" : "Delete this file?",
    path,
    consequence: isFolder ? `This deletes ${what}. You cannot undo it.` : "You cannot undo this.",
    url: contentUrl(path, facts),
  });
}

/**
 * Windows gateways decode a path twice.
 * @param {string} path
 * @param {StoreFacts} facts
 */
function contentUrl(path, { separator, platform, apiVersionMax }) {
  const encode = (/** @type {string} */ name) =>
    platform === "windows" ? encodeURIComponent(encodeURIComponent(name)) : encodeURIComponent(name);
  const names = path.split(separator).map(encode);
  return `/ImageStore/${names.join("/")}?api-version=${apiVersionMax}`;
}

tree.addEventListener("click", ({ target }) => {
  if (!(target instanceof Element)) return;
  const key = target.closest("[data-key]")?.getAttribute("data-key");
  const row = rows.find((each) => each.key === key);
  if (row === undefined) return;
  activate(row, true);
  if (target.closest(".remove") !== null) askToDeleteRow(row);
  else toggle(row);
});

tree.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const index = rows.findIndex(({ key }) => key === activeKey);
  const row = rows[index];
  if (row === undefined || !performKey(event.key, row, index)) return;
  event.preventDefault();
});

/**
 * @param {string} key
 * @param {Row} row
 * @param {number} index
 * @returns {boolean} Whether the key has a meaning.
 */
function performKey(key, row, index) {
  const isFolder = row.kind === "folder";
  /** @param {number} to */
  const go = (to) => activate(rows[Math.max(0, Math.min(to, rows.length - 1))], true);
  if (key === "ArrowDown") go(index + 1);
  else if (key === "ArrowUp") go(index - 1);
  else if (key === "Home") go(0);
  else if (key === "End") go(rows.length - 1);
  else if (key === "PageDown") go(index + 15);
  else if (key === "PageUp") go(index - 15);
  else if (key === "ArrowRight" && isFolder && !row.isOpen) toggle(row);
  else if (key === "ArrowRight" && isFolder) go(index + 1);
  else if (key === "ArrowLeft" && isFolder && row.isOpen) toggle(row);
  else if (key === "ArrowLeft") go(rows.findLastIndex(({ level }, at) => at < index && level < row.level));
  else if (key === "Enter" || key === " ") toggle(row);
  else if (key === "Delete") askToDeleteRow(row);
  else if (key.length === 1 && /\S/.test(key) && key !== "/") goToName(key, index);
  else return false;
  return true;
}

/**
 * Goes to the next row whose name starts with the letter.
 * @param {string} letter
 * @param {number} index
 */
function goToName(letter, index) {
  const others = [...rows.slice(index + 1), ...rows.slice(0, index)];
  const found = others.find(
    ({ name, kind }) => kind !== "more" && name.toLowerCase().startsWith(letter.toLowerCase()),
  );
  if (found !== undefined) activate(found, true);
}

search.addEventListener("input", () => {
  closedInSearch.clear();
  drawSoon();
});
search.addEventListener("keydown", ({ key }) => {
  if (key === "ArrowDown") elements.get(activeKey)?.focus();
});
document.addEventListener("keydown", (event) => {
  const isTyping = event.target instanceof HTMLInputElement;
  if (event.key !== "/" || isTyping || !isVisible || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  search.focus();
});
byId("expand-all", HTMLElement).addEventListener("click", () => {
  openBelow(files.root);
  closedInSearch.clear();
  draw();
});
byId("collapse-all", HTMLElement).addEventListener("click", () => {
  open.clear();
  for (const { kind, key } of rows) if (kind === "folder") closedInSearch.add(key);
  draw();
});

/** @param {typeof files.root} folder */
function openBelow(folder) {
  for (const child of folder.folders.values()) {
    open.add(child.key);
    openBelow(child);
  }
}
