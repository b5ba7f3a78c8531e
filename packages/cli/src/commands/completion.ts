import { Argument, type Command } from "@commander-js/extra-typings";
import { examples, type Perform } from "../command-line/command.js";
import { scripts, shells } from "../completion/scripts.js";

export const isOffline = true;

export function declare(command: Command, perform: Perform): void {
  command
    .addArgument(new Argument("<shell>", "which shell").choices(shells))
    .addHelpText(
      "after",
      `
It completes commands, options, and paths in the image store of the cluster that the command line names; that takes
two seconds at most, and is silent when it cannot be done. The first line of each script tells how to install it.
${examples("completion bash", "completion powershell")}`,
    )
    .action((shell, _, self) =>
      perform(self, async ({ output }) =>
        output.result({ shell, script: scripts[shell] }, scripts[shell].trimEnd()),
      ),
    );
}
