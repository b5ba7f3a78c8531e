import { startBrowser } from "./test/browser.js";
const b = await startBrowser(); if (typeof b === "string") throw new Error(b);
const shots: [string,string,number,number,boolean][] = JSON.parse(process.argv[2]!);
for (const [name, path, w, h, dark] of shots) {
  const ctx = await b.browser.newContext({ viewport: { width: w, height: h }, colorScheme: dark ? "dark" : "light" });
  const page = await ctx.newPage();
  const bad: string[] = [];
  page.on("request", (r) => { if (!r.url().startsWith("file:") && !r.url().startsWith("data:")) bad.push(r.url()); });
  page.on("console", (m) => { if (m.type()==="error") bad.push(m.text()); });
  await page.goto("file:///tmp/w-docs/site/" + path);
  await page.waitForTimeout(700);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  await page.screenshot({ path: `/tmp/shots-docs/${name}.png` });
  console.log(name, "overflow", overflow, bad);
  await ctx.close();
}
await b.close();
