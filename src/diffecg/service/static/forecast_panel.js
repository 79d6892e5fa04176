// Forecast: what follows a time, from what came before it.

import { codeButton } from "./code.js";
import { clock, field, h, number, parseTime, select } from "./dom.js";
import { Method } from "./method.js";
import { Work } from "./work.js";

export class ForecastPanel {
  title = "Forecast";

  /** @param {import("./workbench.js").Workbench} bench */
  constructor(bench) {
    this.bench = bench;
    const { info } = bench;
    this.at = h("input", { "data-field": "at_s", size: 9, class: "time", required: true });
    this.horizon = number({ "data-field": "horizon_s", min: 0.1, max: 30, step: 0.1, value: 2, required: true });
    this.method = new Method(info);
    const lead = this.isResult ? info.synthetic.at(-1).lead : info.lead;
    this.lead = select({ "data-field": "lead", value: lead, onchange: () => this.method.showLeads([this.lead.value]) }, info.leads.map((/** @type {any} */ lead) => [lead.name, lead.name]));
    this.draws = number({ "data-field": "draws", min: 1, max: 64, value: 16, required: true });
    this.seed = number({ "data-field": "seed", min: 0, value: 0, required: true });
    this.form = h("form", { class: "fields two" },
      field("From", this.at), field("Length", this.horizon, "s"), field("Lead", this.lead), field("Forecast by", this.method.select), field("Draws", this.draws), field("Seed", this.seed),
      h("div", { class: "row" }, h("button", { class: "main" }, "Forecast"), codeButton(() => this.action())));
    this.truth = h("input", { type: "checkbox", onchange: () => this.showTruth() });
    this.truthLabel = h("label", { class: "check" }, this.truth, "show what was recorded, dashed");
    this.element = h("div", {}, h("h2", {}, "Forecast"), h("p", { class: "note" }, "The forecast is conditioned on earlier samples only. Click a signal on the paper to choose it and the start."), this.form, this.truthLabel);
    this.work = new Work(this.element);
    this.form.after(this.method.note, this.work.element);
    this.method.showLeads([this.lead.value]);
    this.form.addEventListener("submit", (/** @type {Event} */ event) => { event.preventDefault(); this.start(); });
    this.at.addEventListener("change", () => {
      const time = parseTime(this.at.value, info.start);
      if (time !== null) this.setCut(time);
    });
  }

  get isResult() { return this.bench.info.operation === "forecast"; }

  show() {
    const { bench } = this, { paper } = bench;
    this.truthLabel.hidden = !this.isResult || !bench.original;
    this.showTruth();
    if (this.isResult) this.setCut(bench.info.duration_s);
    else this.setCut(this.cut ?? paper.selection?.start ?? Math.min(paper.t + 0.6 * paper.seconds, bench.info.duration_s));
  }

  hide() {
    this.bench.paper.cut = null;
    if (this.isResult) this.bench.paper.recorded = null;
  }

  showTruth() {
    const { paper, original } = this.bench;
    if (this.isResult) paper.recorded = this.truth.checked ? original ?? null : null;
    paper.draw();
  }

  /** @param {number} time @param {string} lead */
  onPick(time, lead) {
    if (this.isResult) return;
    this.lead.value = lead;
    this.method.showLeads([lead]);
    this.setCut(time);
  }

  /** @param {number} time */
  setCut(time) {
    const { info, paper } = this.bench;
    this.cut = Number(Math.min(Math.max(time, 0.1), info.duration_s).toFixed(3));
    this.at.value = clock(this.cut, info.start, 2);
    paper.cut = this.isResult ? null : this.cut;
    paper.reveal(this.cut);
    paper.draw();
  }

  action() {
    const { info } = this.bench;
    return { task: "forecast", source: info.name, body: {
      recording: info.id, model: this.method.value || null, options: { at_s: this.cut, horizon_s: Number(this.horizon.value), lead: this.lead.value },
      draw: { draws: Number(this.draws.value), seed: Number(this.seed.value) },
    } };
  }

  async start() {
    if (this.work.id) return;
    const time = parseTime(this.at.value, this.bench.info.start);
    if (time === null) {
      this.work.mark("at_s", "type a time, such as 0:12.5");
      return;
    }
    this.setCut(time);
    const job = await this.work.run("forecast", this.action().body);
    if (!job) return;
    const made = await this.bench.library.refresh().then(() => this.bench.library.recordings.find((one) => one.id === job.result_recording));
    if (made) this.bench.visit(made.id, made.duration_s - this.bench.paper.seconds);
  }
}
