import type { CommandModule } from "../command-line/command.js";

interface CommandEntry {
  readonly summary: string;
  /** Only the command that runs is loaded, and all of them for completion. */
  load(): Promise<CommandModule>;
  /** For programs, not for `--help`. @default false */
  readonly hidden?: boolean;
}

/** Every command, in the order of `--help`. Add one by a module in this folder and a line here. */
export const commands: Readonly<Record<string, CommandEntry>> = {
  upload: { summary: "upload a file or a package; resumes by itself", load: () => import("./upload.js") },
  verify: { summary: "compare a file or a package with the store", load: () => import("./verify.js") },
  ls: { summary: "list a folder of the image store", load: () => import("./ls.js") },
  tree: { summary: "draw a folder with everything in it", load: () => import("./tree.js") },
  stat: { summary: "tell what is known of one file or folder", load: () => import("./stat.js") },
  du: { summary: "tell how much folders hold", load: () => import("./du.js") },
  info: { summary: "tell how the image store uses its disk", load: () => import("./info.js") },
  cp: { summary: "copy a file or folder inside the image store", load: () => import("./cp.js") },
  rm: { summary: "delete files and folders", load: () => import("./rm.js") },
  prune: { summary: "delete packages that are old or too many", load: () => import("./prune.js") },
  pack: { summary: "compress an application package", load: () => import("./pack.js") },
  session: { summary: "look after uploads under way", load: () => import("./session.js") },
  connect: { summary: "remember how to reach a cluster", load: () => import("./connect.js") },
  doctor: { summary: "find out what is wrong with a connection", load: () => import("./doctor.js") },
  emulator: { summary: "run an image store on this machine", load: () => import("./emulator.js") },
  completion: {
    summary: "print a script that completes commands in a shell",
    load: () => import("./completion.js"),
  },
  __complete: { summary: "answer such a script", hidden: true, load: () => import("./complete.js") },
};
