import { appendFile, mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { oneLine } from "./escape.js";
import type { Environment, Output } from "./output.js";

/**
 * Adds Markdown to the summary page of the run in GitHub Actions or Azure Pipelines. Does nothing elsewhere. A summary that
 * cannot be written is only a warning.
 */
export async function addSummary(output: Output, environment: Environment, markdown: string): Promise<void> {
  try {
    const file = environment["GITHUB_STEP_SUMMARY"];
    const temporary = environment["AGENT_TEMPDIRECTORY"];
    if (environment["GITHUB_ACTIONS"] === "true" && file) {
      await appendFile(file, `${markdown}\n`);
    } else if (output.pipeline === "azure" && temporary) {
      // The agent uploads the file after the command, and deletes the folder after the job.
      const folder = await mkdtemp(join(temporary, "sf-image-store-"));
      const path = join(folder, "sf-image-store.md");
      await writeFile(path, `${markdown}\n`);
      output.uploadSummary(path);
    }
  } catch (error) {
    output.warn(`Could not write the summary: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Escapes external text for one line of Markdown, so that it can be neither markup nor a link. */
export function markdownText(text: string): string {
  return oneLine(text)
    .replaceAll(/[\\`*_[\]{}<>|~$&#@]/g, "\\$&")
    .replaceAll(/:(?=\/\/)/g, "\\:")
    .replaceAll(/\bwww\./gi, "www\\.");
}

/** The same for text with several lines. */
export function markdownLines(text: string): string {
  return text
    .split("\n")
    .map((line) => markdownText(line.trim()))
    .join("<br>");
}

/** A Markdown table. The cells must be escaped. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
