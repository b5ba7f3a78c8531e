import type { LintFinding, PackageContent } from "@sf-image-store/client/node";
import type { Cli } from "../connection/cli.js";
import { UsageError } from "../errors/errors.js";
import { oneLine } from "../output/escape.js";
import { countText } from "../output/units.js";
import { isApplicationManifest } from "../packing/plan.js";

/** Formats a finding: `WebPkg/ServiceManifest.xml:3: error: The version is … [service-version-mismatch]`. */
export function findingText({ file, line, severity, message, code }: LintFinding): string {
  const place = line === undefined ? file : `${file}:${line}`;
  return `${oneLine(place)}: ${severity}: ${oneLine(message)} [${code}]`;
}

/** Formats the number of findings: `2 errors, 1 warning`. */
export function findingCountText(findings: readonly LintFinding[]): string {
  const count = (severity: LintFinding["severity"]) =>
    findings.filter((finding) => finding.severity === severity).length;
  return [countText(count("error"), "error"), countText(count("warning"), "warning")].join(", ");
}

/**
 * Checks the manifests before an upload. Prints warnings, and throws UsageError for errors. Other directories than application
 * packages are not checked, because people upload them, too.
 * @param base The older version, if one is known.
 * @param label The package in warnings, if there are several.
 */
export async function requireGoodManifests(
  { output, signal }: Cli,
  content: PackageContent,
  base: PackageContent | undefined,
  label: string | undefined,
): Promise<void> {
  if (!content.files.some(({ relativePath }) => isApplicationManifest(relativePath))) return;
  const options = { abortSignal: signal, ...(base === undefined ? {} : { base }) };
  const { lintDirectory } = await import("@sf-image-store/client/node");
  const findings = await lintDirectory(content, options);
  const errors = findings.filter(({ severity }) => severity === "error");
  if (errors.length > 0) {
    throw new UsageError(
      [
        "A cluster would not accept this package:",
        ...errors.map((finding) => `  ${findingText(finding)}`),
        "Fix the manifests, or pass --no-lint to upload the package as it is.",
        "Nothing was sent.",
      ].join("\n"),
    );
  }
  const prefix = label === undefined ? "" : `${oneLine(label)}: `;
  for (const finding of findings) output.warn(prefix + findingText(finding), { finding });
}
