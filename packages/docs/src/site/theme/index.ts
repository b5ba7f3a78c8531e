/// <reference types="vitepress/client" />
import theme from "vitepress/theme-without-fonts";
import { h } from "vue";
import "./style.css";
import { terminal } from "./terminal.js";

export default {
  ...theme,
  Layout: () => h(theme.Layout, null, { "home-hero-image": terminal }),
};
