// Beats on ECG paper: 25 mm/s and 10 mm/mV, in millimetres.

/** @typedef {import("./beats.js").Beat} Beat */

const MM_S = 25, MM_MV = 10, COARSE_MM = 5;

/** Pictures of beats, all with the same range. @param {Beat[]} beats @param {number} fs_hz */
export function figures(beats, fs_hz) {
  const range = rangeOf(beats);
  return beats.map((beat) => figure(beat, fs_hz, range)).join("");
}

/** The range of beats in mV, from one line of the coarse grid to another. @param {Beat[]} beats */
function rangeOf(beats) {
  let low = 0, high = 0;
  for (const { signal_mv } of beats) for (const mv of signal_mv) [low, high] = [Math.min(low, mv), Math.max(high, mv)];
  const step = COARSE_MM / MM_MV;
  return { low: Math.floor(low / step) * step, high: Math.ceil(high / step) * step };
}

/** @param {Beat} beat @param {number} fs_hz @param {{low: number, high: number}} range */
function figure({ seed, label, signal_mv }, fs_hz, { low, high }) {
  const width = (signal_mv.length / fs_hz) * MM_S, height = (high - low) * MM_MV;
  const points = Array.from(signal_mv, (mv, i) => `${round((i / fs_hz) * MM_S)},${round((high - mv) * MM_MV)}`);
  return `<figure><svg viewBox="0 0 ${round(width)} ${height}" role="img" aria-label="${describe(label, seed, signal_mv)}">
    <path class="fine" d="${grid(width, height, 1)}"/><path class="coarse" d="${grid(width, height, COARSE_MM)}"/>
    <path class="trace" d="M${points.join("L")}"/></svg><figcaption>${label}, seed ${seed}</figcaption></figure>`;
}

/** @param {string} label @param {number} seed @param {Float32Array} signal_mv */
function describe(label, seed, signal_mv) {
  const [low, high] = [Math.min(...signal_mv), Math.max(...signal_mv)].map((mv) => mv.toFixed(2).replace("-", "−"));
  return `Synthetic beat of class ${label}, seed ${seed}, from ${low} to ${high} mV`;
}

/** Lines of a grid. @param {number} width @param {number} height @param {number} step */
function grid(width, height, step) {
  let lines = "";
  for (let x = 0; x <= width; x += step) lines += `M${x},0V${height}`;
  for (let y = 0; y <= height; y += step) lines += `M0,${y}H${round(width)}`;
  return lines;
}

/** @param {number} mm */
const round = (mm) => Number(mm.toFixed(3));
