// The workbench: one recording on paper under its overview, and what can be done with it.

import { get, Refused } from "./api.js";
import { clock, duration, fixed, h, leadWord, parseTime, plural, quantity, select } from "./dom.js";
import { FilePanel, PrintPanel } from "./file_panels.js";
import { ForecastPanel } from "./forecast_panel.js";
import { MeasurePanel } from "./measure_panel.js";
import { Overview } from "./overview.js";
import { GAINS, Paper, SPEEDS, valueAt } from "./paper.js";
import { RepairPanel } from "./repair_panel.js";
import { navigate, recalled, remember } from "./router.js";
import { Signals } from "./signals.js";

/** The recording that was shown before: undo and redo keep the place. @type {{id: string, t: number} | null} */
let last = null;

/** @param {HTMLElement} main @param {import("./library.js").Library} library @param {string} id */
export async function openWorkbench(main, library, id) {
  let info;
  try {
    info = await get(`recordings/${encodeURIComponent(id)}`);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    main.replaceChildren(h("section", { class: "plain" }, h("h1", {}, "There is no such recording"), h("p", {}, error.message), h("p", {}, h("a", { href: "/" }, "The library"))));
    return { close() {}, keys: [] };
  }
  const bench = new Workbench(main, library, info);
  await bench.open();
  return bench;
}

export class Workbench {
  /** @param {HTMLElement} main @param {import("./library.js").Library} library @param {any} info */
  constructor(main, library, info) {
    this.main = main;
    this.library = library;
    this.info = info;
    /** @type {any} */ this.data = null;
    /** @type {any} */ this.result = null;
    this.tools = h("div", { class: "tools", role: "group", "aria-label": "Paper" });
    this.caption = h("p", { class: "caption" });
    this.readout = h("span", { class: "readout" });
    this.sheet = h("div", {});
    this.paper = new Paper(this.sheet, {
      onView: () => this.onView(),
      onSelect: (selection) => this.panels.repair.onSelect(selection),
      onPick: (time, lead) => this.panel.onPick?.(time, lead),
      onPoint: (time, lead) => this.point(time, lead),
    });
    this.signals = new Signals(info, () => this.paper.draw());
    this.paper.show(info, this.signals);
    this.panels = {
      repair: new RepairPanel(this), forecast: new ForecastPanel(this), measure: new MeasurePanel(this),
      print: new PrintPanel(this), file: new FilePanel(this),
    };
    /** @type {any} */ this.panel = this.panels.repair;
    this.keys = this.makeKeys();
  }

  async open() {
    const { info, paper } = this;
    document.title = `${info.name} · diffecg studio`;
    this.build();
    const leads = recalled("lead")?.split(",").filter((lead) => this.signals.leads.includes(lead));
    if (leads?.length) paper.leads = leads;
    paper.gain = Number(recalled("gain")) || 10;
    const seconds = Number(recalled("seconds"));
    const speed = Number(recalled("speed")) || (seconds ? paper.plotWidth / (96 / 25.4) / seconds : 25);
    paper.setView(Number(recalled("t")) || 0, speed);
    this.showPanel(recalled("panel") ?? "repair", false);
    await this.signals.open();
    paper.draw();
    await Promise.all([this.loadOverview(), this.loadResult()]);
    this.panel.show();
    this.main.dataset.loaded = info.id;
  }

  close() {
    last = { id: this.info.id, t: this.paper.t };
    delete this.main.dataset.loaded;
    this.paper.close();
    this.overview?.close();
  }

  build() {
    const { info } = this;
    const facts = [duration(info.duration_s), `${Number(info.fs_hz.toPrecision(5))} Hz`, plural(info.leads.length, leadWord(info)), info.start && `from ${clock(0, info.start)}`];
    this.undo = h("button", { type: "button", title: "The last mark or tick, else the last step", onclick: () => this.goBack() }, "Undo");
    this.redo = h("button", { type: "button", onclick: () => this.goOn() }, "Redo");
    const isWhole = info.synthetic?.some((/** @type {any} */ part) => part.start_s <= 0 && part.stop_s >= info.duration_s - 0.01);
    const head = h("header", { class: "bench-head" },
      h("h1", {}, info.name), h("p", { class: "facts" }, facts.filter(Boolean).join(" · ")),
      info.synthetic?.length > 0 && h("span", { class: "badge" }, isWhole ? "synthetic" : "partly synthetic"),
      h("span", { class: "spring" }), h("span", { class: "group" }, this.undo, this.redo));
    const overview = h("div", {});
    this.tabs = h("div", { role: "tablist", "aria-label": "Actions", class: "tabs" });
    for (const [name, panel] of Object.entries(this.panels)) {
      this.tabs.append(h("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": "panel", "data-panel": name, onclick: () => this.showPanel(name) }, panel.title));
    }
    this.tabs.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.onTabKey(event));
    this.side = h("div", { id: "panel", role: "tabpanel" });
    this.buildTools();
    const warnings = info.warnings?.length ? h("ul", { class: "notice" }, ...info.warnings.map((/** @type {string} */ text) => h("li", {}, text))) : null;
    this.main.replaceChildren(h("section", { class: "bench" }, head,
      h("div", { class: "middle" }, warnings, overview, this.tools, this.sheet, this.caption),
      h("aside", { class: "actions", "aria-label": "Actions" }, this.tabs, this.side)));
    this.overview = new Overview(overview, this.paper);
    this.overview.show(info, null);
  }

  /** Show whether there is anything to undo or redo. */
  showSteps() {
    const { marks } = this.panels.repair;
    this.undo.disabled = !this.parent && !marks.hasPast;
    this.redo.disabled = !this.library.childOf(this.info.id) && !marks.hasFuture;
  }

  get parent() { return this.library.recordings.find((one) => one.id === this.info.parent) ?? null; }

  buildTools() {
    const { paper } = this;
    this.speeds = SPEEDS.map((speed) => h("button", { type: "button", "data-speed": speed, onclick: () => paper.setView(paper.t, speed) }, `${speed} mm/s`));
    this.gain = select({ "aria-label": "Gain", onchange: () => paper.setGain(Number(this.gain.value)) }, GAINS.map((gain) => [String(gain), `${gain} mm/mV`]));
    this.goTo = h("input", { "aria-label": "Go to time", placeholder: "go to time", size: 9, class: "time" });
    this.goTo.addEventListener("change", () => {
      const time = parseTime(this.goTo.value, this.info.start);
      this.goTo.setAttribute("aria-invalid", String(time === null && this.goTo.value !== ""));
      if (time !== null) paper.setView(time);
    });
    const button = (/** @type {string} */ text, /** @type {string} */ label, /** @type {() => void} */ run) => h("button", { type: "button", "aria-label": label, title: label, onclick: run }, text);
    this.selects = h("button", { type: "button", "aria-pressed": "false", title: "Drag selects an interval; the same as Shift and drag", onclick: () => this.toggleSelects() }, "Select");
    const leads = this.signals.leads.length > 1 ? h("details", { class: "menu" }, h("summary", {}, leadWord(this.info) === "lead" ? "Leads" : "Signals"), h("div", {}, ...this.signals.leads.map((lead) => h("label", {}, h("input", { type: "checkbox", value: lead, checked: true, onchange: () => this.chooseLeads() }), lead)))) : null;
    this.leadMenu = leads;
    this.tools.append(
      h("span", { class: "group" }, button("−", "Zoom out", () => paper.zoom(2)), button("+", "Zoom in", () => paper.zoom(0.5))),
      h("span", { class: "group" }, ...this.speeds), this.gain, ...(leads ? [leads] : []), this.selects, this.goTo,
      h("span", { class: "group" }, button("‹ fault", "Previous fault", () => this.jumpFault(-1)), button("fault ›", "Next fault", () => this.jumpFault(1))));
  }

  toggleSelects() {
    this.paper.selects = !this.paper.selects;
    this.selects.setAttribute("aria-pressed", String(this.paper.selects));
  }

  chooseLeads() {
    const chosen = [...this.leadMenu.querySelectorAll(":checked")].map((input) => input.value);
    this.paper.leads = chosen.length ? this.signals.leads.filter((lead) => chosen.includes(lead)) : [this.signals.leads[0]];
    remember({ lead: chosen.length === this.signals.leads.length ? null : this.paper.leads.join(",") });
    this.paper.draw();
  }

  /** Let the paper fill the window. */
  fit() {
    const isWide = matchMedia("(min-width: 1101px)").matches;
    this.paper.room = isWide ? this.main.getBoundingClientRect().bottom - this.sheet.getBoundingClientRect().top - 48 : 0;
  }

  onView() {
    const { paper } = this;
    if (!this.overview) return;
    this.fit();
    this.overview.draw();
    for (const button of this.speeds ?? []) button.setAttribute("aria-pressed", String(Math.abs(Number(button.dataset.speed) - paper.speed) < 0.01));
    const gains = [...GAINS.map(String)];
    if (!gains.includes(String(paper.gain))) {
      this.gain.querySelector("[data-other]")?.remove();
      this.gain.append(h("option", { value: paper.gain, "data-other": true }, `${Number(paper.gain.toPrecision(3))} mm/mV`));
    }
    this.gain.value = String(paper.gain);
    for (const input of this.leadMenu?.querySelectorAll("input") ?? []) input.checked = paper.leads.includes(input.value);
    const stop = Math.min(paper.end, this.info.duration_s);
    this.caption.replaceChildren(h("span", {}, paper.caption), h("span", {}, `${clock(paper.t, this.info.start, 1)} to ${clock(stop, this.info.start, 1)}`), this.readout, h("span", { class: "hint" }, "drag moves, Shift+drag selects, ", h("kbd", {}, "?"), " keys"));
    clearTimeout(this.addressTimer);
    this.addressTimer = setTimeout(() => {
      if (location.pathname !== `/r/${this.info.id}`) return;
      remember({ t: paper.t ? fixed(paper.t, 3) : null, seconds: null, speed: Math.abs(paper.speed - 25) < 0.01 ? null : Number(paper.speed.toPrecision(5)), gain: paper.gain === 10 ? null : paper.gain });
    }, 150);
    this.panel.onView?.();
  }

  /** Show the value of a signal where the pointer is. @param {number} time @param {string} lead */
  point(time, lead) {
    const value = valueAt(this.signals, lead, time), unit = this.paper.unitOf(lead);
    this.readout.textContent = value === null ? "" : `${lead} ${quantity(value, unit)} at ${clock(time, this.info.start, 2)}`;
  }

  async loadOverview() {
    try {
      this.data = await get(`recordings/${this.info.id}/overview?points=1500`);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.data = { heart_rate: [], faults: [], ectopic: [], seconds: this.info.duration_s };
    }
    if (this.info.operation === "forecast") {
      // Leads that were not forecast end where the forecast begins.
      const start = Math.min(...this.info.synthetic.map((/** @type {any} */ part) => part.start_s));
      this.data.faults = this.data.faults.filter((/** @type {any} */ fault) => fault.kind !== "missing" || fault.stop_s <= start);
    }
    this.overview?.show(this.info, this.data);
    this.panels.repair.setFaults(this.data.faults);
    this.paper.draw();
  }

  /** Load what the job that made this recording drew, and the recording that it was made from. */
  async loadResult() {
    const { info, parent } = this;
    if (!info.job || !["impute", "denoise", "forecast"].includes(info.operation)) return;
    const offset = info.offset_s ?? 0;
    if (!(await this.loadBands(info.job, offset))) return;
    if (parent) {
      const signals = new Signals(parent, () => this.paper.draw());
      await signals.open();
      this.original = { signals, offset };
      this.paper.recorded = info.operation === "forecast" ? null : this.original;
    }
    this.paper.draw();
  }

  /** Load the draws and intervals of a job; whether they are still there. @param {string} job @param {number} offset */
  async loadBands(job, offset) {
    try {
      this.result = await get(`jobs/${job}/result`);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return false; // the job was deleted; what it wrote is in the recording
    }
    this.bands = this.result.intervals.map((/** @type {any} */ one) => ({
      lead: one.lead, unit: one.unit, start: one.first / this.result.fs_hz - offset, fs: this.result.fs_hz, signal: one.signal, mean: one.mean,
      lower: one.lower, upper: one.upper, draws: one.draws, reason: one.reason,
    }));
    this.paper.bands = this.bands;
    if (this.bands.length) this.paper.revealLead(this.bands[0].lead);
    this.paper.draw();
    return true;
  }

  /** @param {string} name */
  showPanel(name, isFocused = true) {
    const panels = /** @type {Record<string, any>} */ (this.panels);
    if (!panels[name]) name = "repair";
    this.panel.hide?.();
    this.panel = panels[name];
    for (const tab of this.tabs.children) {
      tab.setAttribute("aria-selected", String(tab.dataset.panel === name));
      tab.tabIndex = tab.dataset.panel === name ? 0 : -1;
    }
    this.side.setAttribute("aria-labelledby", `tab-${name}`);
    this.side.replaceChildren(this.panel.element);
    remember({ panel: name === "repair" ? null : name });
    this.panel.show();
    this.paper.draw();
    if (isFocused) this.tabs.querySelector("[aria-selected=true]").focus();
  }

  /** @param {KeyboardEvent} event */
  onTabKey(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    const tabs = [...this.tabs.children], next = tabs[(tabs.indexOf(/** @type {any} */ (document.activeElement)) + step + tabs.length) % tabs.length];
    next.focus();
    next.click();
    event.preventDefault();
    event.stopPropagation();
  }

  /** Show the recording that a job made, at the same place. @param {any} job */
  async showResult(job) {
    await this.library.refresh();
    if (!job.result_recording) { // nothing was to be written: the draws are shown on this recording
      await this.loadBands(job.id, 0);
      this.panels.repair.renderResult();
      return;
    }
    const made = this.library.recordings.find((one) => one.id === job.result_recording);
    this.visit(job.result_recording, this.paper.t - (made?.offset_s ?? 0));
  }

  /** @param {string} id @param {number} t */
  visit(id, t) {
    const query = new URLSearchParams(location.search);
    query.delete("lead");
    if (this.paper.leads.length < this.signals.leads.length) query.set("lead", this.paper.leads.join(","));
    query.set("t", fixed(Math.max(t, 0), 3));
    navigate(`/r/${id}?${query}`);
  }

  /** Undo the last change of marks, else show the recording before the last step. */
  goBack() {
    if (!this.panels.repair.move(-1)) this.showParent();
  }

  showParent() {
    if (this.parent) this.visit(this.parent.id, this.paper.t + (this.info.offset_s ?? 0));
  }

  goOn() {
    if (this.panels.repair.move(1)) return;
    const children = this.library.recordings.filter((one) => one.parent === this.info.id);
    const child = children.find((one) => one.id === last?.id) ?? children[0];
    if (child) this.visit(child.id, this.paper.t - (child.offset_s ?? 0));
  }

  /** Show an interval of a signal in the middle. @param {string} lead @param {number} start @param {number} stop */
  showInterval(lead, start, stop) {
    this.paper.setView((start + stop) / 2 - this.paper.seconds / 2);
    this.paper.revealLead(lead);
  }

  /** @param {number} step */
  jumpFault(step) {
    const faults = this.paper.faults, middle = this.paper.t + this.paper.seconds / 2;
    const times = [...new Set(faults.map((fault) => (fault.start_s + fault.stop_s) / 2))].sort((a, b) => a - b);
    this.jump(times, step, middle);
  }

  /** @param {number[]} times in order @param {number} step @param {number} from */
  jump(times, step, from) {
    const next = step > 0 ? times.find((time) => time > from + 0.05) : times.findLast((time) => time < from - 0.05);
    if (next !== undefined) this.paper.setView(next - this.paper.seconds / 2);
  }

  /** Extend the selection by keys; it starts in the middle. @param {number} step in mm */
  extend(step) {
    const { paper } = this, mm = 1 / paper.speed;
    const anchor = this.anchor ?? Math.round((paper.t + paper.seconds / 2) / mm) * mm;
    this.anchor = anchor;
    this.edge = Math.min(Math.max((this.edge ?? anchor) + step * mm, 0), this.info.duration_s);
    paper.select(anchor, this.edge, paper.selection?.leads ?? paper.leads);
    paper.reveal(this.edge);
  }

  clearSelection() {
    this.anchor = this.edge = undefined;
    this.paper.select(0, 0, []);
  }

  makeKeys() {
    const { paper } = this, move = (/** @type {number} */ share) => () => paper.setView(paper.t + share * paper.seconds);
    const names = Object.keys(this.panels);
    return [
      { keys: ["ArrowLeft", "ArrowRight"], words: "move", run: (/** @type {KeyboardEvent} */ event) => move(event.key === "ArrowLeft" ? -0.125 : 0.125)() },
      { keys: ["PageUp", "PageDown"], words: "move by what is shown", run: (/** @type {KeyboardEvent} */ event) => move(event.key === "PageUp" ? -1 : 1)() },
      { keys: ["Home", "End"], words: "first and last sample", run: (/** @type {KeyboardEvent} */ event) => paper.setView(event.key === "Home" ? 0 : this.info.duration_s) },
      { keys: ["+", "="], words: "zoom in", run: () => paper.zoom(0.5) },
      { keys: ["-"], words: "zoom out", run: () => paper.zoom(2) },
      { keys: ["ArrowUp", "ArrowDown"], words: "more or fewer mm/mV", run: (/** @type {KeyboardEvent} */ event) => paper.setGain(paper.gain * (event.key === "ArrowUp" ? 2 : 0.5)) },
      { keys: ["n", "p"], words: "next and previous fault", run: (/** @type {KeyboardEvent} */ event) => this.jumpFault(event.key === "n" ? 1 : -1) },
      { keys: ["e"], words: "next ectopic beat", run: () => this.jump(this.data?.ectopic ?? [], 1, paper.t + paper.seconds / 2) },
      { keys: ["Shift+ArrowLeft", "Shift+ArrowRight"], words: "select, by a millimetre", run: (/** @type {KeyboardEvent} */ event) => this.extend(event.key === "ArrowLeft" ? -1 : 1) },
      { keys: ["a"], words: "add the selection to the intervals", run: () => this.panels.repair.addSelection() },
      { keys: ["Escape"], words: "drop the selection", run: () => this.clearSelection() },
      { keys: ["i"], words: "impute the ticked intervals", run: () => { this.showPanel("repair", false); this.panels.repair.start("impute"); } },
      { keys: ["d"], words: "denoise the ticked intervals", run: () => { this.showPanel("repair", false); this.panels.repair.start("denoise"); } },
      { keys: ["f"], words: "forecast from the middle", run: () => { this.showPanel("forecast", false); this.panels.forecast.setCut(paper.t + paper.seconds / 2); } },
      { keys: ["m"], words: "measure", run: () => this.showPanel("measure") },
      { keys: ["1", "2", "3", "4", "5"], words: `panels: ${names.join(", ")}`, run: (/** @type {KeyboardEvent} */ event) => this.showPanel(names[Number(event.key) - 1]) },
      { keys: ["Ctrl+z"], words: "undo the last mark or tick, else show the recording before the last step", run: () => this.goBack() },
      { keys: ["Ctrl+y", "Ctrl+Shift+z"], words: "redo", run: () => this.goOn() },
    ];
  }
}
