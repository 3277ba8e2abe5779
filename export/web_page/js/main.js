// The page: its fields, and what they change.

import { Between } from "./between.js";
import { Explorer } from "./explore.js";
import { fetched, Generator } from "./generator.js";
import { Grid } from "./grid.js";
import { between, moved } from "./latents.js";
import { save, sheet } from "./pictures.js";
import { className, columnsOf, format, parse, seedOf } from "./view.js";

const SAVED_SIZE = 64; // pixels an image of the saved grid has at least
const NEW_SEEDS = 100_000;

const element = (id) => document.getElementById(id);
let model, generator, grid, explorer, ways, view;

function say(text, wrong = false) {
  element("status").textContent = text;
  element("status").classList.toggle("error", wrong);
}

/** Runs what a field asks for; what is wrong with it is said, and shown at the field. */
function report(field, work) {
  try {
    work();
    field.removeAttribute("aria-invalid");
  } catch (error) {
    field.setAttribute("aria-invalid", "true");
    say(error.message, true);
  }
}

function keep() {
  history.replaceState(null, "", format(view, model));
}

async function draw() {
  keep();
  if (model.num_classes !== null && view.classes.length === 0) {
    say("Choose at least one class.", true);
    return;
  }
  try {
    if (!await grid.draw(generator, view)) return;
  } catch (error) { // such as a row of seeds that ends above the highest
    say(error.message, true);
    return;
  }
  grid.mark(view.selected);
  const count = grid.canvases.flat().length;
  say(`${count} ${count === 1 ? "image" : "images"}, ${generator.msPerImage().toFixed(2)} ms each (median), by ${generator.backend}.`);
}

function select(cell) {
  view.selected = cell;
  view.moves = view.moves.map(() => 0);
  grid.mark(cell);
  explorer.show(view);
  keep();
}

function showFields() {
  for (const id of ["seed", "columns", "from", "to"]) {
    element(id).value = view[id];
    element(id).removeAttribute("aria-invalid");
  }
  for (const box of element("chips").querySelectorAll("input")) {
    box.checked = view.classes.includes(Number(box.value));
  }
}

function showView() {
  const [given, problems] = parse(location.hash, model);
  view = given;
  const label = model.num_classes === null ? undefined : view.classes[0] ?? 0;
  view.selected ??= { label, seed: view.seed };
  showFields();
  explorer.show(view);
  ways.show(view);
  const drawn = draw();
  if (problems.length) drawn.then(() => say(problems.join(" "), true));
  return drawn;
}

/** The chooser of classes: boxes to check, and all or none at once. */
function offerClasses() {
  element("classes").hidden = model.num_classes === null;
  for (let label = 0; label < model.num_classes; label++) {
    const chip = document.createElement("label");
    chip.append(Object.assign(document.createElement("input"), { type: "checkbox", value: label }));
    chip.append(Object.assign(document.createElement("span"), { textContent: className(label, model) }));
    element("chips").append(chip);
  }
  const boxes = [...element("chips").querySelectorAll("input")];
  const changed = () => {
    view.classes = boxes.filter((box) => box.checked).map((box) => Number(box.value));
    draw();
  };
  element("chips").addEventListener("change", changed);
  for (const [id, checked] of [["all", true], ["none", false]]) {
    element(id).addEventListener("click", () => {
      boxes.forEach((box) => { box.checked = checked; });
      changed();
    });
  }
}

function listen() {
  const readers = { seed: seedOf, columns: columnsOf, from: seedOf, to: seedOf };
  for (const [id, read] of Object.entries(readers)) {
    element(id).addEventListener("change", (event) => report(event.target, () => {
      view[id] = read(event.target.value);
      if (id === "from" || id === "to") {
        keep();
        ways.show(view);
      } else {
        draw();
      }
    }));
  }
  for (const form of document.forms) form.addEventListener("submit", (event) => event.preventDefault());
  element("new-seed").addEventListener("click", () => {
    view.seed = Math.floor(Math.random() * NEW_SEEDS);
    showFields();
    draw();
  });
  element("save-grid").addEventListener("click", () => {
    const scale = Math.ceil(SAVED_SIZE / Math.max(...model.image_shape.slice(0, 2)));
    save(sheet(grid.canvases, scale), `${model.name}-seed${view.seed}`);
  });
  window.addEventListener("hashchange", showView);
}

function describe() {
  document.title = model.name;
  element("name").textContent = model.name;
  const [height, width] = model.image_shape;
  const trained = model.data ? ` trained on ${model.data}` : "";
  element("lede").textContent =
    `A generator${trained} makes these images (${width} × ${height} pixels) on your device. Nothing is sent anywhere.`;
  const facts = [
    `${model.latent_dim} latents, prior ${model.noise}, ${model.weights} weights.`,
    model.licence ? `Data: ${model.licence}.` : "",
    `Made with tfgan ${model.tfgan}; runs by LiteRT.js ${model.litert_js} (Apache License 2.0, see litert/LICENSE).`,
  ];
  element("about").textContent = facts.filter(Boolean).join(" ");
}

async function start() {
  model = await (await fetched("model.json")).json();
  describe();
  say("Loading LiteRT.js and the model (about 10 MB) …");
  generator = await Generator.load(model);
  element("main").hidden = false;
  grid = new Grid(element("grid"), model, select);
  explorer = new Explorer(generator, keep);
  ways = new Between(generator, report);
  offerClasses();
  listen();
  await showView();
  // For other scripts, and for tests; documented in tfgan's docs/browser.md.
  window.tfgan = {
    model,
    latentsOf: (seed) => generator.latentsOf(seed),
    imageOf: (latents, label) => generator.imageOf(latents, label),
    between: (a, b, position) => between(a, b, position, model.noise),
    moved: (latents, amounts) => moved(latents, amounts, model),
    msPerImage: () => generator.msPerImage(),
    backend: generator.backend,
  };
}

start().catch((error) => {
  say(error.message, true);
  console.warn(error);
});
