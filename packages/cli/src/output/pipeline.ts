import type { Environment } from "../connection/environment.js";

/** The CI service that runs this process and understands commands in its log. */
export type Pipeline = "github" | "azure";

export function pipelineOf({ GITHUB_ACTIONS, TF_BUILD }: Environment): Pipeline | undefined {
  if (GITHUB_ACTIONS === "true") return "github";
  return TF_BUILD?.toLowerCase() === "true" ? "azure" : undefined;
}

/** A line that the service shows as a warning or an error of the step. */
export function issueLine(pipeline: Pipeline, kind: "warning" | "error", text: string): string {
  return pipeline === "github"
    ? `::${kind}::${escapeFor(pipeline, text)}`
    : `##vso[task.logissue type=${kind}]${escapeFor(pipeline, text)}`;
}

/** Lines between which the service folds what is printed. */
export function groupLines(pipeline: Pipeline, title: string): readonly [begin: string, end: string] {
  const name = escapeFor(pipeline, title);
  return pipeline === "github" ? [`::group::${name}`, "::endgroup::"] : [`##[group]${name}`, "##[endgroup]"];
}

/** Azure Pipelines draws a bar of its own; GitHub Actions has none. */
export function progressLine(pipeline: Pipeline, percent: number, what: string): string | undefined {
  if (pipeline === "github") return undefined;
  return `##vso[task.setprogress value=${Math.floor(percent)};]${escapeFor(pipeline, what)}`;
}

/** Results as they are, but for what the service would take for a command: names of files may look like one. */
export function withoutCommands(text: string): string {
  return text.replaceAll(/^(\s*)::/gm, "$1\\x3a:").replaceAll(/##(?=vso\[|\[)/g, "#\\x23");
}

/** Foreign text must neither end the command nor begin another. */
function escapeFor(pipeline: Pipeline, text: string): string {
  const percent = pipeline === "github" ? "%25" : "%AZP25";
  return text.replaceAll("%", percent).replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}
