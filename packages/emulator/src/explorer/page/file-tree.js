// The files of the store as a tree, and the rows of it that are visible. Knows nothing about the page.

/** @import { FileState } from "../live-events.js" */

/** A folder shows this many entries at first, and as many more each time. */
const pageSize = 200;
/** The tree shows at most this many rows. */
const maxRows = 1000;

/** Below a tree that is cut off. @type {Row} */
const lastRow = {
  kind: "more",
  key: "more:all",
  name: "",
  path: "",
  level: 1,
  position: 1,
  siblings: 1,
  isOpen: false,
  size: 0,
  count: 0,
};

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/**
 * One visible row.
 * @typedef {object} Row
 * @property {"folder" | "file" | "more"} kind `more` stands for the entries of a folder that are not shown yet.
 * @property {string} key
 * @property {string} name
 * @property {string} path
 * @property {number} level From 1.
 * @property {number} position Among its siblings, from 1.
 * @property {number} siblings
 * @property {boolean} isOpen
 * @property {number} size
 * @property {number} count The files of a folder, or the entries behind `more`.
 * @property {FileState} [file]
 */

export class FileTree {
  /** @type {Map<string, FileState>} */
  #files = new Map();
  #separator;
  #ignoresCase;
  root;

  /**
   * @param {string} separator
   * @param {boolean} ignoresCase
   */
  constructor(separator, ignoresCase) {
    this.#separator = separator;
    this.#ignoresCase = ignoresCase;
    this.root = new Folder("", "", "");
  }

  /** @param {string} path */
  #fold(path) {
    return this.#ignoresCase ? path.toLowerCase() : path;
  }

  /** @param {FileState} file */
  write(file) {
    const before = this.#files.get(file.path);
    this.#files.set(file.path, file);
    const change = { size: file.size - (before?.size ?? 0), count: before === undefined ? 1 : 0 };
    const names = file.path.split(this.#separator);
    const name = names.pop() ?? "";
    let folder = this.root;
    folder.grow(change);
    for (const each of names) {
      folder = folder.subFolder(each, this.#separator, this.#fold(each));
      folder.grow(change);
    }
    folder.files.set(name, file);
    if (before === undefined) folder.sortedFiles = undefined;
  }

  /** @param {string} path */
  remove(path) {
    const file = this.#files.get(path);
    if (file === undefined) return;
    this.#files.delete(path);
    const names = path.split(this.#separator);
    const name = names.pop() ?? "";
    const folders = this.#foldersTo(names);
    for (const folder of folders) folder.grow({ size: -file.size, count: -1 });
    const last = folders.at(-1);
    last?.files.delete(name);
    if (last !== undefined) last.sortedFiles = undefined;
    for (const [index, parent] of folders.entries()) {
      const child = folders[index + 1];
      if (child?.count === 0) parent.removeFolder(this.#fold(child.name));
    }
  }

  /** @param {readonly string[]} names */
  #foldersTo(names) {
    const folders = [this.root];
    for (const name of names) {
      const next = folders.at(-1)?.folders.get(this.#fold(name));
      if (next !== undefined) folders.push(next);
    }
    return folders;
  }

  /**
   * The folder at a path that a row has.
   * @param {string} path
   */
  folderAt(path) {
    return this.#foldersTo(path.split(this.#separator)).at(-1);
  }

  /**
   * A tree of the files whose path contains the text, in any case.
   * @param {string} text
   */
  matching(text) {
    const wanted = text.toLowerCase();
    const found = new FileTree(this.#separator, this.#ignoresCase);
    for (const file of this.#files.values()) if (file.path.toLowerCase().includes(wanted)) found.write(file);
    return found;
  }

  /**
   * The rows of all open folders, folders before files.
   * @param {(key: string) => boolean} isOpen
   * @param {(key: string) => number} pagesOf How many pages of a folder are shown.
   */
  rows(isOpen, pagesOf) {
    /** @type {Row[]} */
    const rows = [];
    this.#addRows(rows, this.root, 1, isOpen, pagesOf);
    if (rows.length < maxRows) return rows;
    const name = `The tree shows ${maxRows} rows at most. Search to find others.`;
    rows.push({ ...lastRow, name });
    return rows;
  }

  /**
   * @param {Row[]} rows
   * @param {Folder} folder
   * @param {number} level
   * @param {(key: string) => boolean} isOpen
   * @param {(key: string) => number} pagesOf
   */
  #addRows(rows, folder, level, isOpen, pagesOf) {
    const [folders, files] = folder.sorted();
    const siblings = folders.length + files.length;
    const limit = pageSize * pagesOf(folder.key);
    let position = 0;
    for (const child of folders.slice(0, limit)) {
      position += 1;
      const { key, name, path, size, count } = child;
      const isChildOpen = isOpen(key);
      rows.push({
        kind: "folder",
        key,
        name,
        path,
        level,
        position,
        siblings,
        isOpen: isChildOpen,
        size,
        count,
      });
      if (isChildOpen) this.#addRows(rows, child, level + 1, isOpen, pagesOf);
      if (rows.length >= maxRows) return;
    }
    for (const [name, file] of files.slice(0, limit - position)) {
      if (rows.length >= maxRows) return;
      position += 1;
      const { path, size } = file;
      const key = `file:${path}`;
      rows.push({
        kind: "file",
        key,
        name,
        path,
        level,
        position,
        siblings,
        isOpen: false,
        size,
        count: 1,
        file,
      });
    }
    if (position === siblings) return;
    const count = siblings - position;
    const { key, path } = folder;
    const name = `Show ${Math.min(count, pageSize)} more of ${count.toLocaleString("en-US")}`;
    position += 1;
    rows.push({
      kind: "more",
      key: `more:${key}`,
      name,
      path,
      level,
      position,
      siblings,
      isOpen: false,
      size: 0,
      count,
    });
  }
}

class Folder {
  /** @type {Map<string, Folder>} */
  folders = new Map();
  /** @type {Map<string, FileState>} */
  files = new Map();
  size = 0;
  count = 0;
  /** @type {readonly Folder[] | undefined} */
  sortedFolders;
  /** @type {readonly (readonly [name: string, file: FileState])[] | undefined} */
  sortedFiles;

  /**
   * @param {string} name
   * @param {string} path
   * @param {string} key
   */
  constructor(name, path, key) {
    this.name = name;
    this.path = path;
    this.key = key;
  }

  /** @param {{ size: number, count: number }} change */
  grow({ size, count }) {
    this.size += size;
    this.count += count;
  }

  /**
   * @param {string} name
   * @param {string} separator
   * @param {string} folded The name as it is compared.
   */
  subFolder(name, separator, folded) {
    const found = this.folders.get(folded);
    if (found !== undefined) return found;
    const path = this.path === "" ? name : this.path + separator + name;
    const created = new Folder(name, path, `${this.key}${separator}${folded}`);
    this.folders.set(folded, created);
    this.sortedFolders = undefined;
    return created;
  }

  /** @param {string} folded */
  removeFolder(folded) {
    this.folders.delete(folded);
    this.sortedFolders = undefined;
  }

  /** The folders and the files, sorted by name. */
  sorted() {
    this.sortedFolders ??= [...this.folders.values()].sort((left, right) =>
      collator.compare(left.name, right.name),
    );
    this.sortedFiles ??= [...this.files.entries()].sort(([left], [right]) => collator.compare(left, right));
    // A replaced file keeps its place.
    const files = this.sortedFiles.map(
      ([name, file]) => /** @type {const} */ ([name, this.files.get(name) ?? file]),
    );
    return /** @type {const} */ ([this.sortedFolders, files]);
  }
}
