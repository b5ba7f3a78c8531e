import type { DeployError, Deployment, DeployPhase, DeployPhaseResult } from "@sf-image-store/client/node";
import { oneLine } from "../output/escape.js";
import { markdownLines, markdownTable, markdownText } from "../output/summary.js";
import { table } from "../output/table.js";
import { elapsedText } from "../output/units.js";
import { type CurrentPhase, phaseTitles } from "./deploy-display.js";
import { healthDocument, unhealthyLines } from "./health.js";
import { upgradeDocument } from "./upgrade.js";

/** A deployment for programs. */
export async function deploymentDocument(source: string, deployment: Deployment): Promise<object> {
  const { application, health, upgrade, upload, cleanUpFailure, ...others } = deployment;
  return {
    source: oneLine(source),
    ...others,
    previousTypeVersion: deployment.previousTypeVersion ?? null,
    deletedPackage: deployment.deletedPackage ?? null,
    application: application ?? null,
    health: health === undefined ? null : await healthDocument(health),
    upgrade: upgrade === undefined ? null : await upgradeDocument(upgrade),
    upload:
      upload === undefined
        ? null
        : {
            ...upload,
            receipt: upload.receipt ?? null,
            receiptFailure: upload.receiptFailure?.message ?? null,
          },
    cleanUpFailure: cleanUpFailure?.message ?? null,
  };
}

/** What was deployed, in one sentence. */
async function outcomeText(deployment: Deployment): Promise<string> {
  const { outcome, dryRun, applicationName, typeName, typeVersion, previousTypeVersion } = deployment;
  const { health, onlyParameters } = deployment;
  const name = oneLine(applicationName);
  const type = `${oneLine(typeName)} ${oneLine(typeVersion)}`;
  const from = previousTypeVersion === undefined ? "" : ` from ${oneLine(previousTypeVersion)}`;
  if (dryRun) {
    const what =
      outcome === "created"
        ? `Would create ${name} with ${type}.`
        : outcome === "upgraded"
          ? onlyParameters
            ? `Would change the parameters of ${name}, which runs ${type}.`
            : `Would upgrade ${name}${from} to ${type}.`
          : `${name} already runs ${type}.`;
    return `${what} Nothing was changed.`;
  }
  const upgraded = onlyParameters ? "parameters changed" : `upgraded${from}`;
  const how = { created: "created", upgraded, alreadyDeployed: "deployed before" }[outcome];
  if (health === undefined || health.healthState === "Ok")
    return `${name} runs ${type} and is healthy (${how}).`;
  const reasons = (await unhealthyLines(health)).join(" ");
  return `${name} runs ${type} (${how}). Its health is ${oneLine(health.healthState)}${reasons === "" ? "." : `: ${reasons}`}`;
}

/** What is not known about a version that the cluster had before. Undefined if the deployment provisioned it. */
export function knownVersionNote({ typeName, typeVersion, proof }: Deployment): string | undefined {
  if (proof === "package") return undefined;
  const version = `${typeName} ${typeVersion}`;
  if (proof === "sizes") {
    return `The cluster already had ${version}. Its files have the same names and sizes as those of the package; contents cannot be compared. If a file changed, increase the version to deploy it.`;
  }
  return `If files changed since ${version} was provisioned, they are not deployed. To deploy them, increase the version.`;
}

/** The result of a deployment as text: the outcome, and a line per phase. */
export async function deploymentText(deployment: Deployment): Promise<string> {
  const rows = deployment.phases.map(({ phase, status, durationMs, message }) => [
    ...[phaseTitles[phase], statusTexts[status], deployment.dryRun ? "" : elapsedText(durationMs), message],
  ]);
  return `${table(rows, ["left", "left", "right", "left"])}\n${await outcomeText(deployment)}`;
}

const statusTexts: Readonly<Record<DeployPhaseResult["status"], string>> = {
  done: "done",
  "already-done": "already done",
  skipped: "skipped",
  planned: "planned",
};

/** The summary of a deployment for a CI service. */
export async function deploymentSummary(deployment: Deployment): Promise<string> {
  const { dryRun, applicationName, phases, health, removedVersions, cleanUpFailure } = deployment;
  const title = dryRun ? "🔎 Deployment plan for" : "✅ Deployed";
  return paragraphs(
    `### ${title} ${markdownText(applicationName)}`,
    markdownText(await outcomeText(deployment)),
    markdownText(knownVersionNote(deployment) ?? ""),
    phaseTable(
      phases.map(({ phase, status, durationMs, message }) => [
        phase,
        statusTexts[status],
        durationMs,
        message,
      ]),
    ),
    ...(health === undefined ? [] : await healthParts(health)),
    removedVersions.length === 0
      ? ""
      : `Old versions ${dryRun ? "to remove" : "removed"}: ${removedVersions.map(markdownText).join(", ")}`,
    cleanUpFailure === undefined ? "" : `⚠️ ${markdownText(cleanUpFailure.message)}`,
  );
}

/** The summary of a deployment that failed or was stopped. `error` is undefined if it had not begun. */
export function failureSummary(
  source: string,
  error: DeployError | undefined,
  current: CurrentPhase | undefined,
  text: string,
): string {
  const name = error?.applicationName ?? source;
  const { typeName, typeVersion = "" } = error ?? {};
  const type = typeName === undefined ? "" : ` (${markdownText(`${typeName} ${typeVersion}`.trim())})`;
  const stop = error?.reason === "aborted" ? "stopped" : "failed";
  return paragraphs(
    `### ❌ Deployment of ${markdownText(name)}${type} ${stop}`,
    markdownLines(text),
    error === undefined
      ? ""
      : phaseTable([...earlierRows(error), [error.phase, stop, ...endOf(error, current, text)]]),
  );
}

function earlierRows({ phase: failed, phases }: DeployError): readonly PhaseRow[] {
  const before = phases.filter(({ phase }) => phase !== failed);
  return before.map(({ phase, status, durationMs, message }) => [
    phase,
    statusTexts[status],
    durationMs,
    message,
  ]);
}

/** How long the phase took, and how it ended. The whole text is above the table. */
function endOf(
  { phase, reason }: DeployError,
  current: CurrentPhase | undefined,
  text: string,
): readonly [durationMs: number, outcome: string] {
  const [line = ""] = text.split("\n");
  const [outcome = ""] = reason === "aborted" ? [line] : line.split(/(?<=[.!?]) (?=\p{Lu})/u);
  return [current?.phase === phase ? current.durationMs : 0, outcome];
}

type PhaseRow = readonly [phase: DeployPhase, status: string, durationMs: number, message: string];

function phaseTable(rows: readonly PhaseRow[]): string {
  return markdownTable(
    ["Phase", "Result", "Time", "Details"],
    rows.map(([phase, status, durationMs, message]) => [
      ...[phaseTitles[phase], status, elapsedText(durationMs), markdownText(message)],
    ]),
  );
}

async function healthParts(health: NonNullable<Deployment["health"]>): Promise<readonly string[]> {
  const reasons = await unhealthyLines(health);
  return [
    `Health: **${markdownText(health.healthState)}**${reasons.map((reason) => `<br>${markdownText(reason)}`).join("")}`,
    health.services.length === 0
      ? ""
      : markdownTable(
          ["Service", "Health"],
          health.services.map(({ name, healthState }) => [markdownText(name), markdownText(healthState)]),
        ),
  ];
}

function paragraphs(...parts: readonly string[]): string {
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}
