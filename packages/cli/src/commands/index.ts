import type { CommandModule } from "../command-line/command.js";

interface CommandEntry {
  readonly summary: string;
  /** Loaded on demand: a run loads only its own command, and completion loads all. */
  load(): Promise<CommandModule>;
  /** Whether `--help` omits the command, because only programs use it. @default false */
  readonly hidden?: boolean;
  /** Whether the command consists of subcommands. @default false */
  readonly hasSubcommands?: boolean;
  /** Whether the same command line continues a command that was stopped. @default false */
  readonly canResume?: boolean;
}

/** Every command, in the order of `--help`. To add one, create a module in this folder and add a line here. */
export const commands: Readonly<Record<string, CommandEntry>> = {
  upload: {
    summary: "upload a file or a package, and resume after interruptions",
    canResume: true,
    load: () => import("./upload.js"),
  },
  deploy: {
    summary:
      "deploy a package: upload, provision, create or upgrade the application, wait until it is healthy",
    canResume: true,
    load: () => import("./deploy.js"),
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
  mv: { summary: "move or rename a file or folder inside the image store", load: () => import("./mv.js") },
  rm: { summary: "delete files and folders", load: () => import("./rm.js") },
  prune: { summary: "delete old packages", load: () => import("./prune.js") },
  lint: { summary: "check the manifests of an application package", load: () => import("./lint.js") },
  pack: { summary: "compress an application package", load: () => import("./pack.js") },
  session: {
    summary: "manage upload sessions",
    hasSubcommands: true,
    load: () => import("./session.js"),
  },
  type: {
    summary: "manage application types: provision packages, list and remove versions",
    hasSubcommands: true,
    load: () => import("./type.js"),
  },
  app: {
    summary: "manage applications: create, upgrade, roll back, delete, check health",
    hasSubcommands: true,
    load: () => import("./app.js"),
  },
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

const noDownload =
  "The image store cannot send files back: its API has no operation for that. Keep packages where you build them, for example as artifacts of the pipeline. To compare a local copy with the image store, run: sf-image-store verify";
const onlyDeployment =
  "This tool uploads and deploys applications. It does not manage clusters and services: use sfctl, PowerShell or ARM templates.";

/** Names that users of other tools try, with the command to run instead, or the reason why there is none. */
export const otherNames: readonly (readonly [names: string, instead: string])[] = [
  ["download get pull fetch read cat restore export", noDownload],
  ["put push send import sync", "upload"],
  ["publish release", "deploy"],
  ["resume", "To resume an upload, run the same `upload` command again."],
  ["list dir", "ls"],
  ["delete del remove unlink erase", "rm"],
  ["copy", "cp"],
  ["move rename ren", "mv"],
  ["show head details describe", "stat"],
  ["size usage", "du"],
  ["df disk", "info"],
  ["check compare diff", "verify"],
  ["validate test", "lint"],
  ["zip compress package", "pack"],
  ["clean cleanup gc purge", "prune"],
  ["sessions uploads", "session list"],
  ["login configure config profile profiles select", "connect"],
  ["diagnose ping status", "doctor"],
  ["serve start local azurite", "emulator"],
  ["mkdir", "`upload` and `cp` create folders. The image store has no empty folders."],
  ["version", "--version"],
  ["provision register", "type provision"],
  ["unprovision unregister", "type unprovision"],
  ["types", "type ls"],
  ["application apps applications", "app"],
  ["create", "app create"],
  ["upgrade", "app upgrade"],
  ["rollback", "app rollback"],
  ["health", "app health"],
  ["cluster service node", onlyDeployment],
];

/** What to do instead of running a command that does not exist. */
export function insteadOf(unknownCommand: string): string | undefined {
  const wanted = unknownCommand.toLowerCase();
  const instead = otherNames.find(([names]) => names.split(" ").includes(wanted))?.[1];
  return instead === undefined || /^\p{Lu}|^`/u.test(instead) ? instead : `Use: sf-image-store ${instead}`;
}

/** Options that users of other tools try, and what to do instead. */
export const otherOptions: Readonly<Record<string, string>> = {
  "-r": "Folders always include all their content.",
  "-R": "Folders always include all their content.",
  "--recursive": "Folders always include all their content.",
  "--resume": "Uploads always resume. Run the same command again.",
  "--overwrite": "Use --replace.",
  "--format": "Use -o, --output.",
  "--parallel": "Use --concurrency.",
  "--jobs": "Use --concurrency.",
  "-j": "Use --concurrency.",
};
