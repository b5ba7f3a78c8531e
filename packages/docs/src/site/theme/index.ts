/// <reference types="vitepress/client" />
import theme from "vitepress/theme-without-fonts";
import { h, type VNode } from "vue";
import "./style.css";

/** Shortened output of a real run with the emulator. */
const lines: readonly (readonly [kind: "command" | "output" | "result", text: string])[] = [
  ["command", "sf-image-store upload ./MyApp"],
  ["output", "^C"],
  ["output", "Error: Stopped. 41.2 MiB of 57.2 MiB were uploaded."],
  ["command", "sf-image-store upload ./MyApp"],
  ["result", "MyApp is in the image store: 3 files, 57.2 MiB in 1.3 s;"],
  ["result", "resumed with 41.2 MiB already uploaded."],
  ["command", "sf-image-store upload ./MyApp"],
  ["result", "MyApp is already in the image store with the same content:"],
  ["result", "3 files, 57.2 MiB. Nothing was sent."],
];

/** What the home page shows beside its title. */
function terminal(): VNode {
  const rows = lines.map(([kind, text]) => h("div", { class: kind }, text));
  return h(
    "div",
    { class: "terminal", role: "img", "aria-label": "An upload that is interrupted and resumed" },
    rows,
  );
}

export default {
  ...theme,
  Layout: () => h(theme.Layout, null, { "home-hero-image": terminal }),
};
