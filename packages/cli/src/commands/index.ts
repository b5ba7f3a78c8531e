import type { CommandModule } from "../command-line/command.js";

interface CommandEntry {
  readonly summary: string;
  /** Loaded on demand: a run loads only its own command, and completion loads all. */
  load(): Promise<CommandModule>;
  /** Whether `--help` omits the command, because only programs use it. @default false */
  readonly hidden?: boolean;
}

/** Every command, in the order of `--help`. To add one, create a module in this folder and add a line here. */
export const commands: Readonly<Record<string, CommandEntry>> = {
  upload: {
    summary: "upload a file or a package, and resume after interruptions",
    load: () => import("./upload.js"),
  },
  verify: {
    summary: "compare a local file or package with the image store",
    load: () => import("./verify.js"),
  },
  ls: { summary: "list a folder of the image store", load: () => import("./ls.js") },
  tree: { summary: "show a folder and its content as a tree", load: () => import("./tree.js") },
  stat: { summary: "show the details of a file or folder", load: () => import("./stat.js") },
  du: { summary: "show the sizes of folders", load: () => import("./du.js") },
  info: { summary: "show the disk usage of the image store", load: () => import("./info.js") },
  cp: { summary: "copy a file or folder inside the image store", load: () => import("./cp.js") },
  rm: { summary: "delete files and folders", load: () => import("./rm.js") },
  prune: { summary: "delete old packages", load: () => import("./prune.js") },
  pack: { summary: "compress an application package", load: () => import("./pack.js") },
  session: { summary: "manage upload sessions", load: () => import("./session.js") },
  connect: { summary: "save connection settings in a profile", load: () => import("./connect.js") },
  doctor: { summary: "diagnose the connection to a cluster", load: () => import("./doctor.js") },
  bench: {
    summary: "measure a cluster, and find what limits uploads",
    load: () => import("./bench.js"),
  },
  emulator: { summary: "run an emulated image store on this machine", load: () => import("./emulator.js") },
  completion: {
    summary: "print a completion script for a shell",
    load: () => import("./completion.js"),
  },
  __complete: {
    summary: "list completions for a completion script",
    hidden: true,
    load: () => import("./complete.js"),
  },
};
