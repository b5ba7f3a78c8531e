/// <reference types="vitepress/client" />
import theme from "vitepress/theme-without-fonts";
import { h, type VNode } from "vue";
import recording from "./recording.json" with { type: "json" };
import "./style.css";

/** What the home page shows beside its title: a real run with the emulator, which `pnpm record` made. */
function terminal(): VNode {
  const rows = recording.lines.map(([kind, text]) => h("div", { class: kind }, text));
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
