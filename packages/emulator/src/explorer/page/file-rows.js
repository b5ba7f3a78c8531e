// The elements of the rows in the tree of files.

import { bytes, counted, create, dateTime, icon, setAttribute, setText } from "./dom.js";

/** @import { Row } from "./file-tree.js" */

/** @param {Row} row */
export function createRow({ kind, key }) {
  const row = create("div", { class: `tree-row ${kind}`, role: "treeitem", tabindex: -1 });
  row.dataset["key"] = key;
  const name = create("span", { class: "label" });
  if (kind === "more") {
    row.append(name);
    return row;
  }
  const remove = create(
    "button",
    { class: "icon-button remove", type: "button", tabindex: -1 },
    icon("trash"),
  );
  row.append(
    create(
      "span",
      { class: "entry" },
      ...(kind === "folder" ? [icon("chevron")] : []),
      icon(kind),
      name,
      create("span", { class: "contains" }),
    ),
    create("span", { class: "size" }),
    create("span", { class: "modified" }),
    create("span", { class: "version" }),
    remove,
  );
  return row;
}

/**
 * @param {HTMLElement} element
 * @param {Row} row
 * @param {string} query
 */
export function updateRow(element, row, query) {
  const { kind, name, path, level, position, siblings, isOpen, size, count, file } = row;
  element.style.setProperty("--level", String(level - 1));
  setAttribute(element, "aria-level", level);
  setAttribute(element, "aria-posinset", position);
  setAttribute(element, "aria-setsize", siblings);
  setAttribute(element, "aria-expanded", kind === "folder" ? String(isOpen) : undefined);
  const label = element.querySelector(".label");
  if (label === null) return;
  if (kind === "more") {
    setText(label, name);
    return;
  }
  setMarkedText(label, name, query);
  setAttribute(label, "title", path);
  const [, sizeText, modified, version, remove] = element.children;
  if (sizeText === undefined || modified === undefined || version === undefined || remove === undefined)
    return;
  setText(sizeText, bytes(size));
  const contains = element.querySelector(".contains");
  if (contains !== null) setText(contains, file === undefined ? counted(count, "file") : "");
  setText(modified, file === undefined ? "" : dateTime(file.modifiedAt));
  setText(version, file === undefined ? "" : String(file.version));
  setAttribute(remove, "aria-label", `Delete ${path}`);
  const about = file === undefined ? `folder, ${counted(count, "file")}` : "file";
  setAttribute(element, "aria-label", `${name}, ${about}, ${bytes(size)}`);
}

/**
 * Shows where a name contains the text that was searched for.
 * @param {Element} label
 * @param {string} name
 * @param {string} query
 */
function setMarkedText(label, name, query) {
  const at = query === "" ? -1 : name.toLowerCase().indexOf(query.toLowerCase());
  if (at < 0) {
    if (label.childElementCount > 0 || label.textContent !== name) label.textContent = name;
    return;
  }
  const end = at + query.length;
  label.replaceChildren(name.slice(0, at), create("mark", {}, name.slice(at, end)), name.slice(end));
}
