// Random numbers of a seed: Philox4x32-10 (Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC 2011),
// and normal ones by the method of Box and Muller.

const MULTIPLIERS = [0xd2511f53, 0xcd9e8d57], KEY_STEPS = [0x9e3779b9, 0xbb67ae85];
const ROUNDS = 10, WORDS = 4, RANGE = 2 ** 32;
/** Second word of the counter: numbers of different use do not depend on each other. */
const NOISE = 0, CHANCE = 1;

/** The upper 32 bits of the product of two unsigned numbers of 32 bits. @param {number} a @param {number} b */
function upperHalf(a, b) {
  const [low, high, bLow, bHigh] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  return high * bHigh + Math.floor((high * bLow + low * bHigh + Math.floor((low * bLow) / 0x10000)) / 0x10000);
}

/**
 * Four random words of 32 bits.
 * @param {number[]} counter four words
 * @param {number[]} key two words
 */
export function philox(counter, key) {
  let [a, b, c, d] = counter, [left, right] = key;
  for (let round = 0; round < ROUNDS; round++) {
    [a, b, c, d] = [
      upperHalf(MULTIPLIERS[1], c) ^ b ^ left, Math.imul(MULTIPLIERS[1], c),
      upperHalf(MULTIPLIERS[0], a) ^ d ^ right, Math.imul(MULTIPLIERS[0], a),
    ];
    [left, right] = [left + KEY_STEPS[0], right + KEY_STEPS[1]];
  }
  return [a, b, c, d].map((word) => word >>> 0);
}

/** Standard normal numbers. @param {number} seed @param {number} count */
export function normals(seed, count) {
  const numbers = new Float32Array(count);
  for (let block = 0; block * WORDS < count; block++) {
    const [a, b, c, d] = philox([block, NOISE, 0, 0], [seed, 0]);
    numbers.set([...pair(a, b), ...pair(c, d)].slice(0, count - block * WORDS), block * WORDS);
  }
  return numbers;
}

/** Two standard normal numbers from two words. @param {number} a @param {number} b */
function pair(a, b) {
  const radius = Math.sqrt(-2 * Math.log((a + 1) / RANGE)), angle = (2 * Math.PI * b) / RANGE;
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
}

/** A number from 0 to 1. @param {number} seed */
export const chance = (seed) => philox([0, CHANCE, 0, 0], [seed, 0])[0] / RANGE;
