// The samples of a recording near what is shown, at the resolution of the screen.

import { signal } from "./api.js";

/** @typedef {import("./api.js").Signal} Signal */
/** @typedef {{level: number, low: number, high: number}} Range level and extremes of a lead, in its unit */
/** @typedef {{source: Signal, row: number}} Found samples of a lead, and its row among them */

const POINTS = 12000, OVERVIEW_POINTS = 4000;
/** Most samples of all leads that are loaded at once, however long they last. */
const WHOLE = 1_500_000;
const BLOCK_S = 2;

/** Signals of a recording, each at its own rate. */
export class Signals {
  /**
   * @param {any} info of the recording
   * @param {() => void} onLoad called when more samples have come
   */
  constructor(info, onLoad) {
    this.info = info;
    /** @type {string[]} */
    this.leads = info.leads.map((/** @type {any} */ lead) => lead.name);
    /** @type {Map<string, {name: string, kind: string, unit: string, fs_hz: number}>} */
    this.about = new Map(info.leads.map((/** @type {any} */ lead) => [lead.name, lead]));
    const rates = [...new Set(info.leads.map((/** @type {any} */ lead) => lead.fs_hz))];
    this.groups = rates.map((rate) => new Group(info, info.leads.filter((/** @type {any} */ lead) => lead.fs_hz === rate), onLoad));
    /** @type {Map<string, Range>} */
    this.ranges = new Map();
  }

  async open() {
    await Promise.all(this.groups.map((group) => group.open(this.ranges)));
  }

  /** @param {string} lead */
  groupOf(lead) { return this.groups.find((group) => group.leads.includes(lead)); }

  /** The best samples of a lead at hand for an interval; better ones are loaded. @param {string} lead @param {number} from @param {number} to @param {number} pixels @returns {Found | null} */
  at(lead, from, to, pixels) {
    const group = this.groupOf(lead), source = group?.at(from, to, pixels);
    return group && source ? { source, row: group.leads.indexOf(lead) } : null;
  }

  /** Samples of a lead between two times, with the time of the first; null where they are not loaded. @param {string} lead @param {number} from @param {number} to */
  samples(lead, from, to) { return this.groupOf(lead)?.samples(lead, from, to) ?? null; }
}

/** Signals of one rate. */
class Group {
  /** @param {any} info of the recording @param {any[]} leads @param {() => void} onLoad */
  constructor(info, leads, onLoad) {
    this.info = info;
    this.onLoad = onLoad;
    /** @type {string[]} */
    this.leads = leads.map((lead) => lead.name);
    this.length = Math.max(...leads.map((lead) => lead.samples));
    /** @type {Signal | null} */
    this.whole = null;
    /** @type {Signal | null} */
    this.part = null;
    this.wanted = "";
  }

  /** @param {Map<string, Range>} ranges to which those of these leads are added */
  async open(ranges) {
    const isSmall = this.length * this.leads.length <= WHOLE && this.length <= 20_000;
    const points = isSmall ? 20_000 : OVERVIEW_POINTS;
    this.whole = await signal(this.info.id, this.leads, 0, this.info.duration_s, points);
    for (const [row, lead] of this.leads.entries()) ranges.set(lead, rangeOf(this.whole, row));
    this.onLoad();
  }

  /** The best samples at hand for an interval; better ones are loaded. @param {number} from @param {number} to @param {number} pixels */
  at(from, to, pixels) {
    const step = (to - from) / pixels;
    if (this.whole && isFine(this.whole, step)) return this.whole;
    if (this.part && isFine(this.part, step) && covers(this.part, from, to)) return this.part;
    this.load(from, to);
    return this.part && covers(this.part, from, to) ? this.part : this.whole;
  }

  /** @param {number} from @param {number} to */
  async load(from, to) {
    const span = to - from;
    const start = Math.max(0, from - span), stop = Math.min(this.info.duration_s, to + span);
    const wanted = `${start.toFixed(3)}-${stop.toFixed(3)}`;
    if (this.loading || wanted === this.wanted) return;
    this.loading = true;
    this.wanted = wanted;
    try {
      this.part = await signal(this.info.id, this.leads, start, stop, POINTS);
    } finally {
      this.loading = false;
    }
    this.onLoad();
  }

  /** @param {string} lead @param {number} from @param {number} to */
  samples(lead, from, to) {
    const source = [this.whole, this.part].find((one) => one?.kind === "samples" && covers(one, from, to));
    const row = this.leads.indexOf(lead);
    if (!source || row < 0) return null;
    const length = source.shape[1], offset = row * length;
    const first = Math.max(0, Math.ceil((from - source.start_s) * source.fs_hz - 1e-6));
    const last = Math.min(length - 1, Math.floor((to - source.start_s) * source.fs_hz + 1e-6));
    return { start: source.start_s + first / source.fs_hz, fs: source.fs_hz, values: source.values.subarray(offset + first, offset + last + 1) };
  }
}

/** @param {Signal} source */
const stepOf = (source) => (source.kind === "samples" ? 1 / source.fs_hz : source.step_s ?? 1);

/** @param {Signal} source @param {number} step seconds of a pixel */
const isFine = (source, step) => source.kind === "samples" || stepOf(source) <= step * 1.3;

/** @param {Signal} source @param {number} from @param {number} to */
function covers(source, from, to) {
  const stop = source.start_s + source.shape[1] * stepOf(source);
  return source.start_s <= from + 1e-6 && stop >= to - 2 * stepOf(source);
}

/**
 * Level and usual extremes of a lead: those of nearly all blocks of two seconds, so that noise does not count.
 * @param {Signal} source @param {number} row @returns {Range}
 */
function rangeOf(source, row) {
  const width = source.kind === "envelope" ? 2 : 1, size = source.shape[1] * width;
  const values = source.values.subarray(row * size, (row + 1) * size);
  const known = Float32Array.from(values.filter((value) => value === value)).sort();
  if (!known.length) return { level: 0, low: -1, high: 1 };
  const block = Math.max(1, Math.round(BLOCK_S / stepOf(source))) * width;
  const lows = [], highs = [];
  for (let first = 0; first < values.length; first += block) {
    let low = Infinity, high = -Infinity;
    for (const value of values.subarray(first, first + block)) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
    if (high >= low) { lows.push(low); highs.push(high); }
  }
  const at = (/** @type {number[]} */ sorted, /** @type {number} */ share) => sorted[Math.round(share * (sorted.length - 1))];
  const order = (/** @type {number} */ one, /** @type {number} */ other) => one - other;
  return { level: known[known.length >> 1], low: at(lows.sort(order), 0.08), high: at(highs.sort(order), 0.92) };
}

/**
 * Call `line` with the points of a lead, in their order; `move` begins anew after missing samples.
 * @param {Signal} source @param {number} row @param {number} from @param {number} to
 * @param {(time: number, value: number) => void} move
 * @param {(time: number, value: number) => void} line
 */
export function walk(source, row, from, to, move, line) {
  const step = stepOf(source), length = source.shape[1];
  const first = Math.max(0, Math.floor((from - source.start_s) / step) - 1);
  const last = Math.min(length, Math.ceil((to - source.start_s) / step) + 2);
  let isOpen = false;
  const add = (/** @type {number} */ time, /** @type {number} */ value) => {
    if (value !== value) isOpen = false;
    else if (isOpen) line(time, value);
    else { move(time, value); isOpen = true; }
  };
  for (let i = first; i < last; i++) {
    const time = source.start_s + i * step;
    if (source.kind === "samples") add(time, source.values[row * length + i]);
    else {
      add(time, source.values[(row * length + i) * 2]);
      add(time, source.values[(row * length + i) * 2 + 1]);
    }
  }
}

/** Signals that are at hand: one lead of a generated beat. @param {Float32Array} values @param {number} fs @param {string} lead */
export function localSignals(values, fs, lead) {
  const leads = [{ name: lead, kind: "ecg", unit: "mV", fs_hz: fs, samples: values.length }];
  const info = { id: "", samples: values.length, duration_s: values.length / fs, fs_hz: fs, leads, start: null, name: lead, beats: [], synthetic: [] };
  const signals = new Signals(info, () => {});
  signals.groups[0].whole = { leads: [lead], fs_hz: fs, start_s: 0, shape: [1, values.length], kind: "samples", values };
  const known = [...values].sort((a, b) => a - b);
  signals.ranges.set(lead, { level: known[known.length >> 1], low: known[0], high: known[known.length - 1] });
  return { info, signals };
}
