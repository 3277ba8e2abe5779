// Measures an exported page in headless Chromium, and takes its picture:
//
//     npm ci --prefix tests/export/web
//     node tests/export/web/measure.mjs http://localhost:8000/ [PICTURE.png [WIDTH [light|dark]]]
//
// Prints ms from the page's opening to the end of its first grid, and ms per image: median, 5th and 95th
// percentile of 500, each the mean of 20 images in a row, which is finer than the browser's clock.

import { chromium } from "playwright-core";

const [address, picture, width = "1200", colorScheme = "light"] = process.argv.slice(2);
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
const page = await browser.newPage({ viewport: { width: Number(width), height: 900 }, colorScheme });
const opened = performance.now();
await page.goto(address);
await page.waitForFunction(() => window.tfgan, null, { timeout: 120_000 });
const loading = performance.now() - opened;
if (picture) await page.screenshot({ path: picture, fullPage: true });
const times = await page.evaluate(async () => {
  const { imageOf, latentsOf, model } = window.tfgan;
  const times = [];
  for (let run = 0; run < 500; run++) {
    const rows = [...Array(20).keys()].map((k) => latentsOf(20 * run + k));
    const label = model.num_classes === null ? undefined : run % model.num_classes;
    const start = performance.now();
    for (const latents of rows) await imageOf(latents, label);
    times.push((performance.now() - start) / rows.length);
  }
  return times.sort((a, b) => a - b);
});
const [median, low, high] = [0.5, 0.05, 0.95].map((part) => times[Math.floor(part * times.length)].toFixed(3));
console.log(`${await page.title()}: first grid after ${loading.toFixed(0)} ms; ${median} ms per image (${low} to ${high}), ` +
  `${await page.evaluate(() => window.tfgan.backend)}, Chromium ${browser.version()}`);
await browser.close();
