import type { Command } from "@commander-js/extra-typings";
import type { ApplicationType } from "@sf-image-store/client/applications";
import { InvalidArgumentError } from "commander";
import {
  awaitProvisioned,
  awaitUnprovisioned,
  listTypes,
  type TypeKey,
  typeDocument,
  typeText,
} from "../applications/provisioning.js";
import { examples, type Perform } from "../command-line/command.js";
import { parseDuration, parseStorePath } from "../command-line/values.js";
import type { Cli } from "../connection/cli.js";
import { openCluster, withApplications } from "../connection/open-cluster.js";
import { NotFoundError, UsageError } from "../errors/errors.js";
import { oneLine } from "../output/escape.js";
import { countText } from "../output/units.js";
import { confirm, isReserved, removeEach } from "../store/delete-content.js";

export function declare(command: Command, perform: Perform): void {
  declareList(command.command("ls"), perform);
  declareShow(command.command("show"), perform);
  declareProvision(command.command("provision"), perform);
  declareUnprovision(command.command("unprovision"), perform);
}

function declareList(command: Command, perform: Perform): void {
  command
    .description("list the versions of application types")
    .argument("[type-name]", "list only this type (default: all types)")
    .addHelpText("after", examples("type ls", "type ls ShopType", "type ls -o json"))
    .action((typeName, _, self) =>
      perform(self, (cli) =>
        withApplications(cli, async (applications) => {
          const types = await listTypes(applications, cli.signal, typeName);
          if (types.length === 0) cli.output.note(noTypeText(typeName));
          const { table } = await import("../output/table.js");
          const rows = types.map((type) => [
            type.typeName,
            type.typeVersion,
            type.status,
            type.statusDetails ?? "",
          ]);
          const text = types.length === 0 ? "" : table(rows, ["left", "left", "left", "left"]);
          cli.output.result({ types: types.map(typeDocument) }, text, "types");
        }),
      ),
    );
}

function noTypeText(typeName: string | undefined): string {
  return typeName === undefined
    ? "No application types are provisioned. To provision a package, run: sf-image-store type provision"
    : `No version of ${oneLine(typeName)} is provisioned.`;
}

function declareShow(command: Command, perform: Perform): void {
  command
    .description("show a version of an application type, and which applications use it")
    .argument("<type-name>", "name of the application type")
    .argument("[type-version]", "its version (default: the only one)")
    .option("--manifest", "print only the application manifest, an XML document")
    .addHelpText(
      "after",
      examples("type show ShopType", "type show ShopType 1.0.0", "type show ShopType 1.0.0 --manifest"),
    )
    .action((typeName, typeVersion, { manifest }, self) =>
      perform(self, (cli) => show(cli, typeName, typeVersion, manifest === true)),
    );
}

async function show(
  cli: Cli,
  typeName: string,
  typeVersion: string | undefined,
  onlyManifest: boolean,
): Promise<void> {
  await using cluster = await openCluster(cli);
  const { applications } = cluster;
  const { output, signal } = cli;
  const type = chooseVersion(await listTypes(applications, signal, typeName), typeName, typeVersion);
  if (onlyManifest) {
    const key = { typeName, typeVersion: type.typeVersion, abortSignal: signal };
    const manifest = await applications.getApplicationManifest(key);
    output.result({ manifest }, manifest.trimEnd());
    return;
  }
  const usedBy: string[] = [];
  const query = { typeName, excludeParameters: true, abortSignal: signal };
  for await (const application of applications.listApplications(query)) {
    if (application.typeVersion === type.typeVersion) usedBy.push(application.applicationName);
  }
  const { table } = await import("../output/table.js");
  const rows = [
    ["type", type.typeName],
    ["version", type.typeVersion],
    ["status", type.status],
    ...(type.statusDetails === undefined ? [] : [["details", type.statusDetails]]),
    ["definition", type.definitionKind],
    ...Object.entries(type.defaultParameters).map(([name, value]) => ["parameter", `${name}=${value}`]),
    ...(usedBy.length === 0 ? [["used by", "no application"]] : usedBy.map((name) => ["used by", name])),
  ];
  output.result({ ...typeDocument(type), usedBy }, table(rows, ["left", "left"]));
}

/** Throws NotFoundError, and UsageError if the version is missing and there are several. */
function chooseVersion(
  types: readonly ApplicationType[],
  typeName: string,
  typeVersion: string | undefined,
): ApplicationType {
  const [found, ...others] = types.filter(
    (type) => typeVersion === undefined || type.typeVersion === typeVersion,
  );
  const versions = types.map((type) => oneLine(type.typeVersion)).join(", ");
  if (found === undefined) {
    const known =
      types.length === 0 ? "To list all types, run: sf-image-store type ls" : `Provisioned: ${versions}.`;
    const what = typeVersion === undefined ? oneLine(typeName) : typeText({ typeName, typeVersion });
    throw new NotFoundError(`${what} is not provisioned. ${known}`);
  }
  if (others.length === 0) return found;
  throw new UsageError(
    `${oneLine(typeName)} has ${countText(types.length, "version")}. Specify one: ${versions}`,
  );
}

interface ProvisionFlags {
  readonly typeName?: string | undefined;
  readonly typeVersion?: string | undefined;
  readonly cleanUp?: true | undefined;
  readonly wait: boolean;
  readonly timeout?: number | undefined;
}

function declareProvision(command: Command, perform: Perform): void {
  command
    .description("provision (register) the application type of a package")
    .argument(
      "<store-path>",
      "path of the package in the image store, or the URL of an .sfpkg file that the cluster downloads",
      parsePackage,
    )
    .option(
      "--type-name <type-name>",
      "name in the manifest; required with a URL (default: read from the package)",
    )
    .option(
      "--type-version <type-version>",
      "version in the manifest; required with a URL (default: read from the package)",
    )
    .option(
      "--clean-up",
      "let the cluster delete the package from the image store when the version is available",
    )
    .option("--no-wait", "exit when the cluster has accepted the request")
    .option("--timeout <time>", "maximum time to wait, such as 90s or 15m (default: no limit)", parseDuration)
    .addHelpText(
      "after",
      examples(
        "type provision MyApp_1.2.0",
        "type provision MyApp_1.2.0 --clean-up --timeout 15m",
        "type provision https://example.com/MyApp.sfpkg --type-name MyAppType --type-version 1.2.0",
      ),
    )
    .action((location, flags, self) => perform(self, (cli) => provision(cli, location, flags)));
}

function parsePackage(text: string): string {
  if (!/^https?:/i.test(text)) return parseStorePath(text);
  if (URL.canParse(text) && /\.sfpkg$/i.test(new URL(text).pathname)) return text;
  throw new InvalidArgumentError("Use a URL whose path ends with .sfpkg.");
}

async function provision(cli: Cli, location: string, flags: ProvisionFlags): Promise<void> {
  const { typeName, typeVersion, cleanUp, wait, timeout } = flags;
  const key = typeName === undefined || typeVersion === undefined ? undefined : { typeName, typeVersion };
  const isUrl = /^https?:/i.test(location);
  // The query of the URL may contain a secret.
  const name = isUrl ? oneLine(location.replace(/[?#].*/s, "")) : oneLine(location);
  if (key === undefined && (isUrl || (typeName ?? typeVersion) !== undefined)) {
    throw new UsageError("Use --type-name and --type-version together. With a URL, both are required.");
  }
  if (isUrl && cleanUp)
    throw new UsageError("--clean-up can be used only with a package in the image store.");
  if (!isUrl && isReserved(location)) {
    throw new UsageError(`${location} is reserved for the cluster. Specify the path of an uploaded package.`);
  }
  await using cluster = await openCluster(cli);
  const { applications } = cluster;
  const common = { abortSignal: cli.signal };
  const before = wait ? await listTypes(applications, cli.signal, key?.typeName) : [];
  if (isUrl && key !== undefined) {
    await applications.provisionApplicationType({ ...common, ...key, packageUrl: location });
  } else {
    const policy = cleanUp ? ({ cleanupPolicy: "Automatic" } as const) : {};
    await applications.provisionApplicationType({ ...common, ...policy, storePath: location });
  }
  if (!wait) {
    cli.output.result(
      { source: name, isAvailable: false, type: null },
      `The cluster has started to provision ${name}. To check, run: sf-image-store type ls`,
    );
    return;
  }
  const type = await awaitProvisioned(cli, applications, before, { key, timeoutMs: timeout });
  cli.output.result(
    { source: name, isAvailable: true, type: typeDocument(type) },
    `Provisioned ${typeText(type)} from ${name}.`,
  );
}

interface UnprovisionFlags {
  readonly yes?: true | undefined;
  readonly wait: boolean;
  readonly timeout?: number | undefined;
}

function declareUnprovision(command: Command, perform: Perform): void {
  command
    .description("remove versions of an application type; ask for confirmation on a terminal")
    .argument("<type-name>", "name of the application type")
    .argument("<type-version...>", "versions that no application uses")
    .option("-y, --yes", "skip the confirmation; required without a terminal")
    .option("--no-wait", "exit when the cluster has accepted the requests")
    .option(
      "--timeout <time>",
      "maximum time to wait for each version, such as 90s (default: no limit)",
      parseDuration,
    )
    .addHelpText(
      "after",
      examples("type unprovision ShopType 1.0.0", "type unprovision ShopType 1.0.0 1.1.0 --yes"),
    )
    .action((typeName, versions, flags, self) =>
      perform(self, (cli) => unprovision(cli, typeName, [...new Set(versions)], flags)),
    );
}

async function unprovision(
  cli: Cli,
  typeName: string,
  versions: readonly string[],
  { yes, wait, timeout }: UnprovisionFlags,
): Promise<void> {
  await using cluster = await openCluster(cli);
  const { applications } = cluster;
  const types = await listTypes(applications, cli.signal, typeName);
  const keys: readonly TypeKey[] = versions.map((version) => chooseVersion(types, typeName, version));
  if (!yes) await confirm(cli, `${keys.map(typeText).join("\n")}\nRemove?`);
  await removeEach(cli, versions, async (typeVersion) => {
    const key = { typeName, typeVersion };
    await applications.unprovisionApplicationType({ ...key, abortSignal: cli.signal });
    if (wait) await awaitUnprovisioned(cli, applications, key, timeout);
    cli.output.detail(`Removed ${typeText(key)}.`);
  });
  cli.output.result(
    { typeName, typeVersions: versions, isRemoved: wait },
    keys
      .map((key) =>
        wait ? `Removed ${typeText(key)}.` : `The cluster has started to remove ${typeText(key)}.`,
      )
      .join("\n"),
  );
}
