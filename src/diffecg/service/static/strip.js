// A recording of any length: drawn at the screen's resolution, moved and zoomed by mouse, touch and keys.

import { axis, colour, config, layout, margins, onTheme, timeSteps } from "./paper.js";

const SHORTEST_S = 0.5, USUAL_PX_S = 150;

/** The smallest and largest sample of each pixel, in their order: what a line through all samples would show. */
function envelope(signal, fs, from, to, pixels) {
  const first = Math.max(0, Math.floor(from * fs)), last = Math.min(signal.length, Math.ceil(to * fs) + 1);
  const step = Math.max(1, Math.floor((last - first) / (2 * pixels)));
  const x = [], y = [];
  if (step === 1) {
    for (let i = first; i < last; i++) { x.push(i / fs); y.push(signal[i]); }
    return { x, y };
  }
  for (let start = first; start < last; start += 2 * step) {
    let low = NaN, high = NaN, at = start, where = start;
    for (let i = start; i < Math.min(start + 2 * step, last); i++) {
      const v = signal[i];
      if (!(v >= low)) { if (v === v) { low = v; at = i; } }
      if (!(v <= high)) { if (v === v) { high = v; where = i; } }
    }
    const pair = at < where ? [[at, low], [where, high]] : [[where, high], [at, low]];
    for (const [i, v] of pair) { x.push(i / fs); y.push(v); }
  }
  return { x, y };
}

function limits(signal) {
  const some = [];
  const step = Math.max(1, Math.floor(signal.length / 20000));
  for (let i = 0; i < signal.length; i += step) if (signal[i] === signal[i]) some.push(signal[i]);
  some.sort((a, b) => a - b);
  const at = (share) => some[Math.floor(share * (some.length - 1))] ?? 0;
  const low = Math.min(at(0.001), -0.5), high = Math.max(at(0.999), 1);
  return [Math.floor((low - 0.2) * 2) / 2, Math.ceil((high + 0.2) * 2) / 2];
}

export class Strip {
  constructor(root, label) {
    this.root = root;
    root.innerHTML = `<div class="plot" tabindex="0" role="group"></div><div class="where">
      <button type="button" data-zoom="0.5" aria-label="Zoom in">+</button>
      <button type="button" data-zoom="2" aria-label="Zoom out">−</button>
      <input type="range" min="0" max="1000" value="0" aria-label="Position in the recording"></div>`;
    this.plot = root.querySelector(".plot");
    this.plot.setAttribute("aria-label", `${label}. Arrow keys move, plus and minus zoom, Home and End jump.`);
    this.slider = root.querySelector("input");
    this.signal = new Float32Array();
    this.fs = 1;
    this.view = [0, 8];
    this.marking = false;
    this.beats = [];
    this.hiddenAfter = Infinity;
    this.overlays = () => [];   // further traces, given (from, to, pixels)
    this.shapes = () => [];
    this.replaced = () => false; // whether what was recorded at a time was drawn anew
    this.onMark = () => {};     // (from, to, finished)
    this.listen();
    onTheme(() => this.draw());
    new ResizeObserver(() => this.draw()).observe(root);
  }

  get duration() { return this.signal.length / this.fs; }

  show(signal, fs, beats = []) {
    Object.assign(this, { signal, fs, beats, limits: limits(signal), view: [0, Math.min(Math.max(this.root.clientWidth, 300) / USUAL_PX_S, signal.length / fs)] });
    this.draw();
  }

  move(from, to) {
    const length = Math.min(Math.max(to - from, SHORTEST_S), Math.max(this.duration, SHORTEST_S));
    const start = Math.min(Math.max(from, 0), Math.max(this.duration - length, 0));
    this.view = [start, start + length];
    this.draw();
  }

  zoom(factor, at = (this.view[0] + this.view[1]) / 2) {
    const [from, to] = this.view;
    const wanted = Math.min(Math.max((to - from) * factor, SHORTEST_S), this.duration);
    const share = (at - from) / (to - from);
    this.move(at - share * wanted, at + (1 - share) * wanted);
  }

  reveal(time) {
    const [from, to] = this.view;
    if (time < from || time > to) this.move(time - (to - from) / 2, time + (to - from) / 2);
  }

  timeAt(clientX) {
    const box = this.plot.getBoundingClientRect();
    const share = (clientX - box.left - margins.left) / (box.width - margins.left - margins.right);
    return this.view[0] + Math.min(Math.max(share, 0), 1) * (this.view[1] - this.view[0]);
  }

  listen() {
    let drag = null;
    this.plot.addEventListener("pointerdown", (event) => {
      if (event.button || !this.signal.length) return;
      this.plot.setPointerCapture(event.pointerId);
      drag = { x: event.clientX, view: [...this.view], at: this.timeAt(event.clientX) };
    });
    this.plot.addEventListener("pointermove", (event) => {
      if (!drag) return;
      if (this.marking) this.onMark(drag.at, this.timeAt(event.clientX), false);
      else {
        const width = this.plot.clientWidth - margins.left - margins.right;
        const by = ((drag.x - event.clientX) / width) * (drag.view[1] - drag.view[0]);
        this.move(drag.view[0] + by, drag.view[1] + by);
      }
    });
    const end = (event) => {
      if (drag && this.marking) this.onMark(drag.at, this.timeAt(event.clientX), true);
      drag = null;
    };
    this.plot.addEventListener("pointerup", end);
    this.plot.addEventListener("pointercancel", () => { drag = null; });
    this.plot.addEventListener("wheel", (event) => {
      if (!this.signal.length || (!event.ctrlKey && Math.abs(event.deltaX) < Math.abs(event.deltaY) && document.activeElement !== this.plot)) return;
      event.preventDefault();
      const length = this.view[1] - this.view[0];
      if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) this.move(this.view[0] + event.deltaX * length / 800, this.view[1] + event.deltaX * length / 800);
      else this.zoom(Math.exp(event.deltaY / 400), this.timeAt(event.clientX));
    }, { passive: false });
    this.plot.addEventListener("keydown", (event) => {
      const length = this.view[1] - this.view[0];
      const keys = {
        ArrowLeft: () => this.move(this.view[0] - length / 8, this.view[1] - length / 8),
        ArrowRight: () => this.move(this.view[0] + length / 8, this.view[1] + length / 8),
        PageUp: () => this.move(this.view[0] - length, this.view[1] - length),
        PageDown: () => this.move(this.view[0] + length, this.view[1] + length),
        Home: () => this.move(0, length), End: () => this.move(this.duration - length, this.duration),
        "+": () => this.zoom(0.5), "=": () => this.zoom(0.5), "-": () => this.zoom(2),
      };
      if (!keys[event.key]) return;
      event.preventDefault();
      keys[event.key]();
    });
    this.slider.addEventListener("input", () => {
      const length = this.view[1] - this.view[0];
      const start = (this.slider.value / 1000) * Math.max(this.duration - length, 0);
      this.move(start, start + length);
    });
    for (const button of this.root.querySelectorAll("[data-zoom]")) button.addEventListener("click", () => this.zoom(Number(button.dataset.zoom)));
  }

  draw() {
    if (this.pending) return;
    this.pending = requestAnimationFrame(() => { this.pending = 0; this.paint(); });
  }

  paint() {
    if (!this.signal.length || !this.root.offsetParent) return;
    const [from, to] = this.view, pixels = Math.max(100, this.plot.clientWidth - margins.left - margins.right);
    const end = Math.min(to, this.hiddenAfter);
    const line = { type: "scatter", mode: "lines", line: { color: colour("signal"), width: 1.3 }, hovertemplate: "%{x:.3f} s, %{y:.2f} mV<extra></extra>" };
    const seen = envelope(this.signal, this.fs, from, end, pixels);
    const faint = { x: seen.x, y: seen.y.map((v, i) => (this.replaced(seen.x[i]) ? v : null)), ...line, line: { color: colour("quiet"), width: 0.8 } };
    seen.y = seen.y.map((v, i) => (this.replaced(seen.x[i]) ? null : v));
    const traces = [{ ...seen, ...line }, faint, ...this.overlays(from, to, pixels)];
    const near = this.beats.filter(([time]) => time >= from && time <= end);
    const names = near.length < 60 ? near.map(([x, text]) => ({ x, y: 1, yref: "paper", yanchor: "bottom", text, showarrow: false, font: { size: 12 } })) : [];
    const [big, small] = timeSteps(to - from, pixels);
    const x = { ...axis("time (s)", big, small), range: [from, to] };
    const y = { ...axis("mV", 0.5, 0.1), range: this.limits };
    Plotly.react(this.plot, traces, layout(x, y, { annotations: names, shapes: this.shapes() }), config);
    const room = this.duration - (to - from);
    this.slider.value = room > 0 ? Math.round((from / room) * 1000) : 0;
    this.slider.setAttribute("aria-valuetext", `${from.toFixed(1)} to ${to.toFixed(1)} s`);
  }
}

export function intervalTraces(interval, fs, from, to) {
  if (interval.last / fs < from || interval.first / fs > to) return [];
  const x = interval.mean_mv.map((_, i) => (interval.first + i) / fs);
  const thin = (y) => ({ x, y, type: "scatter", mode: "lines", hoverinfo: "skip", line: { color: colour("drawn"), width: 0.8 }, opacity: 0.45 });
  return [
    { x, y: interval.lower_mv, type: "scatter", mode: "lines", line: { width: 0 }, hoverinfo: "skip" },
    { x, y: interval.upper_mv, type: "scatter", mode: "lines", line: { width: 0 }, fill: "tonexty", fillcolor: colour("band"), hoverinfo: "skip" },
    ...interval.draws_mv.map(thin),
    { x, y: interval.mean_mv, type: "scatter", mode: "lines", line: { color: colour("drawn"), width: 1, dash: "dot" }, hovertemplate: "mean %{y:.2f} mV at %{x:.3f} s<extra></extra>" },
    { x, y: interval.signal_mv, type: "scatter", mode: "lines", line: { color: colour("drawn"), width: 2.2 }, hovertemplate: "%{y:.2f} mV at %{x:.3f} s<extra></extra>" },
  ];
}

export function previewTraces(preview) {
  if (!preview) return [];
  return preview.draws_mv.map((y) => ({
    x: y.map((_, i) => preview.start_s + i / preview.fs_hz), y, type: "scatter", mode: "lines", hoverinfo: "skip",
    line: { color: colour("drawn"), width: 1 }, opacity: 0.7,
  }));
}
