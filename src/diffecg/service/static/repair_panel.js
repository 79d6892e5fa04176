// Repair: found faults and marked intervals, ticked, are imputed or denoised.

import { clock, duration, field, h, leadWord, number, parseTime, plural, quantity, replaceWithin, select } from "./dom.js";
import { codeButton } from "./code.js";
import { marksOf } from "./marks.js";
import { Method } from "./method.js";
import { Work } from "./work.js";

const MOST_SHOWN = 200;
const WRITE = /** @type {[string, string][]} */ ([
  ["draw", "one draw, like its surroundings"], ["mean", "the mean of the draws: smoother, with lower waves"], ["none", "nothing: look at the draws only"],
]);

/** @param {any} fault */
const keyOf = (fault) => `${fault.lead} ${fault.kind} ${fault.start_s}`;

/** @param {import("./marks.js").Marks} marks */
const shownMarks = (marks) => marks.now.marked.map((mark) => ({ ...mark, kind: "marked" }));

export class RepairPanel {
  title = "Repair";

  /** @param {import("./workbench.js").Workbench} bench */
  constructor(bench) {
    this.bench = bench;
    this.marks = marksOf(bench.info.id);
    /** @type {any[]} */ this.found = [];
    /** @type {any[]} */ this.faults = [];
    /** @type {any[]} */ this.marked = shownMarks(this.marks);
    this.list = h("ul", { class: "faults" });
    this.summary = h("p", {});
    this.all = h("button", { type: "button", class: "quiet", onclick: () => this.tickAll() }, "Untick all");
    this.from = h("input", { "data-field": "gaps intervals start_s", size: 8, class: "time", placeholder: "m:ss.s" });
    this.to = h("input", { "data-field": "stop_s", size: 8, class: "time", placeholder: "m:ss.s" });
    this.lead = select({ "aria-label": "Lead of the interval" }, [["", `shown ${leadWord(bench.info)}s`], ...bench.info.leads.map((/** @type {any} */ lead) => [lead.name, lead.name])]);
    const add = h("form", { class: "row add" }, field("From", this.from), field("to", this.to), field("Lead", this.lead), h("button", {}, "Add"));
    add.addEventListener("submit", (/** @type {Event} */ event) => { event.preventDefault(); this.add(); });
    this.impute = h("button", { type: "button", class: "main", onclick: () => this.start("impute") }, "Impute");
    this.denoise = h("button", { type: "button", class: "main", onclick: () => this.start("denoise") }, "Denoise");
    this.write = select({ "data-field": "write" }, WRITE);
    this.method = new Method(bench.info);
    this.draws = number({ "data-field": "draws", min: 1, max: 64, value: 16, required: true });
    this.coverage = number({ "data-field": "coverage", min: 50, max: 99, value: 90, required: true });
    this.seed = number({ "data-field": "seed", min: 0, value: 0, required: true });
    this.longest = number({ "data-field": "max_gap_s", min: 0.1, step: "any", value: 10, required: true });
    this.showsRecorded = h("input", { type: "checkbox", checked: true, onchange: () => this.show() });
    this.original = h("label", { class: "check", hidden: true }, this.showsRecorded, "show what was recorded, dashed");
    this.options = h("form", { class: "fields two" },
      field("Written into a gap", this.write), field("Imputed by", this.method.select), field("Draws", this.draws), field("Interval", this.coverage, "%"),
      field("Seed", this.seed), field("Longest gap", this.longest, "s"));
    this.result = h("div", { class: "result", hidden: true });
    this.element = h("div", {},
      this.result, h("h2", {}, "Faults and intervals"), this.summary, this.list, this.all, add,
      h("div", { class: "row" }, this.impute, this.denoise, codeButton(() => this.action(this.ticked.every((one) => one.kind === "noise") ? "denoise" : "impute"))),
      h("details", {}, h("summary", {}, "How"), this.options), this.original);
    this.work = new Work(this.element);
    this.note = h("p", { class: "note", role: "status" });
    this.impute.parentElement?.after(this.note, this.method.note, this.work.element);
  }

  /** @param {any[]} faults */
  setFaults(faults) {
    this.found = faults;
    this.restore();
  }

  /** Whether a fault is ticked unless the user changes it. @param {any} fault */
  isUsual(fault) { return fault.stop_s - fault.start_s <= Number(this.longest.value) || fault.kind === "noise"; }

  /** Show the marks and ticks as they are kept. */
  restore() {
    const { ticks } = this.marks.now;
    this.faults = this.found.map((fault) => ({ ...fault, ticked: ticks[keyOf(fault)] ?? this.isUsual(fault) }));
    this.marked = shownMarks(this.marks);
    this.render();
  }

  /** Keep the marks and ticks as they are shown. */
  keep() {
    const ticks = { ...this.marks.now.ticks };
    for (const fault of this.faults) {
      if (fault.ticked === this.isUsual(fault)) delete ticks[keyOf(fault)];
      else ticks[keyOf(fault)] = fault.ticked;
    }
    this.marks.change({ marked: this.marked.map((mark) => ({ ...mark })), ticks });
  }

  /** Undo or redo a change of marks and ticks; whether there was one. @param {-1 | 1} step */
  move(step) {
    if (!(step < 0 ? this.marks.hasPast : this.marks.hasFuture)) return false;
    this.marks.move(step);
    this.restore();
    return true;
  }

  get intervals() { return [...this.faults, ...this.marked].sort((one, other) => one.start_s - other.start_s); }
  get ticked() { return this.intervals.filter((one) => one.ticked); }

  show() {
    const { bench } = this;
    this.original.hidden = !bench.original || bench.info.operation === "forecast";
    if (bench.original && bench.info.operation !== "forecast") bench.paper.recorded = this.showsRecorded.checked ? bench.original : null;
    this.renderResult();
    this.render();
  }

  hide() {}

  render() {
    const { bench } = this, { start } = bench.info;
    const intervals = this.intervals, shown = intervals.slice(0, MOST_SHOWN);
    bench.paper.faults = intervals;
    replaceWithin(this.list, () => this.list.replaceChildren(...shown.map((one) => {
      const time = clock(one.start_s, start, 1), words = `${one.lead} ${one.kind}, ${duration(one.stop_s - one.start_s)}`;
      const box = h("input", { type: "checkbox", checked: one.ticked, onchange: (/** @type {any} */ event) => { one.ticked = event.target.checked; this.keep(); this.count(); } });
      return h("li", {}, h("label", { class: "check" }, box, h("span", { class: `swatch ${one.kind}` }, h("b", {}, one.lead), ` ${one.kind === "noise" ? "noisy" : one.kind}`), h("small", {}, duration(one.stop_s - one.start_s))),
        h("button", { type: "button", class: "quiet", "aria-label": `Show ${words} at ${time}`, onclick: () => bench.showInterval(one.lead, one.start_s, one.stop_s) }, time),
        one.kind === "marked" && h("button", { type: "button", class: "quiet", "aria-label": `Remove ${words} at ${time}`, onclick: () => { this.marked = this.marked.filter((other) => other !== one); this.keep(); this.render(); } }, "×"));
    })));
    const found = this.faults.length;
    this.summary.textContent = !bench.data ? "Looking for faults …"
      : [found ? `${plural(found, "fault")} found.` : "No faults found.", intervals.length > MOST_SHOWN ? `The first ${MOST_SHOWN} are listed.` : "", intervals.length ? "" : "Select an interval on the paper, or type its times."].filter(Boolean).join(" ");
    this.count();
  }

  count() {
    const { bench, ticked } = this, count = plural(ticked.length, "interval");
    this.impute.textContent = ticked.length ? `Impute ${count}` : "Impute";
    this.denoise.textContent = ticked.length ? `Denoise ${count}` : "Denoise";
    const leads = bench.info.leads.filter((/** @type {any} */ lead) => ticked.some((one) => one.lead === lead.name));
    const rates = new Set(leads.map((/** @type {any} */ lead) => lead.fs_hz)), others = leads.filter((/** @type {any} */ lead) => lead.kind !== "ecg");
    this.impute.disabled = !ticked.length || rates.size > 1;
    this.denoise.disabled = this.impute.disabled || others.length > 0;
    this.note.textContent = rates.size > 1 ? `Tick intervals of one sampling rate at a time: ${leads.map((/** @type {any} */ lead) => `${lead.name} has ${Number(lead.fs_hz.toPrecision(5))} Hz`).join(", ")}.`
      : others.length ? `Denoising is for an ECG alone, not for ${others.map((/** @type {any} */ lead) => lead.name).join(", ")}.` : "";
    this.note.hidden = !this.note.textContent;
    this.method.show([...new Set(leads.map((/** @type {any} */ lead) => lead.kind))]);
    const isNoise = ticked.length > 0 && ticked.every((one) => one.kind === "noise");
    this.impute.classList.toggle("main", !isNoise);
    this.denoise.classList.toggle("main", isNoise);
    this.all.hidden = this.intervals.length < 2;
    this.all.textContent = ticked.length ? "Untick all" : "Tick all";
    bench.showSteps();
    bench.paper.draw();
  }

  tickAll() {
    const ticks = !this.ticked.length;
    for (const one of this.intervals) one.ticked = ticks;
    this.keep();
    this.render();
  }

  /** @param {import("./paper.js").Selection | null} selection */
  onSelect(selection) {
    const { start } = this.bench.info;
    this.from.value = selection ? clock(selection.start, start, 2) : "";
    this.to.value = selection ? clock(selection.stop, start, 2) : "";
    if (selection) this.lead.value = selection.leads.length === 1 ? selection.leads[0] : "";
  }

  addSelection() {
    if (this.bench.paper.selection) this.add();
  }

  add() {
    const { bench } = this, { start, duration_s: end } = bench.info, { selection } = bench.paper;
    this.work.clearErrors();
    const [from, to] = [this.from, this.to].map((input) => parseTime(input.value, start));
    if (from === null || from >= end) return this.work.mark("start_s", `type a time before ${clock(end, start, 1)}, such as 0:12.5`);
    if (to === null || to <= from || to > end + 0.01) return this.work.mark("stop_s", `type a time after ${clock(from, start, 1)}, at most ${clock(end, start, 1)}`);
    const leads = this.lead.value ? [this.lead.value] : selection?.leads ?? bench.paper.leads;
    for (const lead of leads) this.marked.push({ lead, start_s: from, stop_s: Math.min(to, end), kind: "marked", ticked: true });
    bench.clearSelection();
    this.keep();
    this.render();
    bench.paper.reveal(from, to);
    bench.paper.revealLead(leads[0]);
  }

  /** @param {"impute" | "denoise"} task */
  action(task) {
    const gaps = this.ticked.map((one) => ({ start_s: Number(one.start_s.toFixed(4)), stop_s: Number(one.stop_s.toFixed(4)), lead: one.lead }));
    const coverage = Number(this.coverage.value) / 100, source = this.bench.info.name;
    if (task === "denoise") return { task, source, body: { recording: this.bench.info.id, options: { intervals: gaps, coverage } } };
    return { task, source, body: {
      recording: this.bench.info.id, model: this.method.value || null,
      options: { gaps, write: this.write.value, max_gap_s: Number(this.longest.value) },
      draw: { draws: Number(this.draws.value), coverage, seed: Number(this.seed.value) },
    } };
  }

  /** @param {"impute" | "denoise"} task */
  async start(task) {
    if (this[task].disabled || this.work.id) return;
    this.impute.disabled = this.denoise.disabled = true;
    const { body } = this.action(task), { paper } = this.bench;
    const job = await this.work.run(task, body, { onPreview: (preview) => {
      paper.preview = Object.assign(preview.draws_mv, { start: preview.start_s, fs: preview.fs_hz });
      paper.draw();
    } });
    paper.preview = [];
    this.count();
    if (!job) return;
    const [first] = this.ticked, isSeen = this.ticked.some((one) => one.start_s < paper.end && one.stop_s > paper.t);
    if (!isSeen) paper.reveal(first.start_s, first.stop_s);
    await this.bench.showResult(job);
  }

  /** What was written by the job that made this recording, with the width of its intervals. */
  renderResult() {
    const { bench } = this, { operation, start } = bench.info;
    this.result.hidden = !bench.bands?.length || operation === "forecast";
    if (this.result.hidden) return;
    const isWritten = !String(bench.result.written ?? "").startsWith("nothing");
    const title = !isWritten ? "Drawn, not written" : operation === "denoise" ? "Denoised" : "Imputed";
    const rows = bench.bands.slice(0, MOST_SHOWN).map((/** @type {any} */ band) => {
      const width = band.upper.reduce((/** @type {number} */ sum, /** @type {number} */ value, /** @type {number} */ i) => sum + value - band.lower[i], 0) / band.upper.length;
      const time = clock(band.start, start, 1);
      return h("tr", {}, h("td", {}, h("button", { type: "button", class: "quiet", "aria-label": `Show ${band.lead} at ${time}`, onclick: () => bench.showInterval(band.lead, band.start, band.start + band.lower.length / band.fs) }, time)),
        h("td", {}, band.lead), h("td", { class: "number" }, duration(band.lower.length / band.fs)), h("td", { class: "number" }, quantity(width, band.unit)));
    });
    const { written, too_long: long, coverage } = bench.result;
    this.result.replaceChildren(h("h2", {}, `${title}: ${plural(bench.bands.length, "interval")}`),
      h("table", {}, h("tr", {}, h("th", { scope: "col" }, "Time"), h("th", { scope: "col" }, "Lead"), h("th", { scope: "col", class: "number" }, "Length"), h("th", { scope: "col", class: "number" }, "Width")), ...rows),
      h("p", { class: "note" }, [
        `Width: mean of the ${coverage ? `${Math.round(100 * coverage)} % ` : ""}prediction interval.`,
        typeof written === "string" ? `Written: ${written}.` : "",
        long ? `${plural(long, "gap")} longer than the longest gap: not imputed.` : "",
      ].filter(Boolean).join(" ")),
      h("div", { class: "row", hidden: !isWritten }, h("a", { class: "button", href: `/api/recordings/${bench.info.id}/export?format=original`, download: true }, "Download the recording"),
        h("button", { type: "button", onclick: () => bench.showParent() }, "Undo")));
  }
}
