import type { Environment } from "../connection/environment.js";
import { escapeText } from "./escape.js";

/** The CI service that runs this process and understands commands in its log. */
export type Pipeline = "github" | "azure";

export function pipelineOf({ GITHUB_ACTIONS, TF_BUILD }: Environment): Pipeline | undefined {
  if (GITHUB_ACTIONS === "true") return "github";
  return TF_BUILD?.toLowerCase() === "true" ? "azure" : undefined;
}

/** A line that the service shows as a warning or an error of the step. */
export function issueLine(pipeline: Pipeline, kind: "warning" | "error", text: string): string {
  return pipeline === "github"
    ? `::${kind}::${dataOf(pipeline, text)}`
    : `##vso[task.logissue type=${kind}]${dataOf(pipeline, text)}`;
}

/** Lines between which the service folds what is printed. */
export function groupLines(pipeline: Pipeline, title: string): readonly [begin: string, end: string] {
  const name = dataOf(pipeline, title);
  return pipeline === "github" ? [`::group::${name}`, "::endgroup::"] : [`##[group]${name}`, "##[endgroup]"];
}

/** Azure Pipelines draws a bar of its own; GitHub Actions has none. */
export function progressLine(pipeline: Pipeline, percent: number, what: string): string | undefined {
  if (pipeline === "github") return undefined;
  return `##vso[task.setprogress value=${Math.floor(percent)};]${dataOf(pipeline, what)}`;
}

/** Foreign text must neither end the command nor hold another. */
function dataOf(pipeline: Pipeline, text: string): string {
  const percent = pipeline === "github" ? "%25" : "%AZP25";
  return escapeText(text).replaceAll("%", percent).replaceAll("\n", "%0A");
}
