import type { Command } from "@commander-js/extra-typings";
import type { Perform } from "../command.js";
import { declareCommit } from "./session/commit.js";
import { declareDelete } from "./session/delete.js";
import { declareList } from "./session/list.js";
import { declareShow } from "./session/show.js";
import { declareWatch } from "./session/watch.js";

export function declare(command: Command, perform: Perform): void {
  declareList(command.command("list"), perform);
  declareShow(command.command("show"), perform);
  declareWatch(command.command("watch"), perform);
  declareCommit(command.command("commit"), perform);
  declareDelete(command.command("delete"), perform);
}
