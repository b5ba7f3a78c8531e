import { tmpdir } from "node:os";

/** The system's error for a full disk does not say which. Everything else is left as it is. */
export function toldFullDisk(error: unknown, place: string): unknown {
  const isFull =
    error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
  return isFull ? new Error(`${place} cannot be written: ${error.message}.`, { cause: error }) : error;
}

/** The folder for temporary files, and how to have another one. */
export function temporaryPlace(platform = process.platform): string {
  const variable = platform === "win32" ? "TEMP" : "TMPDIR";
  return `The compressed copy in ${tmpdir()} (the variable ${variable} names another folder)`;
}
