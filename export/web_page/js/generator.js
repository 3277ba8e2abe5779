// The generator, run on this device by LiteRT.js.

import { Environment, Tensor, loadAndCompile, loadLiteRt, supportsFeature } from "../litert/core.js";
import { latentsOf } from "./philox.js";

const SIGNATURE = "serving_default";
const KEPT_TIMES = 50;

/** Fetches a file of the page; what goes wrong is said in words for its visitor. */
export async function fetched(name) {
  let answer;
  try {
    answer = await fetch(name);
  } catch (error) {
    throw new Error(`${name} cannot be loaded: is the server still running?`, { cause: error });
  }
  if (!answer.ok) {
    throw new Error(`${name} cannot be loaded (HTTP ${answer.status}): put the whole folder on the server.`);
  }
  return answer;
}

export class Generator {
  #compiled;
  #times = []; // ms per image, of each of the last calls of `imagesOf`

  /**
   * @param {object} model content of model.json
   * @param {object} compiled LiteRT.js's compiled model
   * @param {string} backend what runs it, in words
   */
  constructor(model, compiled, backend) {
    this.model = model;
    this.backend = backend;
    this.#compiled = compiled;
  }

  /** Loads LiteRT.js and the model. */
  static async load(model) {
    const bytes = new Uint8Array(await (await fetched("generator.tflite")).arrayBuffer());
    quieten();
    try {
      await loadLiteRt("litert/wasm/");
    } catch (error) {
      throw new Error("LiteRT.js cannot be loaded: put the whole folder on the server, litert/ too.",
        { cause: error });
    }
    const compiled = await loadAndCompile(bytes, { accelerator: "wasm" });
    const simd = (await supportsFeature("relaxedSimd")) ? "relaxed SIMD" : "SIMD";
    return new Generator(model, compiled, `WebAssembly (${simd}, 1 thread)`);
  }

  /** The latents of a seed, Float32Array (latent_dim): those of `gan.draw_latents(1, seed=seed)`. */
  latentsOf(seed) {
    return latentsOf(checkSeed(seed), this.model.latent_dim, this.model.noise);
  }

  /**
   * Makes one image.
   *
   * @param {ArrayLike<number>} latents (latent_dim), finite
   * @param {number} [label] from 0 to num_classes - 1, of a model that knows classes
   * @returns {Promise<Float32Array>} (H * W * C) in [0, 1], by rows
   * @throws {RangeError} if the latents or the label do not fit
   */
  async imageOf(latents, label) {
    return (await this.imagesOf([latents], label))[0];
  }

  /** The images of several latents, timed together. */
  async imagesOf(rows, label) {
    rows.forEach((latents) => checkLatents(latents, this.model));
    checkLabel(label, this.model);
    const images = [];
    const start = performance.now();
    for (const latents of rows) images.push(await this.#run(latents, label));
    this.#times.push((performance.now() - start) / rows.length);
    this.#times.splice(0, this.#times.length - KEPT_TIMES);
    return images;
  }

  /** Median time of an image, ms. */
  msPerImage() {
    const sorted = [...this.#times].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)];
  }

  async #run(latents, label) {
    const inputs = { latents: new Tensor(Float32Array.from(latents), [1, latents.length]) };
    if (label !== undefined) inputs.condition = new Tensor(Int32Array.of(label), [1]);
    let outputs = {};
    try {
      outputs = await this.#compiled.run(SIGNATURE, inputs);
      return outputs.images.toTypedArray().slice();
    } finally { // LiteRT.js frees nothing by itself
      for (const tensor of [...Object.values(inputs), ...Object.values(outputs)]) tensor.delete();
    }
  }
}

/** Keeps LiteRT.js from writing its news as errors, and from taking a GPU, which small models gain nothing by. */
function quieten() {
  const tell = (line) => (/^(INFO|WARNING|VERBOSE)/.test(line) ? console.debug(line) : console.error(line));
  self.Module = { printErr: tell }; // Emscripten's options; its loader removes them
  const create = Environment.create;
  Environment.create = (options) => create.call(Environment, { webGpuDevice: null, ...options });
}

/** Returns the seed, or throws a RangeError. */
export function checkSeed(seed) {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(`A seed is a whole number from 0 to 2^53 - 1, not ${seed}.`);
  }
  return seed;
}

/** Throws a RangeError unless the label is one of the model's; LiteRT.js would return any numbers. */
export function checkLabel(label, model) {
  if (model.num_classes === null) {
    if (label !== undefined) throw new RangeError(`This model knows no classes: give no label, not ${label}.`);
  } else if (!Number.isInteger(label) || label < 0 || label >= model.num_classes) {
    throw new RangeError(`A label is a whole number from 0 to ${model.num_classes - 1}, not ${label}.`);
  }
}

function checkLatents(latents, model) {
  const numbers = Array.from(latents ?? []);
  if (numbers.length !== model.latent_dim) {
    throw new RangeError(`Latents are ${model.latent_dim} numbers, not ${numbers.length}.`);
  }
  if (!numbers.every(Number.isFinite)) throw new RangeError("Latents must be finite numbers.");
}
