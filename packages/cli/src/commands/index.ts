import type { CommandModule } from "../command.js";

interface CommandEntry {
  readonly summary: string;
  /** Only the command that runs is loaded, and all of them for completion. */
  load(): Promise<CommandModule>;
}

/** Every command, in the order of `--help`. Add one by a module in this folder and a line here. */
export const commands: Readonly<Record<string, CommandEntry>> = {
  ls: { summary: "list a folder of the image store", load: () => import("./ls.js") },
  pack: { summary: "compress an application package", load: () => import("./pack.js") },
  connect: { summary: "remember how to reach a cluster", load: () => import("./connect.js") },
  doctor: { summary: "find out what is wrong with a connection", load: () => import("./doctor.js") },
};
