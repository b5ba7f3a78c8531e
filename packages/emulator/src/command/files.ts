import { readFile } from "node:fs/promises";
import { UsageError } from "./options.js";

/** What is in the file that an option names. @throws UsageError */
export async function read(option: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new UsageError(`${option}: cannot read ${file} (${reasonOf(error)}).`);
  }
}

/** The same as text, without the mark that Windows editors put in front of it. */
export async function readText(option: string, file: string): Promise<string> {
  return (await read(option, file)).toString("utf8").replace(/^\ufeff/, "");
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
