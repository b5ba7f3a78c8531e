import { existsSync, mkdirSync, renameSync, statSync, utimesSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { FabricError, systemErrorCode } from "../wire/fabric-error.js";
import { type Clock, ticksOf } from "../wire/time.js";
import { Catalog, type StoredFile, VersionCounter } from "./catalog.js";
import { DiskNames } from "./disk-names.js";
import { Journal, type JournalChange, type JournalEntry, readJournal } from "./journal.js";
import { recover, toEntry } from "./recover.js";
import { type Platform, parseStorePath, type StorePath, separatorOf } from "./store-path.js";

/** How to store the content. */
export interface ContentOptions {
  readonly platform: Platform;
  readonly clock: Clock;
}

/** The journal is rewritten when it has this many more lines than files. */
const journalSlack = 10_000;

/** The committed files in `<location>/content/<store path>`, and their metadata in `<location>/index.jsonl`. */
export class Content {
  readonly #platform: Platform;
  readonly #clock: Clock;
  /** Absolute path of the folder that contains the files. */
  readonly root: string;
  readonly #names: DiskNames;
  readonly #catalog: Catalog;
  readonly #versions: VersionCounter;
  readonly #journal: Journal;

  private constructor(location: string, { platform, clock }: ContentOptions) {
    this.#platform = platform;
    this.#clock = clock;
    this.root = join(location, "content");
    this.#names = new DiskNames(this.root, platform);
    this.#catalog = new Catalog(separatorOf(platform));
    const file = join(location, "index.jsonl");
    const journal = readJournal(file);
    const first = { dataLoss: ticksOf(clock.now()), configuration: 0n, number: 0 };
    this.#versions = new VersionCounter(journal.version ?? first);
    // A start is like a failover to the only replica (protocol §2.9).
    this.#versions.beginEpoch();
    const recovered = { catalog: this.#catalog, names: this.#names, versions: this.#versions };
    recover(this.root, platform, journal, recovered);
    this.#journal = new Journal(file, this.#versions.current, this.#entries());
  }

  static async open(location: string, options: ContentOptions): Promise<Content> {
    const root = join(location, "content");
    await mkdir(root, { recursive: true });
    if (options.platform === "linux" && existsSync(join(location, "CONTENT"))) {
      throw new Error(
        `The disk of ${location} is not case-sensitive, but Linux gateways are. Choose a folder on a case-sensitive disk.`,
      );
    }
    return new Content(location, options);
  }

  /** @throws FabricError `E_INVALIDARG` if the path could lead outside the store. */
  parsePath(text: string): StorePath {
    return parseStorePath(text, this.#platform);
  }

  /** The empty file that marks a folder as complete and existing (protocol §6.1). */
  markOf(folder: StorePath): StorePath {
    return this.parsePath(`${folder.display}/_.dir`);
  }

  find(path: StorePath): StoredFile | undefined {
    return this.#catalog.get(path.key);
  }

  /** All files below a path, sorted by key, including files that are being replaced. All files for undefined. */
  below(path: StorePath | undefined): readonly StoredFile[] {
    return this.#catalog.below(path?.key);
  }

  wasWrittenBy(path: StorePath, sessionId: string): boolean {
    return this.#catalog.get(path.key)?.sessionId === sessionId;
  }

  /**
   * Moves a finished file to its path, and replaces an existing file atomically. If this fails, the old file stays
   * unchanged.
   */
  async replace(path: StorePath, finishedFile: string, sessionId?: string): Promise<void> {
    this.#refuseIfBlocked(path);
    const before = this.#catalog.get(path.key);
    const modifiedAt = Math.trunc(this.#clock.now());
    const session = sessionId === undefined ? {} : { sessionId };
    if (before !== undefined) {
      // Reject a path that leads outside before changing anything.
      this.resolve(path);
      this.#catalog.set({ ...before, stable: false });
    }
    try {
      // Other requests take their turn. As on a cluster, listings omit a file that is being replaced.
      await setImmediate();
      // Check again: the rest of this block is synchronous. For one file, waiting for the disk would take longer.
      this.#refuseIfBlocked(path);
      utimesSync(finishedFile, modifiedAt / 1000, modifiedAt / 1000);
      const { size } = statSync(finishedFile);
      // Resolve only now: meanwhile another write can have created a parent folder with another spelling, or a symbolic link.
      const diskPath = before?.diskPath ?? this.#names.place(path);
      const target = this.#names.resolve(diskPath);
      const entry = { path: path.display, version: this.#versions.next(), size, modifiedAt, ...session };
      this.#journal.append(entry);
      moveInto(finishedFile, target);
      this.#names.rememberParents(path, diskPath);
      this.#catalog.set({ ...entry, key: path.key, diskPath, stable: true });
    } catch (error) {
      this.#undo(path, before);
      throw error;
    }
    this.#tidyJournal();
  }

  /**
   * Removes a file or a folder. Does nothing if the path does not exist. First moves the bytes out of the store atomically, to
   * a path from `trash`.
   */
  async remove(path: StorePath, trash: () => string): Promise<void> {
    const file = this.#catalog.get(path.key);
    const isFolder = this.#catalog.hasBelow(path.key);
    if (file === undefined && !isFolder) return;
    const disk = file?.diskPath ?? this.#names.folder(path) ?? this.#names.place(path);
    const source = this.#names.resolve(disk);
    const target = trash();
    if (existsSync(source)) renameSync(source, target);
    this.#catalog.delete(path.key);
    if (file !== undefined) this.#remember({ removed: path.display });
    // Use one move and one journal line, because a folder can contain tens of thousands of files.
    this.#catalog.deleteBelow(path.key);
    if (isFolder) this.#remember({ removedBelow: path.display });
    this.#names.forget(path.key);
    this.#names.prune(path);
    await rm(target, { recursive: true, force: true });
    this.#tidyJournal();
  }

  /**
   * The absolute path on disk. The file does not have to exist.
   * @throws FabricError `E_INVALIDARG` if the path goes through a symbolic link, which can lead outside.
   */
  resolve(path: StorePath): string {
    return this.#names.resolve(this.#catalog.get(path.key)?.diskPath ?? this.#names.place(path));
  }

  /** Later writes get the versions of a new primary (protocol §2.9). */
  failOver(): void {
    this.#versions.beginEpoch();
    this.#tidyJournal(0);
  }

  /** Size of the index in bytes. */
  get indexSize(): number {
    return this.#journal.length;
  }

  close(): void {
    this.#journal.close();
  }

  /** Checked here and not by the file system, which can be case-sensitive. */
  #refuseIfBlocked({ key }: StorePath): void {
    if (this.#catalog.isBlocked(key)) throw new FabricError("FABRIC_E_IMAGESTORE_IOERROR");
  }

  #undo(path: StorePath, before: StoredFile | undefined): void {
    if (before === undefined) this.#catalog.delete(path.key);
    else this.#catalog.set(before);
    this.#remember(before === undefined ? { removed: path.display } : toEntry(before));
    this.#names.prune(path);
  }

  /** Appends a line. If that fails, the next start recovers the information from the disk. */
  #remember(change: JournalChange): void {
    try {
      this.#journal.append(change);
    } catch {
      // The disk is full, but the operation itself has succeeded.
    }
  }

  #tidyJournal(slack = journalSlack): void {
    if (this.#journal.lines <= 2 * this.#catalog.size + slack) return;
    try {
      this.#journal.rewrite(this.#versions.current, this.#entries());
    } catch {
      // The disk is full. Keep the old journal, because the write itself has succeeded.
    }
  }

  *#entries(): Generator<JournalEntry> {
    for (const file of this.#catalog.below(undefined)) yield toEntry(file);
  }
}

/** Creates the parent folders only if they are missing, because most files have siblings. */
function moveInto(file: string, target: string): void {
  try {
    renameSync(file, target);
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
    mkdirSync(dirname(target), { recursive: true });
    renameSync(file, target);
  }
}
