import { mkdir, stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "@commander-js/extra-typings";
import { InvalidArgumentError } from "commander";
import { examples, type Perform } from "../command-line/command.js";
import type { Cli } from "../connection/cli.js";
import { UsageError } from "../errors/errors.js";
import { oneLine } from "../output/escape.js";
import { countText, sizeText } from "../output/units.js";
import type { Level } from "../packing/write-package.js";
import { translateInputError } from "../upload/messages.js";
import { addSelectionFlags, type SelectionFlags } from "../upload/patterns.js";
import { findSource, readDirectory } from "../upload/source.js";

export const isOffline = true;

const levels: readonly Level[] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

export function declare(command: Command, perform: Perform): void {
  const declared = command
    .argument("<dir>", "directory of an application package; it is not modified")
    .option("--to <path>", "path of the result (default: <dir>-packed, or <dir>.sfpkg)")
    .option("--sfpkg", "create one .sfpkg file instead of a directory")
    .option("--level <number>", "compression level, 0 (none) to 9 (best)", parseLevel, 6)
    .option("--force", "overwrite an earlier result");
  addSelectionFlags(declared)
    .addHelpText("after", examples("pack ./ShopPkg", "pack ./ShopPkg --sfpkg --to out/Shop.sfpkg"))
    .action((directory, options, self) => perform(self, (cli) => pack(cli, directory, options)));
}

interface PackOptions extends SelectionFlags {
  readonly to?: string | undefined;
  readonly sfpkg?: true | undefined;
  readonly level: Level;
  readonly force?: true | undefined;
}

async function pack(cli: Cli, directory: string, options: PackOptions): Promise<void> {
  const { output, signal } = cli;
  const { level, sfpkg, force } = options;
  const [
    { nothingToCompressText, planArchive, planPacking, requireApplicationPackage },
    { writeOutputTarget, checkOutputTarget },
  ] = await Promise.all([import("../packing/plan.js"), import("../packing/write-package.js")]);
  const { form } = await findSource(directory, { ...options, unpack: false });
  if (form !== "directory") throw new UsageError(`pack requires a directory, but ${directory} is not one.`);
  output.status(`Packing ${directory}`);
  const content = await readDirectory(cli, directory, options).catch((error: unknown) => {
    throw translateInputError(error);
  });
  requireApplicationPackage(directory, content);
  const wanted = options.to ?? `${resolve(directory)}${sfpkg ? ".sfpkg" : "-packed"}`;
  const place = await checkOutputTarget(directory, wanted, force === true);
  const plan = planPacking(content);
  if (!sfpkg && plan.archives.length === 0) output.note(nothingToCompressText);
  const archives: string[] = [];
  let bytes = 0;
  await writeOutputTarget(place, async (unfinished) => {
    if (sfpkg) {
      const { writeArchive } = await import("../packing/write-package.js");
      await writeArchive(unfinished, planArchive("", content), level, signal);
      bytes = (await stat(unfinished)).size;
      return;
    }
    const { writeCopy } = await import("../packing/write-package.js");
    await mkdir(unfinished);
    bytes = plan.unarchived.reduce((sum, { size }) => sum + size, 0);
    const onArchive = (path: string, size: number) => {
      archives.push(path);
      bytes += size;
      output.detail(`${oneLine(path)}: ${sizeText(size)}`, { archive: path, bytes: size });
    };
    await writeCopy(plan, unfinished, { level, signal, onArchive });
  });
  const sourceBytes = content.files.reduce((sum, { size }) => sum + size, 0);
  const files = content.files.length;
  output.result(
    { path: place.path, kind: sfpkg ? "sfpkg" : "folder", files, sourceBytes, bytes, archives },
    `${place.path}: ${countText(files, "file")}, ${sizeText(sourceBytes)} packed into ${sizeText(bytes)}`,
  );
}

function parseLevel(text: string): Level {
  const level = levels.find((known) => String(known) === text);
  if (level === undefined) throw new InvalidArgumentError("Use a whole number from 0 to 9.");
  return level;
}
