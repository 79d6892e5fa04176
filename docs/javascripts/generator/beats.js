// Heartbeats of a model that `diffecg export` has written, and their CSV file.

import { chance, normals } from "./random.js";

/** @typedef {{name: string, labels: string[], lead: string, fs_hz: number}} About what is known of a model */
/** @typedef {{seed: number, label: string, signal_mv: Float32Array}} Beat */

/** Digits of a CSV file of diffecg: steps of 10 nV. */
const DECIMALS = 5;

/**
 * Generate a beat for each seed.
 * @param {import("./runtime.js").Runtime} runtime
 * @param {About} about
 * @param {string} label
 * @param {number[]} seeds
 * @returns {Promise<Beat[]>}
 */
export async function generateBeats({ ort, session }, about, label, seeds) {
  const { shape } = session.inputMetadata.find((/** @type {any} */ input) => input.name === "noise");
  const size = shape.slice(1).reduce((/** @type {number} */ product, /** @type {number} */ axis) => product * axis, 1);
  const noise = new Float32Array(seeds.length * size);
  seeds.forEach((seed, i) => noise.set(normals(seed, size), i * size));
  const labels = seeds.flatMap(() => about.labels.map((one) => Number(one === label)));
  const { signal_mv } = await session.run({
    labels: new ort.Tensor("float32", labels, [seeds.length, about.labels.length]),
    chance: new ort.Tensor("float64", seeds.map(chance), [seeds.length]),
    noise: new ort.Tensor("float32", noise, [seeds.length, ...shape.slice(1)]),
  });
  const length = signal_mv.dims.at(-1);
  return seeds.map((seed, i) => ({ seed, label, signal_mv: signal_mv.data.slice(i * length, (i + 1) * length) }));
}

/** A table with a row for each beat, as `diffecg generate` writes it. @param {Beat[]} beats @param {About} about */
export function toCsv(beats, about) {
  const header = ["seed", "label", "lead", "fs_hz", ...Array.from(beats[0].signal_mv, (_, i) => `mv_${i}`)];
  const rows = beats.map(({ seed, label, signal_mv }) =>
    [seed, label, about.lead, about.fs_hz, ...Array.from(signal_mv, (mv) => mv.toFixed(DECIMALS))]);
  return [header, ...rows].map((cells) => `${cells.join(",")}\n`).join("");
}
