// The selected image, and the sliders that change it.

import { latest } from "./latest.js";
import { moved } from "./latents.js";
import { canvasFor, paint, save } from "./pictures.js";
import { named } from "./view.js";

const element = (id) => document.getElementById(id);

export class Explorer {
  #generator;
  #view;
  #canvas;
  #sliders;
  #draw = latest(() => this.#drawNow());

  /** `changed` is called when a slider has been let go. */
  constructor(generator, changed) {
    this.#generator = generator;
    this.#canvas = canvasFor(generator.model);
    this.#canvas.setAttribute("role", "img");
    element("selected-image").replaceChildren(this.#canvas);
    this.#sliders = generator.model.directions.map((direction, k) => this.#slider(direction, k, changed));
    element("directions").hidden = this.#sliders.length === 0;
    element("reset").addEventListener("click", () => {
      this.#view.moves = this.#view.moves.map(() => 0);
      this.show(this.#view);
      changed();
    });
    element("save-image").addEventListener("click", () => save(this.#canvas, this.#fileName()));
  }

  /** Shows the selected image of a view. */
  show(view) {
    this.#view = view;
    this.#sliders.forEach(({ input, output }, k) => {
      input.value = view.moves[k];
      output.textContent = inSigmas(view.moves[k]);
    });
    return this.#draw();
  }

  async #drawNow() {
    const { selected, moves } = this.#view;
    const { model } = this.#generator;
    const latents = moved(this.#generator.latentsOf(selected.seed), moves, model);
    paint(this.#canvas, await this.#generator.imageOf(latents, selected.label), model);
    const words = named(selected, model) + (moves.some(Boolean) ? ", changed" : "");
    element("selected-caption").textContent = words;
    this.#canvas.setAttribute("aria-label", words);
  }

  #slider(direction, k, changed) {
    const label = document.createElement("label");
    const share = Object.assign(document.createElement("span"), {
      className: "hint",
      textContent: `${Math.round(100 * direction.share)} % of change`,
    });
    const input = Object.assign(document.createElement("input"), {
      type: "range", min: -3, max: 3, step: 0.1, value: 0,
    });
    const output = document.createElement("output");
    label.append(`Direction ${k + 1}`, share, output, input);
    element("sliders").append(label);
    input.addEventListener("input", () => {
      this.#view.moves[k] = Number(input.value);
      this.show(this.#view);
    });
    input.addEventListener("change", changed);
    return { input, output };
  }

  #fileName() {
    const { selected, moves } = this.#view;
    const place = selected.label === undefined ? "" : `-class${selected.label}`;
    return `${this.#generator.model.name}${place}-seed${selected.seed}${moves.some(Boolean) ? "-changed" : ""}`;
  }
}

function inSigmas(amount) {
  return `${amount > 0 ? "+" : amount < 0 ? "−" : ""}${Math.abs(amount).toFixed(1)} σ`;
}
