// The latents of a seed, equal to those of `gan.draw_latents(1, seed=seed)`: TensorFlow's stateless
// random numbers (tf.random.stateless_normal and stateless_uniform with alg="philox").

const ROUNDS = 10;
const STREAM_LOW = 0, STREAM_HIGH = 3 << 16; // 3 << 48: tfgan's number for samples
const SCRAMBLE_KEY = [0x3ec8f720, 0x02461e29]; // TensorFlow makes key and counter of a seed by it

/** High and low 32 bits of the product of two uint32. */
function multiply(a, b) {
  const aLow = a & 0xffff, aHigh = a >>> 16, bLow = b & 0xffff, bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const other = aLow * bHigh + (middle & 0xffff);
  const high = aHigh * bHigh + Math.floor(middle / 65536) + Math.floor(other / 65536);
  return [high >>> 0, Math.imul(a, b) >>> 0];
}

/** Philox4x32-10 (Salmon et al., 2011) of a counter of four uint32, low word first: four uint32. */
function philox(counter, key) {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < ROUNDS; round++) {
    const [high0, low0] = multiply(0xd2511f53, c0);
    const [high1, low1] = multiply(0xcd9e8d57, c2);
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0];
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** The first `count` uint32 of a seed, a whole number from 0 to 2**53 - 1. */
function randomBits(seed, count) {
  const low = (seed % 2 ** 32) >>> 0, high = Math.floor(seed / 2 ** 32);
  const [k0, k1, c2, c3] = philox([low, high, STREAM_LOW, STREAM_HIGH], SCRAMBLE_KEY);
  const blocks = Math.ceil(count / 4);
  const bits = new Uint32Array(4 * blocks);
  for (let block = 0; block < blocks; block++) {
    bits.set(philox([block, 0, c2, c3], [k0, k1]), 4 * block);
  }
  return bits.subarray(0, count);
}

/** A float32 in [0, 1) of 23 bits. */
const unit = (bits) => (bits & 0x7fffff) / 0x800000;

function normals(seed, count) {
  const bits = randomBits(seed, count + (count % 2));
  const values = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i += 2) { // Box and Muller, in float32 as TensorFlow
    const radius = Math.fround(Math.sqrt(-2 * Math.log(Math.max(unit(bits[i]), 1e-7))));
    const angle = Math.fround(Math.fround(2 * Math.PI) * unit(bits[i + 1]));
    values[i] = Math.fround(Math.sin(angle)) * radius;
    values[i + 1] = Math.fround(Math.cos(angle)) * radius;
  }
  return values.subarray(0, count);
}

function uniforms(low, high) {
  return (seed, count) =>
    Float32Array.from(randomBits(seed, count), (bits) =>
      Math.fround(unit(bits) * Math.fround(high - low)) + Math.fround(low));
}

/** Priors by the names they have in `tfgan.latents.NOISES`: functions of a seed and a count. */
export const NOISES = {
  normal: normals,
  uniform: uniforms(-Math.sqrt(3), Math.sqrt(3)),
  unit_uniform: uniforms(0, 1),
};

/**
 * The latents of a seed.
 *
 * @param {number} seed whole number from 0 to 2**53 - 1
 * @param {number} count how many: the model's `latent_dim`
 * @param {string} noise name of the prior
 * @returns {Float32Array} of length `count`
 */
export function latentsOf(seed, count, noise) {
  return NOISES[noise](seed, count);
}
