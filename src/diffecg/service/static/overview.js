// The whole recording in a strip: heart rate, faults of each lead, ectopic beats, and what the paper shows.

import { clock, colour, h, plural } from "./dom.js";
import { Drawing } from "./drawing.js";
import { partsOf } from "./paper.js";

const RATE = 46, LANE = 7, AXIS = 18, LEFT = 34;
export const KINDS = ["missing", "flat", "clipped", "saturated", "noise"];

export class Overview extends Drawing {
  /** @param {HTMLElement} root @param {import("./paper.js").Paper} paper */
  constructor(root, paper) {
    super(root);
    this.paper = paper;
    this.slider = h("div", {
      class: "overview", role: "slider", tabindex: 0, "aria-label": "Position in the recording", "aria-valuemin": 0,
    }, this.canvas);
    this.key = h("p", { class: "key" });
    root.append(this.slider, this.key);
    /** @type {any} */ this.data = null;
    this.listen();
  }

  /** @param {any} info @param {any} data */
  show(info, data) {
    this.info = info;
    this.data = data;
    const kinds = KINDS.filter((kind) => data?.faults.some((/** @type {any} */ fault) => fault.kind === kind));
    const entries = [...kinds.map((kind) => [kind, kind === "noise" ? "noisy" : kind]), ...(data?.ectopic.length ? [["ectopic", "ectopic beat"]] : [])];
    if (partsOf(info).length) entries.push(["drawn", "synthetic"]);
    const isEcg = !data?.lead || info.leads.some((/** @type {any} */ lead) => lead.name === data.lead && lead.kind === "ecg");
    this.key.replaceChildren(h("span", { class: "rate" }, isEcg ? "heart rate" : `heart rate, from ${data.lead}`), ...entries.map(([kind, text]) => h("span", { class: `swatch ${kind}` }, text)));
    this.draw();
  }

  /** @param {number} time */
  x(time) { return LEFT + (time / this.info.duration_s) * (this.width - LEFT - 2); }

  paint() {
    const { width } = this, leads = this.info.leads.map((/** @type {any} */ lead) => lead.name);
    if (!width) return;
    const lane = Math.min(LANE, 42 / leads.length), lanes = lane * leads.length, height = RATE + lanes + 6 + AXIS, pen = this.pen(height);
    pen.fillStyle = colour("lane");
    pen.fillRect(LEFT, RATE + 2, width - LEFT - 2, lanes + 2);
    this.paintRate(pen);
    for (const part of partsOf(this.info)) this.bar(pen, "drawn", leads.indexOf(part.lead), part, lane);
    for (const fault of this.data?.faults ?? []) this.bar(pen, fault.kind, leads.indexOf(fault.lead), fault, lane);
    pen.fillStyle = colour("ectopic");
    for (const time of this.data?.ectopic ?? []) pen.fillRect(this.x(time) - 0.5, RATE - 6, 1.2, 6);
    this.paintTimes(pen, height, width);
    const left = this.x(this.paper.t), right = this.x(Math.min(this.paper.end, this.info.duration_s));
    pen.fillStyle = colour("window");
    pen.fillRect(left, 0, Math.max(right - left, 3), height - AXIS);
    pen.strokeStyle = colour("focus");
    pen.lineWidth = 1.5;
    pen.strokeRect(left + 0.5, 0.75, Math.max(right - left, 3) - 1, height - AXIS - 1.5);
    this.describe();
  }

  /** @param {CanvasRenderingContext2D} pen @param {string} kind @param {number} row @param {{start_s: number, stop_s: number}} part @param {number} lane */
  bar(pen, kind, row, part, lane) {
    if (row < 0) return;
    pen.fillStyle = colour(kind);
    pen.fillRect(this.x(part.start_s), RATE + 3 + row * lane, Math.max(this.x(part.stop_s) - this.x(part.start_s), 2), Math.max(lane - 1, 1));
  }

  /** @param {CanvasRenderingContext2D} pen */
  paintRate(pen) {
    const rates = /** @type {[number, number][]} */ (this.data?.heart_rate ?? []);
    pen.font = "11px system-ui, sans-serif";
    pen.fillStyle = colour("quiet");
    pen.textAlign = "right";
    if (!rates.length) {
      pen.textAlign = "left";
      pen.fillText(this.data ? "no heart rate: too few beats" : "looking for beats and faults …", LEFT + 4, 18);
      return;
    }
    const values = rates.map(([, rate]) => rate);
    const low = Math.floor(Math.min(...values, 60) / 20) * 20, high = Math.ceil(Math.max(...values, 100) / 20) * 20;
    const y = (/** @type {number} */ rate) => 6 + (RATE - 14) * (1 - (rate - low) / (high - low));
    pen.fillText(String(high), LEFT - 5, y(high) + 5);
    pen.fillText(String(low), LEFT - 5, y(low) + 3);
    pen.strokeStyle = colour("rate");
    pen.lineWidth = 1.4;
    pen.beginPath();
    const step = this.info.duration_s / Math.max(rates.length, 1);
    let last = -Infinity;
    for (const [time, rate] of rates) {
      if (time - last > Math.max(5 * step, 6)) pen.moveTo(this.x(time), y(rate));
      else pen.lineTo(this.x(time), y(rate));
      last = time;
    }
    pen.stroke();
  }

  /** @param {CanvasRenderingContext2D} pen @param {number} height @param {number} width */
  paintTimes(pen, height, width) {
    const pixels = (width - LEFT) / this.info.duration_s, room = this.info.start ? 74 : 52;
    const step = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400].find((one) => one * pixels > room) ?? 21600;
    pen.fillStyle = colour("quiet");
    pen.font = "11px system-ui, sans-serif";
    for (let time = 0; time <= this.info.duration_s; time += step) {
      const x = this.x(time), half = room / 2 - 8;
      pen.textAlign = x + half > width ? "right" : x - half < LEFT ? "left" : "center";
      pen.fillText(clock(time, this.info.start), x, height - 4);
    }
  }

  describe() {
    const { info, data, paper, slider } = this;
    slider.setAttribute("aria-valuemax", String(Math.round(info.duration_s)));
    slider.setAttribute("aria-valuenow", String(Math.round(paper.t)));
    slider.setAttribute("aria-valuetext", `${clock(paper.t, info.start, 1)} of ${clock(info.duration_s, info.start)}`);
    const rates = (data?.heart_rate ?? []).map((/** @type {number[]} */ [, rate]) => rate);
    const words = [
      rates.length && `heart rate ${Math.round(Math.min(...rates))} to ${Math.round(Math.max(...rates))} per minute`,
      data && plural(data.faults.length, "fault"),
      data?.ectopic.length && plural(data.ectopic.length, "ectopic beat"),
    ];
    this.canvas.setAttribute("aria-label", `Overview: ${words.filter(Boolean).join(", ")}`);
  }

  listen() {
    const jump = (/** @type {PointerEvent} */ event) => {
      const x = event.clientX - this.canvas.getBoundingClientRect().left;
      const time = ((x - LEFT) / (this.width - LEFT - 2)) * this.info.duration_s;
      this.paper.setView(time - this.paper.seconds / 2);
    };
    this.slider.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
      if (!this.info) return;
      this.slider.setPointerCapture(event.pointerId);
      jump(event);
    });
    this.slider.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
      if (this.slider.hasPointerCapture(event.pointerId)) jump(event);
    });
  }
}
