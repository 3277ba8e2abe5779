// The way between the images of two seeds: a strip, and a slider that can play.

import { latest } from "./latest.js";
import { between } from "./latents.js";
import { canvasFor, paint } from "./pictures.js";
import { className, wholeOf } from "./view.js";

const SECONDS = 4; // of one way
const COUNT = 9; // images in the strip at first

const element = (id) => document.getElementById(id);

export class Between {
  #generator;
  #view;
  #count = COUNT;
  #canvas;
  #playing = 0; // number of the latest request for a frame; 0 when nothing plays
  #draw = latest(() => this.#drawImage());
  #drawAll = latest(() => this.#drawStrip());

  constructor(generator, report) {
    this.#generator = generator;
    this.#canvas = canvasFor(generator.model);
    this.#canvas.setAttribute("role", "img");
    element("between-image").replaceChildren(this.#canvas);
    element("between-count").value = COUNT;
    this.#offerClasses();
    element("between-count").addEventListener("change", (event) => report(event.target, () => {
      this.#count = wholeOf(event.target.value, 3, 16, "The number of images");
      this.#drawAll();
    }));
    element("position").addEventListener("input", () => {
      this.#stop();
      this.#draw();
    });
    this.#offerPlay();
  }

  /** Shows the way between a view's seeds. */
  async show(view) {
    this.#view = view;
    await this.#drawAll();
    await this.#draw();
  }

  #offerClasses() {
    const { model } = this.#generator;
    const select = element("between-class");
    element("between-class-label").hidden = model.num_classes === null;
    for (let label = 0; label < model.num_classes; label++) select.add(new Option(className(label, model), label));
    select.addEventListener("change", () => this.show(this.#view));
  }

  #offerPlay() {
    const reduced = matchMedia("(prefers-reduced-motion: reduce)");
    const offer = () => {
      element("play").hidden = reduced.matches;
      element("play-hint").hidden = !reduced.matches;
      if (reduced.matches) this.#stop();
    };
    reduced.addEventListener("change", offer);
    offer();
    element("play").addEventListener("click", () => (this.#playing ? this.#stop() : this.#play()));
  }

  #play() {
    const slider = element("position");
    const start = performance.now() - (Number(slider.value) / 100) * SECONDS * 1000;
    const frame = (now) => {
      const ways = (now - start) / (SECONDS * 1000);
      const back = Math.floor(ways) % 2 === 1;
      slider.value = 100 * (back ? 1 - (ways % 1) : ways % 1);
      this.#draw();
      this.#playing = requestAnimationFrame(frame);
    };
    this.#playing = requestAnimationFrame(frame);
    this.#showPlaying(true);
  }

  #stop() {
    cancelAnimationFrame(this.#playing);
    this.#playing = 0;
    this.#showPlaying(false);
  }

  #showPlaying(on) {
    element("play").textContent = on ? "Pause" : "Play";
    element("play").setAttribute("aria-pressed", String(on));
  }

  #label() {
    return this.#generator.model.num_classes === null ? undefined : Number(element("between-class").value);
  }

  #latentsAt(position) {
    const ends = [this.#view.from, this.#view.to].map((seed) => this.#generator.latentsOf(seed));
    return between(...ends, position, this.#generator.model.noise);
  }

  async #drawImage() {
    const percent = Math.round(Number(element("position").value));
    const image = await this.#generator.imageOf(this.#latentsAt(percent / 100), this.#label());
    paint(this.#canvas, image, this.#generator.model);
    this.#canvas.setAttribute("aria-label", `${percent} % of the way from seed ${this.#view.from} to seed ${this.#view.to}`);
    element("position-output").textContent = `${percent} %`;
  }

  async #drawStrip() {
    const { model } = this.#generator;
    const positions = [...Array(this.#count).keys()].map((k) => k / (this.#count - 1));
    const latents = positions.map((position) => this.#latentsAt(position));
    const images = await this.#generator.imagesOf(latents, this.#label());
    const canvases = images.map((image, k) => {
      const canvas = canvasFor(model);
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", `${Math.round(100 * positions[k])} %`);
      paint(canvas, image, model);
      return canvas;
    });
    element("strip").replaceChildren(...canvases);
  }
}
