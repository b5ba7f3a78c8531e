import { Argument, type Command } from "@commander-js/extra-typings";
import { examples, type Perform } from "../command-line/command.js";
import { scripts, shells } from "../completion/scripts.js";

export const isOffline = true;

export function declare(command: Command, perform: Perform): void {
  command
    .addArgument(new Argument("<shell>", "shell to print the script for").choices(shells))
    .addHelpText(
      "after",
      `
Completes commands, options, and store paths. For store paths, the script asks the cluster that the command line names,
and gives up silently after two seconds. The first line of each script explains how to install it.
${examples("completion bash", "completion powershell")}`,
    )
    .action((shell, _, self) =>
      perform(self, async ({ output }) =>
        output.result({ shell, script: scripts[shell] }, scripts[shell].trimEnd()),
      ),
    );
}
