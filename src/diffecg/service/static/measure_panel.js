// Measure: two calipers on a lead, moved by pointer or keys.

import { clock, field, h, select } from "./dom.js";
import { measure } from "./paper.js";

export class MeasurePanel {
  title = "Measure";

  /** @param {import("./workbench.js").Workbench} bench */
  constructor(bench) {
    this.bench = bench;
    const { info } = bench, step = 1 / info.fs_hz;
    this.lead = select({ value: info.lead, onchange: () => this.update() }, info.leads.map((/** @type {any} */ lead) => [lead.name, lead.name]));
    this.a = h("input", { type: "range", step, oninput: () => this.update() });
    this.b = h("input", { type: "range", step, oninput: () => this.update() });
    this.output = h("dl", { class: "measured", "aria-live": "polite" });
    this.element = h("div", {}, h("h2", {}, "Calipers"), h("p", { class: "note" }, "Click the paper to set A, then B; move them by the arrow keys on the sliders."),
      h("div", { class: "fields" }, field("Lead", this.lead), field("A", this.a), field("B", this.b)), this.output);
  }

  show() {
    const { paper } = this.bench, { selection } = paper;
    const range = selection ? [selection.start, selection.stop] : this.kept ?? this.middleBeats();
    if (selection?.leads.length === 1) this.lead.value = selection.leads[0];
    if (!paper.leads.includes(this.lead.value)) this.lead.value = paper.leads[0];
    this.fit(range);
    this.a.value = String(range[0]);
    this.b.value = String(range[1]);
    this.update();
  }

  /** The two beats in the middle of what is shown; without beats, a part of it. */
  middleBeats() {
    const { paper } = this.bench, middle = paper.t + paper.seconds / 2;
    const after = paper.beats.findIndex(([time]) => time > middle);
    if (after > 0 && paper.beats[after - 1][0] > paper.t && paper.beats[after][0] < paper.end) return [paper.beats[after - 1][0], paper.beats[after][0]];
    return [paper.t + 0.4 * paper.seconds, paper.t + 0.6 * paper.seconds];
  }

  hide() {
    this.kept = [Number(this.a.value), Number(this.b.value)];
    this.bench.paper.calipers = null;
  }

  /** The sliders reach over what is shown. @param {number[]} values */
  fit(values) {
    const { paper } = this.bench;
    for (const slider of [this.a, this.b]) {
      slider.min = String(Math.min(paper.t, ...values));
      slider.max = String(Math.max(paper.end, ...values));
    }
  }

  onView() {
    if (!this.bench.paper.calipers) return;
    const { a, b } = this.bench.paper.calipers;
    this.fit([a, b]);
    this.a.value = String(a);
    this.b.value = String(b);
  }

  /** @param {number} time @param {string} lead */
  onPick(time, lead) {
    this.lead.value = lead;
    const slider = this.setsB ? this.b : this.a;
    this.setsB = !this.setsB;
    slider.value = String(time);
    this.update();
  }

  update() {
    const { paper, signals, info } = this.bench;
    paper.calipers = { lead: this.lead.value, a: Number(this.a.value), b: Number(this.b.value) };
    for (const slider of [this.a, this.b]) slider.setAttribute("aria-valuetext", clock(Number(slider.value), info.start, 3));
    const found = measure(signals, paper.calipers);
    const rows = [["Interval", found.ms], ["Rate", found.rate], ["At A", found.a], ["At B", found.b], ["A to B", found.difference], ["Peak to peak between", found.range]];
    this.output.replaceChildren(...rows.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
    paper.draw();
  }
}
