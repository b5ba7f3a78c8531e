import type { CommandModule } from "../command.js";

interface CommandEntry {
  readonly summary: string;
  /** Only the command that runs is loaded, and all of them for completion. */
  load(): Promise<CommandModule>;
}

/** Every command, in the order of `--help`. Add one by a module in this folder and a line here. */
export const commands: Readonly<Record<string, CommandEntry>> = {
  upload: { summary: "upload a file or a package; resumes by itself", load: () => import("./upload.js") },
  verify: { summary: "compare a file or a package with the store", load: () => import("./verify.js") },
  ls: { summary: "list a folder of the image store", load: () => import("./ls.js") },
};
