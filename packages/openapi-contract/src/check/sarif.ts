import { createHash } from "node:crypto";
import { isAbsolute } from "node:path";
import { pathToFileURL } from "node:url";
import { type CodeEntry, violationCodes } from "./codes.js";
import type { Finding } from "./findings.js";
import type { CheckReport } from "./reports.js";
import type { RulePlugin } from "./values.js";

const home = "https://github.com/sf-image-store/sf-image-store/tree/main/packages/openapi-contract";

/** SARIF 2.1.0, which code scanning services read. A result is a cause; where else it is are related locations. */
export function sarifReport(report: CheckReport, version: string, plugin: RulePlugin | undefined): string {
  const known = new Map<string, CodeEntry>([
    ...Object.entries(violationCodes),
    ...Object.entries(plugin?.codes ?? {}),
  ]);
  const found = [
    ...report.groups.map((group) => ({ ...group, reason: undefined })),
    ...report.ignored.map(({ finding, reason }) => ({ first: finding, others: [], count: 1, reason })),
  ];
  const codes = [...new Set(found.map(({ first }) => first.code))].sort();
  const rules = codes.map((code) => {
    const { severity = "error", meaning = code } = known.get(code) ?? {};
    const texts = { shortDescription: { text: meaning }, fullDescription: { text: meaning } };
    return {
      id: code,
      ...texts,
      helpUri: `${home}/VIOLATIONS.md`,
      defaultConfiguration: { level: severity },
    };
  });
  const results = found.map(({ first, others, count, reason }) => ({
    ruleId: first.code,
    ruleIndex: codes.indexOf(first.code),
    level: first.severity,
    message: { text: `${first.message} at ${first.pointer}` },
    locations: [locationOf(first)],
    ...(others.length === 0
      ? {}
      : { relatedLocations: others.map((each, id) => ({ id, ...locationOf(each) })) }),
    occurrenceCount: count,
    partialFingerprints: { "openapiContract/v1": fingerprint(first) },
    ...(reason === undefined ? {} : { suppressions: [{ kind: "external", justification: reason }] }),
  }));
  const driver = { name: "openapi-contract", version, informationUri: home, rules };
  const log = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [{ tool: { driver }, columnKind: "utf16CodeUnits", results }],
  };
  return JSON.stringify(log, null, 2);
}

function locationOf({ file, line, column, pointer }: Finding): object {
  return {
    physicalLocation: {
      artifactLocation: isAbsolute(file)
        ? { uri: pathToFileURL(file).href }
        : { uri: file.split("/").map(encodeURIComponent).join("/"), uriBaseId: "%SRCROOT%" },
      region: { startLine: line, startColumn: column },
    },
    logicalLocations: [{ fullyQualifiedName: pointer }],
  };
}

/** Stays the same when lines move: services recognize by it what they have reported before. */
function fingerprint({ code, file, pointer, schema, expected }: Finding): string {
  return createHash("sha256")
    .update(JSON.stringify([code, file, pointer, schema, expected]))
    .digest("hex");
}
