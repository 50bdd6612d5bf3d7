// Opens a report in headless Chromium at phone and desktop width, light, dark and print; runs axe-core in each;
// fails on a violation, on sideways scrolling of the page, on any request, and on a script error.
//
//   npm ci --prefix tests/browser
//   node tests/browser/check_report.mjs report.html [folder for screenshots and PDF]
//
// CHROMIUM names the browser (default /usr/bin/chromium). Nothing in `make` needs Node.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { chromium } from "playwright-core";

const [page_path, out] = process.argv.slice(2);
if (!page_path) {
  console.error("usage: node check_report.mjs REPORT.html [OUT_FOLDER]");
  process.exit(2);
}
const axe_source = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});
const views = [
  { name: "phone-light", width: 390, height: 844, colorScheme: "light" },
  { name: "phone-dark", width: 390, height: 844, colorScheme: "dark" },
  { name: "desktop-light", width: 1200, height: 900, colorScheme: "light" },
  { name: "desktop-dark", width: 1200, height: 900, colorScheme: "dark" },
  { name: "print", width: 800, height: 1100, colorScheme: "light", media: "print" },
];
let faults = 0;
const fault = (view, message) => {
  faults += 1;
  console.log(`${view}: ${message}`);
};

for (const view of views) {
  // The page's own policy forbids scripts; bypassCSP is for axe alone.
  const context = await browser.newContext({
    viewport: { width: view.width, height: view.height },
    colorScheme: view.colorScheme,
    bypassCSP: true,
    offline: true,
  });
  const page = await context.newPage();
  page.on("request", (request) => {
    if (!request.url().startsWith("file:")) fault(view.name, `request to ${request.url()}`);
  });
  page.on("pageerror", (error) => fault(view.name, `error ${error.message}`));
  await page.goto(`file://${path.resolve(page_path)}`);
  if (view.media) await page.emulateMedia({ media: view.media });
  await page.evaluate(axe_source);
  const result = await page.evaluate(() =>
    window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }),
  );
  for (const violation of result.violations) {
    fault(view.name, `${violation.id} (${violation.impact}): ${violation.help}: ${violation.nodes[0].html.slice(0, 160)}`);
  }
  for (const open of result.incomplete) {
    console.log(`${view.name}: to look at: ${open.id}: ${open.nodes.length} node(s): ${open.nodes[0].html.slice(0, 120)}`);
  }
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (wide > 0) fault(view.name, `the page scrolls sideways by ${wide} px`);
  if (out) {
    await page.screenshot({ path: path.join(out, `${view.name}.png`), fullPage: true });
    if (view.media === "print") await page.pdf({ path: path.join(out, "report.pdf"), format: "A4", preferCSSPageSize: true });
  }
  console.log(`${view.name}: ${result.passes.length} rules passed, ${result.violations.length} violated`);
  await context.close();
}
await browser.close();
process.exit(faults ? 1 : 0);
