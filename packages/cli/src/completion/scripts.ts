import { bash } from "./bash.js";
import { fish } from "./fish.js";
import { powershell } from "./powershell.js";
import { zsh } from "./zsh.js";

export const shells = ["bash", "zsh", "fish", "powershell"] as const;

export type Shell = (typeof shells)[number];

/** Scripts that hand the command line to `sf-image-store __complete`, without evaluating anything of it. */
export const scripts: Readonly<Record<Shell, string>> = { bash, zsh, fish, powershell };
