// The table of samples: a row per class, or rows of seeds.

import { canvasFor, paint } from "./pictures.js";
import { className, named } from "./view.js";

const ROWS = 6; // of a model that knows no classes

export class Grid {
  #table;
  #model;
  #onSelect;
  #drawn = 0; // number of the latest call of `draw`
  #rows = []; // of { button, canvas, cell }

  constructor(table, model, onSelect) {
    this.#table = table;
    this.#model = model;
    this.#onSelect = onSelect;
    table.addEventListener("keydown", (event) => this.#move(event));
  }

  get canvases() {
    return this.#rows.map((row) => row.map(({ canvas }) => canvas));
  }

  /** Draws row by row; the page answers meanwhile. Returns whether no later call took its place. */
  async draw(generator, view) {
    const number = ++this.#drawn;
    this.#build(view);
    for (const row of this.#rows) {
      const latents = row.map(({ cell }) => generator.latentsOf(cell.seed));
      const images = await generator.imagesOf(latents, row[0].cell.label);
      if (number !== this.#drawn) return false;
      row.forEach(({ canvas }, i) => paint(canvas, images[i], this.#model));
      await new Promise((resolve) => setTimeout(resolve));
      if (number !== this.#drawn) return false;
    }
    return true;
  }

  /** Marks the image that is selected, if it is in the table. */
  mark(selected) {
    const entries = this.#rows.flat();
    const chosen = entries.find(({ cell }) => cell.label === selected?.label && cell.seed === selected?.seed);
    for (const entry of entries) {
      entry.button.parentElement.setAttribute("aria-selected", String(entry === chosen));
      entry.button.tabIndex = entry === (chosen ?? entries[0]) ? 0 : -1;
    }
  }

  #build(view) {
    const byClass = this.#model.num_classes !== null;
    const columns = [...Array(view.columns).keys()];
    const cells = byClass
      ? view.classes.map((label) => columns.map((k) => ({ label, seed: view.seed + k })))
      : [...Array(ROWS).keys()].map((row) =>
        columns.map((k) => ({ label: undefined, seed: view.seed + row * view.columns + k })));
    this.#rows = cells.map((row) => row.map((cell) => this.#entry(cell)));
    const body = document.createElement("tbody");
    if (byClass) body.append(this.#head(columns.map((k) => view.seed + k)));
    this.#rows.forEach((row) => {
      const line = body.insertRow();
      const { label, seed } = row[0].cell;
      line.append(header("row", byClass ? className(label, this.#model) : String(seed)));
      row.forEach(({ button }) => {
        const cell = line.insertCell();
        cell.setAttribute("role", "gridcell");
        cell.append(button);
      });
    });
    this.#table.style.setProperty("--columns", view.columns);
    this.#table.replaceChildren(body);
  }

  #head(seeds) {
    const line = document.createElement("tr");
    const corner = document.createElement("td");
    corner.textContent = "seed";
    line.append(corner, ...seeds.map((seed) => header("col", String(seed))));
    return line;
  }

  #entry(cell) {
    const canvas = canvasFor(this.#model);
    const button = Object.assign(document.createElement("button"), {
      type: "button",
      title: named(cell, this.#model),
      tabIndex: -1,
    });
    button.setAttribute("aria-label", button.title);
    button.append(canvas);
    button.addEventListener("click", () => this.#onSelect(cell));
    return { button, canvas, cell };
  }

  #move(event) {
    const y = this.#rows.findIndex((row) => row.some(({ button }) => button === event.target));
    if (y < 0) return;
    const x = this.#rows[y].findIndex(({ button }) => button === event.target);
    const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
    const ends = { Home: [y, 0], End: [y, this.#rows[y].length - 1] };
    const step = steps[event.key];
    const [row, column] = step ? [y + step[0], x + step[1]] : ends[event.key] ?? [];
    const next = this.#rows[row]?.[column]?.button;
    if (!step && !ends[event.key]) return;
    event.preventDefault();
    if (!next) return;
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }
}

function header(scope, text) {
  const cell = Object.assign(document.createElement("th"), { scope, textContent: text });
  cell.setAttribute("role", scope === "col" ? "columnheader" : "rowheader");
  return cell;
}
