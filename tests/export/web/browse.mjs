// Drives a browser over exported pages and prints as JSON what it saw; test_web_browser.py judges that.
//
//     node browse.mjs ASKED.json
//
// ASKED: { chromium, digits, colour, dynamic (addresses of pages), folder (of the first, as files), out
// (where pictures go), latents, label (what to make an image of) }.

import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const asked = JSON.parse(readFileSync(process.argv[2], "utf8"));
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--js-flags=--expose-gc",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const browser = await chromium.launch({ executablePath: asked.chromium, headless: true, args: FLAGS });
const faults = [];
const hosts = new Set();

/** Opens a page; what it says on the console and whom it asks is kept, unless faults are expected. */
async function open(address, { options = {}, init, route, faulty = false } = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
  const page = await context.newPage();
  if (init) await page.addInitScript(init);
  if (route) await page.route(...route);
  page.on("request", (request) => hosts.add(new URL(request.url()).host));
  if (!faulty) {
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) faults.push(`${message.type()}: ${message.text()}`);
    });
    page.on("pageerror", (error) => faults.push(String(error)));
  }
  await page.goto(address);
  return page;
}

const said = (page) => page.locator("#status").textContent();
const wrong = async (page) => {
  await page.waitForSelector("#status.error", { timeout: 30_000 });
  return said(page);
};

/** Opens a page and waits until it has drawn. */
async function opened(address, given) {
  const page = await open(address, given);
  await page.waitForFunction(() => window.tfgan, null, { timeout: 60_000 })
    .catch(async (error) => { throw new Error(`${error.message}: ${await said(page)}`); });
  return page;
}

/** What the cells of the grid show: [title, pixels (RGBA)]. */
const cells = (page) => page.evaluate(() => [...document.querySelectorAll("#grid button")].map((button) => {
  const canvas = button.firstChild;
  return [button.title, [...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data]];
}));

const refusals = (page) => page.evaluate(async () => {
  const latents = window.tfgan.latentsOf(0);
  const said = {};
  const tried = {
    "label too high": () => window.tfgan.imageOf(latents, window.tfgan.model.num_classes),
    "label -1": () => window.tfgan.imageOf(latents, -1),
    "label 1.5": () => window.tfgan.imageOf(latents, 1.5),
    "no label": () => window.tfgan.imageOf(latents),
    "few latents": () => window.tfgan.imageOf(latents.slice(1), 0),
    "latents NaN": () => window.tfgan.imageOf(latents.map(() => NaN), 0),
    "seed -1": async () => window.tfgan.latentsOf(-1),
    "seed 0.5": async () => window.tfgan.latentsOf(0.5),
  };
  for (const [name, attempt] of Object.entries(tried)) {
    said[name] = await attempt().then(() => null, (error) => `${error.name}: ${error.message}`);
  }
  return said;
});

const imageAsked = (page) => page.evaluate(async ({ latents, label }) =>
  [...await window.tfgan.imageOf(latents, label)], asked);

async function download(page, button, name) {
  const [file] = await Promise.all([page.waitForEvent("download"), page.click(button)]);
  await file.saveAs(`${asked.out}/${name}`);
  return file.suggestedFilename();
}

const seen = {
  async images() {
    const page = await opened(asked.digits);
    return {
      image: await imageAsked(page),
      cells: await cells(page),
      status: await said(page),
      title: await page.title(),
      refusals: await refusals(page),
      milliseconds: await page.evaluate(() => window.tfgan.msPerImage()),
      backend: await page.evaluate(() => window.tfgan.backend),
    };
  },

  async colour() {
    const page = await opened(`${asked.colour}#seed=7&columns=3`);
    const overlong = await page.evaluate(async () => {
      const { latentsOf, moved } = window.tfgan;
      return Math.max(...moved(latentsOf(0), [3, 0, 0]).map(Math.abs));
    });
    return { cells: await cells(page), refusals: await refusals(page), overlong,
      chooser: await page.locator("#classes").isVisible() };
  },

  async dynamic() {
    const page = await opened(asked.dynamic);
    return { image: await imageAsked(page) };
  },

  async wrongInput() {
    const page = await opened(`${asked.digits}#classes=3,12&seed=5`);
    const label = await wrong(page);
    await page.fill("#seed", "-4");
    await page.press("#seed", "Enter");
    const seed = await said(page);
    const marked = await page.getAttribute("#seed", "aria-invalid");
    await page.fill("#seed", "9007199254740991");
    await page.press("#seed", "Enter");
    await page.waitForTimeout(200);
    const last = await said(page);
    await page.click("#none");
    await page.waitForTimeout(100);
    return { label, seed, marked, last, none: await said(page) };
  },

  async link() {
    const page = await opened(`${asked.digits}#classes=3,7&seed=41&columns=4&selected=42,7&moves=1.5&from=9&to=8`);
    return {
      titles: (await cells(page)).map(([title]) => title),
      caption: await page.textContent("#selected-caption"),
      slider: await page.inputValue("#sliders input"),
      from: await page.inputValue("#from"),
      hash: await page.evaluate(() => location.hash),
    };
  },

  async keyboard() {
    const page = await opened(`${asked.digits}#classes=1,2&seed=3&columns=3`);
    const order = [];
    const focused = () => page.evaluate(() => {
      const { id, title, type, value } = document.activeElement;
      const outline = getComputedStyle(document.activeElement);
      return { name: id || title || `${type} ${value}`, visible: outline.outlineStyle !== "none"
        || getComputedStyle(document.activeElement.nextElementSibling ?? document.body).outlineStyle !== "none" };
    });
    const go = async (name) => {
      for (let i = 0; i < 60; i++) {
        await page.keyboard.press("Tab");
        order.push(await focused());
        if (order.at(-1).name.startsWith(name)) return;
      }
      throw new Error(`Tab does not reach ${name}: ${order.map((each) => each.name)}`);
    };
    await go("checkbox 9");
    await page.keyboard.press("Space");
    await page.waitForFunction(() => document.querySelectorAll("#grid tr").length === 4);
    await go("seed");
    await page.keyboard.type("3");
    await go("new-seed");
    await go("columns");
    await go("class 1, seed 3");
    await page.waitForTimeout(200);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => /class 2, seed 4/.test(document.getElementById("selected-caption").textContent));
    const image = () => page.evaluate(() => document.querySelector("#selected-image canvas").toDataURL());
    const before = await image();
    await go("range 0");
    for (let i = 0; i < 20; i++) await page.keyboard.press("ArrowRight");
    await page.waitForFunction(() => /changed/.test(document.getElementById("selected-caption").textContent));
    const after = await image();
    const hash = await page.evaluate(() => location.hash);
    await go("reset");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => !/changed/.test(document.getElementById("selected-caption").textContent));
    const again = await image();
    await go("from");
    await go("between-class");
    await go("position");
    await page.keyboard.press("End");
    await page.waitForFunction(() => document.getElementById("position-output").textContent === "100 %");
    await go("play");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.getElementById("position-output").textContent !== "100 %");
    await page.keyboard.press("Enter");
    const paused = await page.textContent("#play");
    return { order, changed: before !== after, back: before === again, hash, paused };
  },

  async files() {
    const page = await opened(`${asked.digits}#classes=3,7&seed=41&columns=4&selected=42,7`);
    return [await download(page, "#save-grid", "grid.png"), await download(page, "#save-image", "image.png")];
  },

  async looks() {
    const widths = {};
    for (const [name, colorScheme, width] of
      [["light", "light", 1200], ["dark", "dark", 1200], ["phone", "light", 360], ["phone-dark", "dark", 360]]) {
      const page = await opened(asked.digits, { options: { colorScheme, viewport: { width, height: 900 } } });
      widths[name] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth,
        getComputedStyle(document.body).backgroundColor]);
      await page.screenshot({ path: `${asked.out}/${name}.png`, fullPage: true });
      await page.goto(asked.colour + "#seed=0&columns=20");
      await page.reload();
      await page.waitForFunction(() => window.tfgan);
      widths[`colour ${name}`] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    }
    return widths;
  },

  async still() {
    const page = await opened(asked.digits, { options: { reducedMotion: "reduce" } });
    return [await page.locator("#play").isVisible(), await page.locator("#play-hint").isVisible()];
  },

  async without() {
    const answers = {};
    const noWasm = await open(asked.digits, { init: () => { delete window.WebAssembly; }, faulty: true });
    answers.wasm = await wrong(noWasm);
    const lost = (name) => ({ route: [`**/${name}`, (route) => route.fulfill({ status: 404 })], faulty: true });
    for (const name of ["generator.tflite", "model.json", "litert/core.js", "js/view.js",
      "litert/wasm/litert_wasm_internal.js"]) {
      answers[name] = await wrong(await open(asked.digits, lost(name)));
    }
    answers.file = await wrong(await open(`file://${asked.folder}/index.html`, { faulty: true }));
    const noScript = await open(asked.digits, { options: { javaScriptEnabled: false } });
    answers.script = await noScript.locator("noscript").textContent();
    return answers;
  },

  async compatible() {
    // A browser without relaxed SIMD: the few bytes by which LiteRT.js looks for it do not compile.
    const init = () => {
      for (const name of ["instantiate", "compile"]) {
        const original = WebAssembly[name];
        WebAssembly[name] = (bytes, ...more) => (bytes.byteLength < 100
          ? Promise.reject(new WebAssembly.CompileError("no relaxed SIMD")) : original(bytes, ...more));
      }
    };
    const asks = [];
    const page = await open("about:blank", { init });
    page.on("request", (request) => asks.push(request.url().split("/").at(-1)));
    await page.goto(asked.digits);
    await page.waitForFunction(() => window.tfgan, null, { timeout: 60_000 });
    return { image: await imageAsked(page), asks, backend: await page.evaluate(() => window.tfgan.backend) };
  },

  async hostile() {
    // Names of markup, under the page's policy and the server's headers; then scripts that are injected.
    const violations = [];
    const page = await open("about:blank", { faulty: true });
    await page.exposeFunction("violated", (what) => violations.push(what));
    await page.addInitScript(() => addEventListener("securitypolicyviolation", (event) =>
      window.violated(`${event.effectiveDirective} ${event.blockedURI}`)));
    const headers = [];
    page.on("response", (answer) => headers.push(answer.headers()["content-security-policy"] ?? ""));
    await page.goto(asked.hostile);
    await page.waitForFunction(() => window.tfgan, null, { timeout: 60_000 });
    await page.click("#grid button");
    await page.waitForFunction(() => document.getElementById("selected-caption").textContent);
    const before = [...violations];
    const shown = await page.evaluate(() => ({
      pwned: window.pwned ?? null,
      images: document.querySelectorAll("img").length,
      scripts: [...document.scripts].map((script) => script.getAttribute("src")),
      chips: [...document.querySelectorAll("#chips span")].map((span) => span.textContent),
      options: [...document.querySelectorAll("#between-class option")].map((option) => option.textContent),
      heads: [...document.querySelectorAll("#grid th[scope=row]")].map((cell) => cell.textContent),
      caption: document.getElementById("selected-caption").textContent,
      name: document.getElementById("name").textContent,
      title: document.title,
    }));
    await page.evaluate((other) => {
      const inline = document.createElement("script");
      inline.textContent = "window.pwned = 'inline'";
      document.body.append(inline);
      const foreign = document.createElement("script");
      foreign.src = `${other}js/start.js`;
      document.body.append(foreign);
      document.body.insertAdjacentHTML("beforeend", "<img src=x onerror=\"window.pwned = 'handler'\">");
      document.body.insertAdjacentHTML("beforeend", "<style>body { display: none }</style>");
      const link = document.createElement("a");
      link.href = "javascript:window.pwned = 'link'";
      document.body.append(link);
      link.click();
    }, asked.digits);
    const evaluated = await page.evaluate(() => new Promise((resolve) => {
      const script = document.createElement("script");
      script.src = "evil.js"; // of the page's own server: what it evaluates is what counts
      script.onload = () => resolve(window.evaluated);
      script.onerror = () => resolve("not loaded");
      document.body.append(script);
    }));
    const sent = await page.evaluate((other) => fetch(other).then(() => "sent", () => "refused"), asked.digits);
    await page.waitForTimeout(500);
    return { before, shown, evaluated, sent, pwned: await page.evaluate(() => window.pwned ?? null),
      hidden: await page.evaluate(() => getComputedStyle(document.body).display === "none"),
      violations, headers };
  },

  async tampered() {
    // Other scripts than the page tells the digests of are not run.
    const answers = {};
    for (const name of ["js/view.js", "js/main.js", "litert/core.js"]) {
      const page = await open("about:blank", { faulty: true });
      await page.route(`**/${name}`, (route) => route.fulfill({
        contentType: "text/javascript", body: readFileSync(`${asked.folder}/${name}`, "utf8") + "\nwindow.pwned = 1;" }));
      await page.goto(asked.digits);
      answers[name] = [await wrong(page), await page.evaluate(() => window.pwned ?? null)];
    }
    return answers;
  },

  async memory() {
    const page = await opened(asked.digits);
    const measure = () => page.evaluate(async () => {
      const { getGlobalLiteRt } = await import("./litert/core.js");
      window.gc();
      return [getGlobalLiteRt().liteRtWasm.HEAPU8.byteLength, performance.memory.usedJSHeapSize];
    });
    const drag = (count) => page.evaluate(async (count) => {
      const slider = document.querySelector("#sliders input");
      for (let i = 0; i < count; i++) {
        slider.value = (i % 60) / 10 - 3;
        slider.dispatchEvent(new Event("input"));
        document.getElementById("new-seed").click();
        await new Promise((resolve) => setTimeout(resolve, 20));
        for (let k = 0; k < 50; k++) await window.tfgan.imageOf(window.tfgan.latentsOf(k), 3);
      }
    }, count);
    await drag(50);
    const before = await measure();
    await drag(200);
    return { before, after: await measure() };
  },
};

const found = {};
for (const [name, look] of Object.entries(seen)) {
  try {
    found[name] = await look();
  } catch (error) {
    found[name] = { failed: String(error) };
  }
  await Promise.all(browser.contexts().map((context) => context.close()));
}
await browser.close();
console.log(JSON.stringify({ ...found, faults, hosts: [...hosts] }));
