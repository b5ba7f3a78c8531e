/// <reference types="vitepress/client" />
import theme from "vitepress/theme-without-fonts";
import { h, type VNode } from "vue";
import "./style.css";

/** A session with the command line, from a real run with the emulator. */
const lines: readonly (readonly [kind: "command" | "output" | "result", text: string])[] = [
  ["command", "sf-image-store upload ./MyApp"],
  ["output", "Uploading ./MyApp (2 files, 8.58 MiB) to MyApp."],
  ["output", "^C"],
  ["command", "sf-image-store upload ./MyApp"],
  ["result", "MyApp is in the image store: 2 files, 8.58 MiB in 0.2 s."],
  ["command", "sf-image-store upload ./MyApp"],
  ["result", "MyApp is already in the image store with the same content."],
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
