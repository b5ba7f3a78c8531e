import type { Command } from "@commander-js/extra-typings";
import type {
  Application,
  ApplicationHealth,
  ApplicationUpgrade,
  Service,
} from "@sf-image-store/client/applications";
import { healthDocument, healthRows, isHealthy } from "../applications/health.js";
import { addParameterFlag, readParameters } from "../applications/parameters.js";
import { failureLines, shortName, upgradeDocument } from "../applications/upgrade.js";
import { examples, type Perform } from "../command-line/command.js";
import { parseApplicationName } from "../command-line/values.js";
import type { Cli } from "../connection/cli.js";
import { openCluster, withApplications } from "../connection/open-cluster.js";
import { exitCode, NotFoundError } from "../errors/errors.js";
import { oneLine } from "../output/escape.js";
import { durationText } from "../output/units.js";
import { confirm, removeEach } from "../store/delete-content.js";
import { declareResume, declareRollback, declareUpgrade } from "./app-upgrade.js";

export function declare(command: Command, perform: Perform): void {
  declareList(command.command("ls"), perform);
  declareShow(command.command("show"), perform);
  declareCreate(command.command("create"), perform);
  declareUpgrade(command.command("upgrade"), perform);
  declareRollback(command.command("rollback"), perform);
  declareResume(command.command("resume"), perform);
  declareRemove(command.command("rm"), perform);
  declareHealth(command.command("health"), perform);
}

const nameText = "name of the application, with or without fabric:/";

function declareList(command: Command, perform: Perform): void {
  command
    .description("list applications with their versions and their health")
    .option("--type <type-name>", "list only applications of this type (default: all types)")
    .addHelpText("after", examples("app ls", "app ls --type ShopType", "app ls -o table"))
    .action(({ type }, self) =>
      perform(self, (cli) =>
        withApplications(cli, async (client) => {
          const applications: Application[] = [];
          const query = type === undefined ? {} : { typeName: type };
          for await (const each of client.listApplications({ ...query, abortSignal: cli.signal }))
            applications.push(each);
          if (applications.length === 0) cli.output.note("There are no applications.");
          const { table } = await import("../output/table.js");
          const rows = applications.map((each) => [
            ...[each.applicationName, each.typeName, each.typeVersion, each.status, each.healthState],
          ]);
          const text = rows.length === 0 ? "" : table(rows, ["left", "left", "left", "left", "left"]);
          cli.output.result({ applications }, text, "applications");
        }),
      ),
    );
}

function declareShow(command: Command, perform: Perform): void {
  command
    .description("show an application, its services and its last upgrade")
    .argument("<app-name>", nameText, parseApplicationName)
    .addHelpText("after", examples("app show fabric:/Shop", "app show Shop --json"))
    .action((applicationName, _, self) => perform(self, (cli) => show(cli, applicationName)));
}

async function show(cli: Cli, applicationName: string): Promise<void> {
  await using cluster = await openCluster(cli);
  const { applications } = cluster;
  const options = { applicationName, abortSignal: cli.signal };
  const application = await applications.getApplication(options);
  if (application === undefined) throw missingError([applicationName]);
  const services: Service[] = [];
  for await (const service of applications.listServices(options)) services.push(service);
  const upgrade = await applications.getApplicationUpgrade(options);
  const { table } = await import("../output/table.js");
  const rows = [
    ["application", application.applicationName],
    ["type", application.typeName],
    ["version", application.typeVersion],
    ["status", application.status],
    ["health", application.healthState],
    ...Object.entries(application.parameters).map(([name, value]) => ["parameter", `${name}=${value}`]),
    ...services.map(({ serviceName, kind, status, healthState }) => [
      "service",
      `${serviceName} (${kind}, ${status}, ${healthState})`,
    ]),
    ...(await upgradeRows(upgrade)),
  ];
  const document = { ...application, services, upgrade: await upgradeDocument(upgrade) };
  cli.output.result(document, table(rows, ["left", "left"]));
}

async function upgradeRows(upgrade: ApplicationUpgrade): Promise<readonly (readonly string[])[]> {
  const { state, targetTypeVersion, durationMs, upgradeDomains, startedAt } = upgrade;
  // The cluster describes an application that was never upgraded as upgraded to its version.
  if (startedAt === undefined) return [];
  return [
    [
      "last upgrade",
      // After a rollback, the cluster no longer says to which version the upgrade was.
      state.startsWith("RollingBack")
        ? `${state}, back to ${targetTypeVersion}, ${durationText(durationMs)}`
        : `to ${targetTypeVersion}, ${state}, ${durationText(durationMs)}`,
    ],
    ...upgradeDomains.map((domain) => ["upgrade domain", `${domain.name} ${domain.state}`]),
    ...(await failureLines(upgrade)).map((line) => ["", line.trim()]),
  ];
}

export function missingError(names: readonly string[]): NotFoundError {
  const list = names.map(oneLine).join(", ");
  return new NotFoundError(`Not found: ${list}. To list applications, run: sf-image-store app ls`);
}

function declareCreate(command: Command, perform: Perform): void {
  const declared = command
    .description("create an application from a provisioned version")
    .argument("<app-name>", nameText, parseApplicationName)
    .argument("<type-name>", "name of the application type")
    .argument("<type-version>", "its version");
  addParameterFlag(declared)
    .addHelpText(
      "after",
      examples(
        "app create fabric:/Shop ShopType 1.0.0",
        "app create Shop ShopType 1.0.0 --parameters Web_InstanceCount=3 --parameters Region=west",
        "app create Shop ShopType 1.0.0 --parameters ApplicationParameters/Cloud.xml",
      ),
    )
    .action((applicationName, typeName, typeVersion, flags, self) =>
      perform(self, async (cli) => {
        const parameters = await readParameters(flags.parameters);
        await withApplications(cli, async (applications) => {
          const wanted = { applicationName, typeName, typeVersion, parameters: parameters ?? {} };
          await applications.createApplication({ ...wanted, abortSignal: cli.signal });
          const name = shortName(applicationName);
          cli.output.result(
            wanted,
            `Created ${oneLine(applicationName)} with ${oneLine(typeName)} ${oneLine(typeVersion)}. To check whether it is healthy, run: sf-image-store app health ${name}`,
          );
        });
      }),
    );
}

function declareRemove(command: Command, perform: Perform): void {
  command
    .description("delete applications with their services; ask for confirmation on a terminal")
    .argument("<app-name...>", nameText, parseNames)
    .option("-y, --yes", "skip the confirmation; required without a terminal")
    .option("-f, --force", "ignore applications that do not exist; otherwise delete nothing and exit with 4")
    .option(
      "--force-remove",
      "skip the orderly shutdown of services that do not stop; this may leave data on nodes",
    )
    .addHelpText("after", examples("app rm fabric:/Shop", "app rm Shop Mail --yes", "app rm -y -f Shop"))
    .action((names, flags, self) => perform(self, (cli) => remove(cli, [...new Set(names)], flags)));
}

function parseNames(text: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, parseApplicationName(text)];
}

async function remove(
  cli: Cli,
  names: readonly string[],
  flags: { readonly yes?: true; readonly force?: true; readonly forceRemove?: true },
): Promise<void> {
  await using cluster = await openCluster(cli);
  const { applications } = cluster;
  const found: Application[] = [];
  for (const applicationName of names) {
    const one = await applications.getApplication({ applicationName, abortSignal: cli.signal });
    if (one !== undefined) found.push(one);
  }
  const existing = found.map(({ applicationName }) => applicationName);
  const absent = names.filter((name) => !existing.includes(name));
  if (absent.length > 0 && !flags.force) throw missingError(absent);
  const lines = found.map(
    (one) => `${oneLine(one.applicationName)}  ${oneLine(one.typeName)} ${oneLine(one.typeVersion)}`,
  );
  if (found.length > 0 && !flags.yes) await confirm(cli, `${lines.join("\n")}\nDelete?`);
  const force = flags.forceRemove === true;
  await removeEach(cli, existing, (applicationName) =>
    applications.deleteApplication({ applicationName, abortSignal: cli.signal, ...(force ? { force } : {}) }),
  );
  const report = [
    ...lines.map((line) => `Deleted ${line}`),
    ...absent.map((name) => `Not found: ${oneLine(name)}`),
  ];
  cli.output.result({ deleted: found, absent }, report.join("\n"), "deleted");
}

function declareHealth(command: Command, perform: Perform): void {
  command
    .description("show whether an application is healthy, and why not")
    .argument("<app-name>", nameText, parseApplicationName)
    .addHelpText(
      "after",
      `\nExits with 0 if the health is Ok or Warning, and with 1 otherwise.\n${examples("app health fabric:/Shop", "app health Shop --json")}`,
    )
    .action((applicationName, _, self) => perform(self, (cli) => health(cli, applicationName)));
}

async function health(cli: Cli, applicationName: string): Promise<void> {
  const found: ApplicationHealth = await withApplications(cli, (applications) =>
    applications.getApplicationHealth({ applicationName, abortSignal: cli.signal }),
  );
  const { table } = await import("../output/table.js");
  cli.output.result(await healthDocument(found), table(await healthRows(found), ["left", "left"]));
  if (!isHealthy(found)) cli.setExitCode(exitCode.failed);
}
