// ECG paper on a canvas: signals below each other, each at the scale that its lane or the caption states.

import { clock, colour, duration, fixed, leadWord, plural, quantity, roundBelow } from "./dom.js";
import { Drawing } from "./drawing.js";
import { walk } from "./signals.js";

/** @typedef {import("./signals.js").Signals} Signals */
/** @typedef {{start: number, stop: number, leads: string[]}} Selection */
/** @typedef {{lead: string, start_s: number, stop_s: number, kind: string, ticked?: boolean}} Fault */
/** @typedef {{lead: string, start: number, fs: number, signal: number[], lower: number[], upper: number[], draws: number[][]}} Band what a job wrote, and its interval */

/** Millimetres of CSS, which are those of paper when printed. */
export const PX_MM = 96 / 25.4;
export const SPEEDS = [25, 50], GAINS = [5, 10, 20];
const FASTEST = 400, LEAST_GAIN = 0.5, MOST_GAIN = 80;
const BOTTOM = 24, TOP = 22, LEAST_ROW_MM = 18;
/** Most height of a row; less beside other signals, which are to be seen with a noisy ECG. */
const MOST_ROW_MM = 160, MOST_MIXED_MM = 40;
const LEGEND = 5, NAME_MM = 2, MOST_SPREAD_MM = 16;
/** Most height of signals other than an ECG, by a round scale; their levels are on lines of the coarse grid, and every second line has a value. */
const OTHER_MM = 30, COARSE_MM = 5, VALUES_MM = 10;
/** Longest time on paper: of more, the overview tells more. */
const LONGEST_S = 300;
const INTERVALS = new Set(["missing", "flat", "clipped", "saturated", "noise"]);

export class Paper extends Drawing {
  /**
   * @param {HTMLElement} root
   * @param {{onView?: () => void, onSelect?: (selection: Selection | null) => void, onPick?: (time: number, lead: string) => void, onPoint?: (time: number, lead: string) => void}} [listeners]
   */
  constructor(root, { onView = () => {}, onSelect = () => {}, onPick = () => {}, onPoint = () => {} } = {}) {
    super(root);
    this.onPoint = onPoint;
    this.onView = onView;
    this.onSelect = onSelect;
    this.onPick = onPick;
    root.classList.add("paper");
    root.tabIndex = 0;
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", "Signals on paper. Press question mark for the keys.");
    root.append(this.canvas);
    /** @type {Signals | null} */ this.signals = null;
    /** @type {{signals: Signals, offset: number} | null} */ this.recorded = null;
    /** @type {string[]} */ this.leads = [];
    this.t = 0;
    this.speed = 25;
    this.gain = 10;
    /** @type {[number, string][]} */ this.beats = [];
    /** @type {Fault[]} */ this.faults = [];
    /** @type {{lead: string, start_s: number, stop_s: number}[]} */ this.synthetic = [];
    /** @type {Band[]} */ this.bands = [];
    /** @type {number[][] & {start?: number, fs?: number}} */ this.preview = [];
    /** @type {Selection | null} */ this.selection = null;
    /** @type {number | null} */ this.cut = null;
    /** @type {{lead: string, a: number, b: number} | null} */ this.calipers = null;
    this.selects = false;
    this.hidesLabels = false;
    /** Height that is there to be filled, in pixels. */ this.room = 0;
    this.listen();
  }

  resize() { this.setView(this.t); }

  /** @param {any} info @param {Signals} signals */
  show(info, signals) {
    this.info = info;
    this.signals = signals;
    this.beats = info.beats ?? [];
    this.synthetic = partsOf(info);
    this.leads = this.leads.filter((lead) => signals.leads.includes(lead));
    if (!this.leads.length) this.leads = [...signals.leads];
  }

  get gutter() { return this.width < 500 ? 34 : 12 * PX_MM; }
  get plotWidth() { return Math.max(50, this.width - this.gutter - 2); }
  get seconds() { return this.plotWidth / PX_MM / this.speed; }
  set seconds(seconds) { this.speed = this.plotWidth / PX_MM / seconds; }
  get end() { return this.t + this.seconds; }

  /** @param {number} t @param {number} [speed] */
  setView(t, speed = this.speed) {
    if (!this.info) return;
    const slowest = Math.min(25, this.plotWidth / PX_MM / Math.min(this.info.duration_s, LONGEST_S));
    this.speed = Math.min(Math.max(speed, slowest), FASTEST);
    this.t = Math.min(Math.max(t, 0), Math.max(this.info.duration_s - this.seconds, 0));
    this.draw();
    this.onView();
  }

  /** @param {number} factor of the time that is shown @param {number} [at] time that stays where it is */
  zoom(factor, at = this.t + this.seconds / 2) {
    const share = (at - this.t) / this.seconds;
    const speed = Math.min(this.speed / factor, FASTEST);
    this.setView(at - share * (this.plotWidth / PX_MM / speed), speed);
  }

  /** @param {number} gain */
  setGain(gain) {
    this.gain = Math.min(Math.max(gain, LEAST_GAIN), MOST_GAIN);
    this.draw();
    this.onView();
  }

  /** Show an interval, in the middle if it is out of sight. @param {number} start @param {number} [stop] */
  reveal(start, stop = start) {
    if (start >= this.t + 0.05 * this.seconds && stop <= this.end - 0.05 * this.seconds) return;
    this.setView((start + Math.min(stop, start + this.seconds)) / 2 - this.seconds / 2);
  }

  /** Scroll to the lane of a lead. @param {string} lead */
  revealLead(lead) {
    const row = this.rows.find((one) => one.lead === lead), { scrollTop, clientHeight } = this.root;
    if (row && (row.top < scrollTop || row.bottom > scrollTop + clientHeight - BOTTOM)) this.root.scrollTop = (row.top + row.bottom - clientHeight) / 2;
  }

  /** @param {number} time */
  x(time) { return this.gutter + (time - this.t) * this.speed * PX_MM; }

  /** @param {number} clientX */
  timeAt(clientX) {
    const x = clientX - this.canvas.getBoundingClientRect().left;
    const time = this.t + (x - this.gutter) / (this.speed * PX_MM);
    return Math.min(Math.max(time, 0), this.info?.duration_s ?? 0);
  }

  /** @param {number} clientY */
  leadAt(clientY) {
    const y = clientY - this.canvas.getBoundingClientRect().top;
    return this.rows.find((row) => y < row.bottom)?.lead ?? this.leads[this.leads.length - 1];
  }

  /** @param {string} lead */
  unitOf(lead) { return this.signals?.about.get(lead)?.unit ?? "mV"; }

  /** @param {string} lead */
  isEcg(lead) { return this.signals?.about.get(lead)?.kind === "ecg"; }

  /** Millimetres of a unit of a signal: the gain of an ECG; other signals have a round scale that fits them at 10 mm/mV. @param {string} lead */
  scaleOf(lead) {
    if (this.isEcg(lead)) return this.gain;
    const { low, high } = this.rangeOf(lead);
    return (roundBelow(OTHER_MM / Math.max(high - low, 1e-6)) * this.gain) / 10;
  }

  /** @param {string} lead */
  rangeOf(lead) { return this.signals?.ranges.get(lead) ?? { level: 0, low: -1, high: 1 }; }

  /** Lead, scale, level and edges of each row, in pixels; where there is room, rows are spread. */
  get rows() {
    const rows = this.layOut(0), spare = (this.room - (rows[rows.length - 1]?.bottom ?? 0) - BOTTOM) / rows.length;
    return spare > 4 ? this.layOut(Math.min(spare, MOST_SPREAD_MM * PX_MM) / 2) : rows;
  }

  /** @param {number} spread space above and below each row */
  layOut(spread) {
    let top = TOP, first = NaN;
    return this.leads.map((lead) => {
      const range = this.rangeOf(lead), scale = this.scaleOf(lead), isEcg = this.isEcg(lead), limit = (this.hasOthers ? MOST_MIXED_MM : MOST_ROW_MM) / 2;
      const value = isEcg ? range.level : Math.round((range.level * scale) / VALUES_MM) * (VALUES_MM / scale);
      const least = isEcg ? Math.max(LEAST_ROW_MM / 2, scale + NAME_MM) : 0;
      const above = Math.min(Math.max((range.high - value) * scale, least), limit) + (isEcg ? 3 : 6);
      const below = Math.min(Math.max((value - range.low) * scale, isEcg ? LEAST_ROW_MM / 2 : 0), limit) + (isEcg ? 1 : 3);
      let level = top + above * PX_MM + spread;
      if (!isEcg && first === first) level = first + Math.ceil((level - first) / (COARSE_MM * PX_MM)) * COARSE_MM * PX_MM;
      first = first === first ? first : level;
      const row = { lead, value, scale, top, level, bottom: level + below * PX_MM + spread };
      top = row.bottom;
      return row;
    });
  }

  /** Height of a value in a row. @param {any} row @param {number} value */
  y(row, value) { return row.level - (value - row.value) * row.scale * PX_MM; }

  paint() {
    const rows = this.rows;
    if (!rows.length || !this.width) return;
    const height = Math.ceil(rows[rows.length - 1].bottom + BOTTOM), pen = this.pen(height);
    pen.fillStyle = colour("paper");
    pen.fillRect(0, 0, this.width, height);
    pen.lineJoin = "round";
    this.paintIntervals(pen, rows, height);
    const step = this.paintGrid(pen, rows, height);
    for (const row of rows) {
      if (this.isEcg(row.lead)) this.paintPulse(pen, row);
      else this.paintValues(pen, row);
    }
    pen.save();
    pen.beginPath();
    pen.rect(this.gutter, 0, this.plotWidth, height);
    pen.clip();
    this.paintBands(pen, rows);
    for (const row of rows) this.paintTrace(pen, row);
    this.paintPreview(pen, rows);
    this.paintBeats(pen, rows[0]);
    this.paintFaults(pen, rows);
    this.paintCut(pen, height);
    this.paintCalipers(pen, rows, height);
    pen.restore();
    this.paintNames(pen, rows);
    this.paintTimes(pen, step, Math.min(height, this.root.scrollTop + (this.root.clientHeight || height)));
    this.canvas.setAttribute("aria-label", this.describe());
  }

  /** @param {CanvasRenderingContext2D} pen @param {any[]} rows @param {number} height */
  paintGrid(pen, rows, height) {
    const right = this.gutter + this.plotWidth;
    const big = [5 / this.speed, 1, 5, 10, 60, 300, 900, 3600].find((step) => step * this.speed * PX_MM >= 9) ?? 7200;
    const isPaper = big === 5 / this.speed && (this.speed === 25 || this.speed === 50);
    const step = isPaper || big > 0.9 ? big : this.speed < 36 ? 0.2 : this.speed < 90 ? 0.1 : 0.04;
    const level = rows[0].level;
    const lines = (/** @type {string} */ style, /** @type {number} */ seconds, /** @type {number} */ mm) => {
      pen.strokeStyle = colour(style);
      pen.lineWidth = 1;
      pen.beginPath();
      for (let i = Math.ceil((this.t - this.gutter / (this.speed * PX_MM)) / seconds - 1e-9); i * seconds <= this.end; i++) {
        const x = Math.round(this.x(i * seconds)) + 0.5;
        pen.moveTo(x, 0);
        pen.lineTo(x, height - BOTTOM);
      }
      const gap = mm * PX_MM;
      for (let y = level % gap; y <= height - BOTTOM; y += gap) {
        pen.moveTo(0, Math.round(y) + 0.5);
        pen.lineTo(right, Math.round(y) + 0.5);
      }
      pen.stroke();
    };
    if (step < 0.9) lines("fine", step / 5, 1);
    lines("grid", step, 5);
    return step;
  }

  /** Times along the lower edge of what is seen. @param {CanvasRenderingContext2D} pen @param {number} step @param {number} height */
  paintTimes(pen, step, height) {
    pen.fillStyle = colour("paper");
    pen.fillRect(0, height - BOTTOM + 1, this.width, BOTTOM);
    const room = this.info.start ? 76 : 58;
    const label = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600].find((one) => one >= step && one * this.speed * PX_MM >= room)
      ?? (this.seconds < 1 ? 0.2 : 7200);
    const digits = label < 1 || this.seconds < 2 ? 1 : 0;
    const every = this.seconds < 2 ? 0.2 : label;
    pen.fillStyle = colour("quiet");
    pen.font = "12px system-ui, sans-serif";
    pen.textAlign = "center";
    for (let i = Math.ceil(this.t / every); i * every <= this.end; i++) {
      const x = this.x(i * every);
      if (x < this.gutter + 12 || x > this.width - 20) continue;
      pen.fillText(clock(i * every, this.info.start, digits), x, height - 7);
    }
  }

  /** @param {CanvasRenderingContext2D} pen @param {any} row */
  paintPulse(pen, row) {
    const width = Math.min(5 * PX_MM, this.gutter - 10), left = 4, top = row.level - this.gain * PX_MM;
    pen.strokeStyle = colour("signal");
    pen.lineWidth = 1.2;
    pen.beginPath();
    pen.moveTo(left - 3, row.level);
    for (const [x, y] of [[left, row.level], [left, top], [left + width, top], [left + width, row.level], [left + width + 3, row.level]]) pen.lineTo(x, y);
    pen.stroke();
  }

  /** The values of the lines of the grid, beside a signal without a calibration pulse. @param {CanvasRenderingContext2D} pen @param {any} row */
  paintValues(pen, row) {
    const step = VALUES_MM / row.scale, digits = [0, 1, 2, 3].find((one) => Math.abs(Math.round(step * 10 ** one) - step * 10 ** one) < 1e-6) ?? 4;
    const gap = VALUES_MM * PX_MM, first = Math.ceil((row.level - row.bottom + 6) / gap), last = Math.floor((row.level - row.top - 24) / gap);
    pen.font = "11px system-ui, sans-serif";
    pen.textAlign = "right";
    for (let i = first; i <= last; i++) {
      const y = row.level - i * gap, text = fixed(row.value + i * step, digits), width = pen.measureText(text).width;
      pen.fillStyle = colour("paper");
      pen.fillRect(this.gutter - width - 10, y - 7, width + 4, 13);
      pen.fillStyle = pen.strokeStyle = colour("quiet");
      pen.fillText(text, this.gutter - 8, y + 4);
      pen.lineWidth = 1;
      pen.beginPath();
      pen.moveTo(this.gutter - 5, Math.round(y) + 0.5);
      pen.lineTo(this.gutter, Math.round(y) + 0.5);
      pen.stroke();
    }
  }

  /** @param {CanvasRenderingContext2D} pen @param {any[]} rows */
  paintNames(pen, rows) {
    pen.textAlign = "left";
    for (const row of rows) {
      const isEcg = this.isEcg(row.lead), y = isEcg ? Math.max(row.top + 10, row.level - row.scale * PX_MM - 7) : row.top + 15;
      pen.font = "600 13px system-ui, sans-serif";
      const width = pen.measureText(row.lead).width, scale = this.hasOthers ? this.scaleText(row) : "";
      pen.font = "11px system-ui, sans-serif";
      pen.fillStyle = colour("paper");
      pen.fillRect(1, y - 12, width + 5 + (scale ? pen.measureText(scale).width + 6 : 0), 16);
      pen.fillStyle = colour("quiet");
      pen.fillText(scale, width + 9, y);
      pen.font = "600 13px system-ui, sans-serif";
      pen.fillStyle = colour("ink");
      pen.fillText(row.lead, 3, y);
    }
  }

  /** Whether signals other than an ECG are shown, so that each lane states its scale. */
  get hasOthers() { return this.leads.some((lead) => !this.isEcg(lead)); }

  /** @param {any} row */
  scaleText(row) { return `${Number(row.scale.toPrecision(3))} mm/${this.unitOf(row.lead)}`; }

  /** @param {CanvasRenderingContext2D} pen @param {any[]} rows @param {number} height */
  paintIntervals(pen, rows, height) {
    const fill = (/** @type {string} */ style, /** @type {any} */ row, /** @type {number} */ start, /** @type {number} */ stop) => {
      const left = Math.max(this.x(start), this.gutter), right = Math.min(this.x(stop), this.width);
      if (right < left) return;
      pen.fillStyle = colour(style);
      pen.fillRect(left, row ? row.top : 0, Math.max(right - left, 2), row ? row.bottom - row.top : height);
    };
    for (const row of rows) {
      for (const fault of this.faults) if (fault.lead === row.lead && fault.ticked !== false) fill("fault-shade", row, fault.start_s, fault.stop_s);
      const selection = this.selection;
      if (selection?.leads.includes(row.lead)) fill("selected", row, selection.start, selection.stop);
    }
  }

  /** @param {CanvasRenderingContext2D} pen @param {any} row */
  paintTrace(pen, row) {
    if (!this.signals) return;
    if (this.recorded) this.strokeSource(pen, row, this.recorded.signals, this.recorded.offset, "recorded");
    this.strokeSource(pen, row, this.signals, 0, "signal");
  }

  /** @param {CanvasRenderingContext2D} pen @param {any} row @param {Signals} signals @param {number} offset @param {string} style */
  strokeSource(pen, row, signals, offset, style) {
    const from = this.t + offset, to = this.end + offset;
    const found = signals.at(row.lead, Math.max(0, from), Math.min(to, signals.info.duration_s), this.plotWidth);
    if (!found) return;
    const path = new Path2D();
    walk(found.source, found.row, from, to, (time, value) => path.moveTo(this.x(time - offset), this.y(row, value)), (time, value) => path.lineTo(this.x(time - offset), this.y(row, value)));
    const written = this.synthetic.filter((part) => part.lead === row.lead && part.stop_s >= this.t && part.start_s <= this.end);
    if (style === "recorded") {
      this.clipped(pen, row, written, () => {
        pen.strokeStyle = colour("recorded");
        pen.lineWidth = 1.1;
        pen.setLineDash([4, 3]);
        pen.stroke(path);
        pen.setLineDash([]);
      });
      return;
    }
    pen.strokeStyle = colour(style);
    pen.lineWidth = 1.3;
    pen.stroke(path);
    this.clipped(pen, row, written, () => {
      pen.strokeStyle = colour("paper");
      pen.lineWidth = 3;
      pen.stroke(path);
      pen.strokeStyle = colour("drawn");
      pen.lineWidth = 2;
      pen.stroke(path);
    });
    pen.fillStyle = colour("drawn");
    pen.font = "11px system-ui, sans-serif";
    pen.textAlign = "left";
    for (const part of written) {
      const left = Math.max(this.x(part.start_s), this.gutter), right = this.x(part.stop_s), y = row.bottom - 3;
      pen.fillRect(left, y, Math.max(right - left, 2), 3);
      if (right - left > 54) pen.fillText("synthetic", left + 2, y - 3);
    }
  }

  /** @param {CanvasRenderingContext2D} pen @param {any} row @param {{start_s: number, stop_s: number}[]} parts @param {() => void} paint */
  clipped(pen, row, parts, paint) {
    if (!parts.length) return;
    pen.save();
    pen.beginPath();
    for (const part of parts) pen.rect(this.x(part.start_s) - 1, row.top - 40, this.x(part.stop_s) - this.x(part.start_s) + 2, row.bottom - row.top + 80);
    pen.clip();
    paint();
    pen.restore();
  }

  /** @param {CanvasRenderingContext2D} pen @param {any[]} rows */
  paintBands(pen, rows) {
    for (const band of this.bands) {
      const row = rows.find((one) => one.lead === band.lead), stop = band.start + band.lower.length / band.fs;
      if (!row || stop < this.t || band.start > this.end) continue;
      const point = (/** @type {number} */ i, /** @type {number} */ value) => /** @type {[number, number]} */ ([this.x(band.start + i / band.fs), this.y(row, value)]);
      const every = Math.max(1, Math.floor(band.fs / (this.speed * PX_MM) / 2));
      const indices = [...Array(Math.ceil(band.lower.length / every)).keys()].map((i) => i * every);
      pen.fillStyle = colour("band");
      pen.beginPath();
      for (const i of indices) pen.lineTo(...point(i, band.upper[i]));
      for (const i of indices.reverse()) pen.lineTo(...point(i, band.lower[i]));
      pen.fill();
      pen.strokeStyle = colour("drawn-thin");
      pen.lineWidth = 0.7;
      indices.reverse();
      for (const draw of band.draws) {
        pen.beginPath();
        for (const i of indices) pen.lineTo(...point(i, draw[i]));
        pen.stroke();
      }
    }
  }

  /** @param {CanvasRenderingContext2D} pen @param {any[]} rows */
  paintPreview(pen, rows) {
    const { start = 0, fs = 1 } = this.preview;
    pen.strokeStyle = colour("drawn-thin");
    pen.lineWidth = 0.8;
    for (const draw of this.preview) {
      pen.beginPath();
      draw.forEach((value, i) => pen.lineTo(this.x(start + i / fs), this.y(rows[0], value)));
      pen.stroke();
    }
  }

  /** @param {CanvasRenderingContext2D} pen @param {any} row */
  paintBeats(pen, row) {
    if (this.hidesLabels) return;
    pen.font = "600 12px system-ui, sans-serif";
    pen.textAlign = "center";
    let last = -Infinity;
    const shown = this.beats.filter(([time]) => time >= this.t && time <= this.end);
    const isDense = shown.length * 14 > this.plotWidth;
    for (const [time, symbol] of shown) {
      if (isDense && symbol === "N") continue;
      const x = this.x(time);
      if (x - last < 9) continue;
      last = x;
      pen.fillStyle = colour(symbol === "N" ? "quiet" : "ectopic");
      pen.fillText(symbol, x, row.top - 6);
    }
  }

  /** @param {CanvasRenderingContext2D} pen @param {any[]} rows */
  paintFaults(pen, rows) {
    pen.font = "11px system-ui, sans-serif";
    pen.textAlign = "left";
    for (const fault of this.faults) {
      const row = rows.find((one) => one.lead === fault.lead);
      if (!row || fault.stop_s < this.t || fault.start_s > this.end) continue;
      const left = Math.max(this.x(fault.start_s), this.gutter), right = Math.min(this.x(fault.stop_s), this.width);
      pen.strokeStyle = pen.fillStyle = colour(INTERVALS.has(fault.kind) ? fault.kind : "selected-line");
      pen.lineWidth = 2;
      pen.beginPath();
      pen.moveTo(left, row.top + LEGEND + 5);
      pen.lineTo(left, row.top + LEGEND);
      pen.lineTo(right, row.top + LEGEND);
      pen.lineTo(right, row.top + LEGEND + 5);
      pen.stroke();
      if (right - left > 44) pen.fillText(fault.kind === "noise" ? "noisy" : fault.kind, left + 4, row.top + LEGEND + 13);
    }
  }

  /** @param {CanvasRenderingContext2D} pen @param {number} height */
  paintCut(pen, height) {
    if (this.cut === null) return;
    const x = Math.round(this.x(this.cut)) + 0.5;
    pen.strokeStyle = pen.fillStyle = colour("accent");
    pen.lineWidth = 2;
    pen.beginPath();
    pen.moveTo(x, 0);
    pen.lineTo(x, height - BOTTOM);
    pen.stroke();
    pen.font = "11px system-ui, sans-serif";
    pen.textAlign = "left";
    pen.fillText("forecast from here", x + 4, height - BOTTOM - 5);
  }

  /** @param {CanvasRenderingContext2D} pen @param {any[]} rows @param {number} height */
  paintCalipers(pen, rows, height) {
    if (!this.calipers) return;
    const { lead, a, b } = this.calipers, row = rows.find((one) => one.lead === lead) ?? rows[0];
    pen.strokeStyle = pen.fillStyle = colour("caliper");
    pen.lineWidth = 1.5;
    pen.font = "600 12px system-ui, sans-serif";
    pen.textAlign = "center";
    for (const [name, time] of /** @type {[string, number][]} */ ([["A", a], ["B", b]])) {
      const x = this.x(time), value = valueAt(this.signals, lead, time);
      pen.beginPath();
      pen.moveTo(x, row.top);
      pen.lineTo(x, row.bottom);
      pen.stroke();
      pen.fillText(name, x, Math.min(row.bottom + 11, height - 2));
      if (value === null) continue;
      pen.beginPath();
      pen.arc(x, this.y(row, value), 4, 0, 7);
      pen.fill();
    }
  }

  /** What is shown, in words. */
  describe() {
    const { info } = this, beats = this.beats.filter(([time]) => time >= this.t && time <= this.end);
    const counts = [...new Set(beats.map(([, symbol]) => symbol))].map((one) => `${beats.filter(([, symbol]) => symbol === one).length} ${one}`);
    const faults = this.faults.filter((fault) => fault.stop_s >= this.t && fault.start_s <= this.end);
    return [
      `${info.name}, ${plural(this.leads.length, leadWord(info))}: ${this.rows.map((row) => `${row.lead}, ${this.scaleText(row)}`).join("; ")}`,
      `from ${clock(this.t, info.start, 1)} to ${clock(Math.min(this.end, info.duration_s), info.start, 1)}`,
      beats.length && !this.hidesLabels ? `beats: ${counts.join(", ")}` : "",
      faults.length ? faults.map((fault) => `${fault.lead} ${fault.kind} for ${duration(fault.stop_s - fault.start_s)}`).slice(0, 5).join("; ") : "",
    ].filter(Boolean).join("; ");
  }

  get caption() {
    const isTrue = SPEEDS.includes(Number(this.speed.toFixed(3)));
    const speed = `${isTrue ? Math.round(this.speed) : Number(this.speed.toPrecision(3))} mm/s`;
    return this.hasOthers ? speed : `${speed}   ${Number(this.gain.toPrecision(3))} mm/mV`;
  }

  listen() {
    /** @type {Map<number, {x: number, y: number}>} */
    const pointers = new Map();
    /** @type {any} */
    let drag = null;
    const spread = () => {
      const [one, other] = [...pointers.values()];
      return { width: Math.max(Math.abs(one.x - other.x), 10), middle: (one.x + other.x) / 2 };
    };
    this.root.addEventListener("scroll", () => this.draw());
    this.root.addEventListener("pointerdown", (event) => {
      if (event.button || !this.info) return;
      pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      this.root.setPointerCapture(event.pointerId);
      if (pointers.size === 2) {
        drag = { kind: "pinch", ...spread(), seconds: this.seconds, at: this.timeAt(spread().middle) };
        return;
      }
      const kind = event.shiftKey || this.selects ? "select" : "pan";
      drag = { kind, x: event.clientX, t: this.t, at: this.timeAt(event.clientX), lead: this.leadAt(event.clientY), moved: false };
    });
    this.root.addEventListener("pointermove", (event) => {
      if (this.info) this.onPoint(this.timeAt(event.clientX), this.leadAt(event.clientY));
      if (!pointers.has(event.pointerId) || !drag) return;
      pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      if (drag.kind === "pinch") {
        if (pointers.size < 2) return;
        const now = spread(), speed = this.plotWidth / PX_MM / (drag.seconds * (drag.width / now.width));
        const x = now.middle - this.canvas.getBoundingClientRect().left - this.gutter;
        this.setView(drag.at - x / (speed * PX_MM), speed);
        return;
      }
      drag.moved ||= Math.abs(event.clientX - drag.x) > 3;
      if (!drag.moved) return;
      if (drag.kind === "pan") this.setView(drag.t - (event.clientX - drag.x) / (this.speed * PX_MM));
      else this.select(drag.at, this.timeAt(event.clientX), this.between(drag.lead, this.leadAt(event.clientY)));
    });
    const end = (/** @type {PointerEvent} */ event) => {
      pointers.delete(event.pointerId);
      if (drag?.kind === "pan" && !drag.moved && event.type === "pointerup") this.onPick(drag.at, drag.lead);
      if (!pointers.size) drag = null;
    };
    this.root.addEventListener("pointerup", end);
    this.root.addEventListener("pointercancel", end);
    this.root.addEventListener("wheel", (event) => {
      if (!this.info) return;
      const isTall = this.root.scrollHeight > this.root.clientHeight + 2, scrolls = isTall || matchMedia("(max-width: 1100px)").matches;
      if (event.ctrlKey || event.metaKey) this.zoom(Math.exp(event.deltaY / 200), this.timeAt(event.clientX));
      else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) this.setView(this.t + event.deltaX / (this.speed * PX_MM));
      else if (event.shiftKey || !scrolls) this.setView(this.t + event.deltaY / (this.speed * PX_MM));
      else return;
      event.preventDefault();
    }, { passive: false });
  }

  /** @param {string} one @param {string} other */
  between(one, other) {
    const [first, last] = [this.leads.indexOf(one), this.leads.indexOf(other)].sort((a, b) => a - b);
    return this.leads.slice(first, last + 1);
  }

  /** @param {number} one @param {number} other @param {string[]} leads */
  select(one, other, leads) {
    const [start, stop] = [Math.min(one, other), Math.max(one, other)].map((time) => Number(time.toFixed(3)));
    this.selection = stop > start ? { start, stop, leads } : null;
    this.draw();
    this.onSelect(this.selection);
  }
}

/** Intervals that a model wrote into a recording; none where all of it is synthetic. @param {any} info */
export const partsOf = (info) => (info.synthetic ?? []).filter((/** @type {any} */ part) => part.start_s > 0 || part.stop_s < info.duration_s - 0.01);

/** The sample of a lead nearest to a time, in its unit. @param {Signals | null} signals @param {string} lead @param {number} time */
export function valueAt(signals, lead, time) {
  const near = 0.05 + 1 / (signals?.about.get(lead)?.fs_hz ?? 1), part = signals?.samples(lead, Math.max(0, time - near), time + near);
  if (!part?.values.length) return null;
  const index = Math.min(Math.max(Math.round((time - part.start) * part.fs), 0), part.values.length - 1);
  const value = part.values[index];
  return value === value ? value : null;
}

/**
 * What calipers measure: ms, rate, and the difference from A to B and between the extremes.
 * @param {Signals | null} signals @param {{lead: string, a: number, b: number}} calipers
 */
export function measure(signals, { lead, a, b }) {
  const seconds = Math.abs(b - a), from = valueAt(signals, lead, a), to = valueAt(signals, lead, b);
  const between = signals?.samples(lead, Math.min(a, b), Math.max(a, b));
  const known = between ? [...between.values].filter((value) => value === value) : [];
  const amount = (/** @type {number | null} */ value) => (value === null ? "–" : quantity(value, signals?.about.get(lead)?.unit ?? ""));
  return {
    ms: `${Math.round(seconds * 1000)} ms`,
    rate: seconds > 0 ? `${fixed(60 / seconds, seconds > 0.5 ? 0 : 0)} per min` : "–",
    a: amount(from),
    b: amount(to),
    difference: amount(from === null || to === null ? null : to - from),
    range: amount(known.length ? Math.max(...known) - Math.min(...known) : null),
  };
}
