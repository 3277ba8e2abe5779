// Ways through latent space.

const SUPPORT = { uniform: [-Math.sqrt(3), Math.sqrt(3)], unit_uniform: [0, 1] };

/** Latents on the way from `a` (at 0) to `b` (at 1): on a great circle for a normal prior (White,
 * 2016, arXiv 1609.04468), where a straight line would pass through lengths that are never drawn. */
export function between(a, b, position, noise) {
  let [weightA, weightB] = [1 - position, position];
  if (noise === "normal") {
    const angle = Math.acos(Math.min(1, Math.max(-1, dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)))));
    if (Math.sin(angle) > 1e-4) {
      weightA = Math.sin((1 - position) * angle) / Math.sin(angle);
      weightB = Math.sin(position * angle) / Math.sin(angle);
    }
  }
  return a.map((value, i) => weightA * value + weightB * b[i]);
}

/** Latents moved along the model's directions.
 *
 * @param {Float32Array} latents
 * @param {number[]} amounts by direction, in standard deviations of the prior
 * @param {object} model content of model.json
 * @returns {Float32Array} inside the prior's range, where it has one
 */
export function moved(latents, amounts, model) {
  const result = Float32Array.from(latents);
  amounts.forEach((amount, k) => {
    const { vector } = model.directions[k];
    vector.forEach((value, i) => { result[i] += amount * model.noise_deviation * value; });
  });
  const [low, high] = SUPPORT[model.noise] ?? [-Infinity, Infinity];
  return result.map((value) => Math.min(high, Math.max(low, value)));
}

function dot(a, b) {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}
