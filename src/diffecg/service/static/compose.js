// Compose: a rhythm in words; what is shown is the recording that is delivered.

import { get, post, Refused, remove } from "./api.js";
import { codeButton } from "./code.js";
import { clock, field, h, number, plural, select } from "./dom.js";
import { Overview } from "./overview.js";
import { Paper } from "./paper.js";
import { navigate, recalled, remember } from "./router.js";
import { Signals } from "./signals.js";
import { SubjectFields } from "./subject.js";
import { Work } from "./work.js";

const PAUSE_MS = 700;
/** Longer recordings are composed on request, not while typing. */
const PROMPT_MINUTES = 2;
const BASES = ["sinus rhythm", "sinus bradycardia", "sinus tachycardia", "sinus arrhythmia", "atrial fibrillation"];
const ORDERS = ["bigeminy", "trigeminy", "couplet", "triplet", "salvo of 5", "occasional V", "occasional S"];
const BEATS = [["N*6", "6 normal"], ["V", "ventricular"], ["S", "supraventricular"], ["F", "fusion"]];

/** Rhythms of the atria, which beats of one lead do not show: their model is one of several leads. */
const OF_ATRIA = /atrial fibrillation|first-degree block/;

/** The name of the model that suits a rhythm, and a subject with statements, age or sex. @param {string} text @param {any[]} models */
export function suitableModel(text, models, hasSubject = false) {
  const labels = text.match(/\b[NSVF]\b/g) ?? [];
  const several = (hasSubject || OF_ATRIA.test(text)) && models.find((model) => model.leads.length > 1 && labels.every((label) => model.labels.includes(label)));
  return (several || models.find((model) => model.name === "mitbih-beat") || models[0])?.name;
}

/** False for what the studio refused; other errors go on. @param {any} error */
function isRefusal(error) {
  if (!(error instanceof Refused)) throw error;
  return false;
}

/** @param {HTMLElement} main @param {import("./library.js").Library} library */
export async function openCompose(main, library) {
  const view = new Compose(main, library);
  await view.open();
  return view;
}

class Compose {
  /** @param {HTMLElement} main @param {import("./library.js").Library} library */
  constructor(main, library) {
    this.main = main;
    this.library = library;
    /** @type {import("./keys.js").Key[]} */ this.keys = [];
    const value = (/** @type {string} */ name, /** @type {string} */ usual) => recalled(name) ?? usual;
    this.text = h("input", { "data-field": "text", class: "wide", spellcheck: "false", autocomplete: "off", required: true, maxlength: 500, value: value("text", "sinus rhythm N*6 V N*4 S") });
    /** @type {any[]} */ this.models = [];
    this.model = select({ "data-field": "model", oninput: () => this.showSubject() }, [["", "suits the rhythm"]]);
    this.about = new SubjectFields();
    this.minutes = number({ "data-field": "minutes", min: 0.1, max: 60, step: 0.1, required: true, value: value("minutes", "1") });
    this.rate = number({ "data-field": "heart_rate", min: 20, max: 250, placeholder: "usual", value: value("rate", "") });
    this.sdnn = number({ "data-field": "sdnn_ms", min: 0, max: 500, placeholder: "usual", value: value("sdnn", "") });
    this.subject = number({ "data-field": "subject_seed", min: 0, required: true, value: value("subject", "2") });
    this.seed = number({ "data-field": "seed", min: 0, required: true, value: value("seed", "0") });
    const chip = (/** @type {string} */ words, /** @type {() => void} */ run, title = "") => h("button", { type: "button", class: "chip", title, onclick: run }, words);
    const chips = h("div", { class: "chips" },
      h("div", { role: "group", "aria-label": "Basic rhythm" }, h("span", {}, "Rhythm"), ...BASES.map((words) => chip(words, () => this.setBase(words)))),
      h("div", { role: "group", "aria-label": "Order of beats" }, h("span", {}, "Order"), ...ORDERS.map((words) => chip(words, () => this.setOrder(words)))),
      h("div", { role: "group", "aria-label": "Beats" }, h("span", {}, "Add"), ...BEATS.map(([beats, words]) => chip(words, () => this.add(beats), beats)), chip("clear", () => this.setText("sinus rhythm"))));
    this.form = h("form", { class: "compose" }, field("Rhythm", this.text), chips,
      h("div", { class: "fields inline" },
        field("Length", this.minutes, "min"), field("Heart rate", this.rate, "per min"), field("Variability (SDNN)", this.sdnn, "ms"),
        field("Subject", this.subject, "shapes of the beats"), field("Variation", this.seed, "seed"), field("Model", this.model)),
      this.about.element,
      h("div", { class: "fields inline" }, h("button", { class: "main" }, "Compose"), codeButton(() => ({ task: "compose", body: this.body() }))));
    this.work = new Work(this.form);
    this.beats = h("p", { class: "beats-line", "aria-live": "polite" });
    this.done = h("div", { class: "row", hidden: true });
    this.overviewPlace = h("div", {});
    this.sheet = h("div", {});
    this.caption = h("p", { class: "caption" });
    this.result = h("section", { "aria-label": "Composed recording", hidden: true }, this.done, this.overviewPlace, this.sheet, this.caption);
    this.paper = new Paper(this.sheet, { onView: () => {
      this.overview?.draw();
      this.caption.textContent = this.paper.caption;
    } });
    /** A page that is closed leaves neither the recording that it showed nor the job of the next one. @param {PageTransitionEvent} event */
    this.leave = (event) => {
      if (event.persisted) return;
      const paths = [this.work.id && `jobs/${this.work.id}`, this.info && !this.isKept && `recordings/${this.info.id}`];
      for (const path of paths) if (path) remove(path, { keepalive: true }).catch(() => {});
    };
    this.form.addEventListener("submit", (/** @type {Event} */ event) => { event.preventDefault(); this.compose(false); });
    this.form.addEventListener("input", () => this.onInput());
  }

  async open() {
    document.title = "Compose · diffecg studio";
    this.main.replaceChildren(h("section", { class: "plain" }, h("h1", {}, "Compose a recording"), this.form, this.beats, this.work.element, this.result));
    this.overview = new Overview(this.overviewPlace, this.paper);
    this.models = (await get("models")).filter((/** @type {any} */ model) => model.kind === "beat");
    this.model.append(...this.models.map((model) => h("option", { value: model.name }, model.name)));
    if (this.models.some((model) => model.name === recalled("model"))) this.model.value = recalled("model");
    this.showSubject();
    const { paper } = this, move = (/** @type {number} */ share) => paper.setView(paper.t + share * paper.seconds);
    this.keys = [
      { keys: ["ArrowLeft", "ArrowRight"], words: "move", run: (/** @type {KeyboardEvent} */ event) => move(event.key === "ArrowLeft" ? -0.125 : 0.125) },
      { keys: ["Home", "End"], words: "first and last sample", run: (/** @type {KeyboardEvent} */ event) => paper.setView(event.key === "Home" ? 0 : Infinity) },
      { keys: ["+", "="], words: "zoom in", run: () => paper.zoom(0.5) },
      { keys: ["-"], words: "zoom out", run: () => paper.zoom(2) },
    ];
    const shown = recalled("recording");
    addEventListener("pagehide", this.leave);
    if (shown && await this.show(shown).then(() => true, isRefusal)) {
      this.isKept = true; // by whoever has its address
      await this.checkText();
    } else this.onInput(0);
  }

  close() {
    clearTimeout(this.timer);
    removeEventListener("pagehide", this.leave);
    this.isClosed = true;
    this.work.stop();
    if (this.info && !this.isKept) remove(`recordings/${this.info.id}`).then(() => this.library.refresh()).catch(() => {});
    this.paper.close();
    this.overview?.close();
  }

  /** @param {string} text */
  setText(text) {
    this.text.value = text.replace(/\s+/g, " ").trim();
    this.onInput(0);
    this.text.focus();
  }

  get base() { return BASES.find((words) => this.text.value.trim().startsWith(words)) ?? ""; }
  /** @param {string} words */
  setBase(words) { this.setText(`${words} ${this.text.value.trim().slice(this.base.length)}`); }
  /** @param {string} words */
  setOrder(words) { this.setText(`${this.base} ${["couplet", "triplet", "salvo of 5"].includes(words) ? `N*6 ${words}` : words}`); }
  /** @param {string} beats */
  add(beats) { this.setText(`${/occasional|geminy$|like:/.test(this.text.value) ? this.base : this.text.value} ${beats}`); }

  showSubject() {
    this.about.show(this.models.filter((model) => !this.model.value || model.name === this.model.value));
  }

  body() {
    const optional = (/** @type {any} */ input) => (input.value === "" ? null : Number(input.value));
    const text = this.text.value.trim(), subject = this.about.value;
    return { text, model: this.model.value || suitableModel(text, this.models, subject !== null), ...(subject && { subject }), options: {
      minutes: Number(this.minutes.value), heart_rate: optional(this.rate), sdnn_ms: optional(this.sdnn), subject_seed: Number(this.subject.value), seed: Number(this.seed.value),
    } };
  }

  onInput(pause = PAUSE_MS) {
    clearTimeout(this.timer);
    const { text, options } = this.body();
    remember({ text, model: this.model.value, minutes: options.minutes, rate: options.heart_rate, sdnn: options.sdnn_ms, subject: options.subject_seed, seed: options.seed, ...this.about.state, recording: null });
    if (this.info && this.isKept) this.work.say("The recording below is that of the earlier settings.");
    this.timer = setTimeout(async () => {
      if (!(await this.checkText())) return;
      if (options.minutes <= PROMPT_MINUTES) this.compose(true);
      else this.work.say(`Press Compose: ${options.minutes} minutes take a moment.`);
    }, pause);
  }

  /** Show the beats of the rhythm, or what is wrong with it. */
  async checkText() {
    this.work.clearErrors();
    if (!this.form.checkValidity()) return false;
    const { text, options } = this.body();
    try {
      const { beats } = await post("rhythm", { text, options: { ...options, minutes: Math.min(options.minutes, 1) } });
      this.beats.textContent = `${beats.slice(0, 40).map((/** @type {[number, string]} */ [, label]) => label).join(" ")} …`;
      return true;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.beats.textContent = "";
      this.result.hidden = !this.isKept;
      if (!this.work.mark("text", error.message)) this.work.say(error.message, true);
      return false;
    }
  }

  /** Compose the recording. @param {boolean} isPreview whether it is replaced by the next one */
  async compose(isPreview) {
    clearTimeout(this.timer);
    if (this.work.id) this.work.stop();
    const body = this.body(), before = this.info, wasKept = this.isKept;
    this.result.classList.add("stale");
    const job = await this.work.run("compose", body);
    if (this.isClosed && job?.result_recording && isPreview) await remove(`recordings/${job.result_recording}`).catch(() => {});
    if (this.isClosed || !job?.result_recording || JSON.stringify(body) !== JSON.stringify(this.body())) return;
    this.isKept = !isPreview;
    await this.show(job.result_recording);
    if (before && !wasKept && before.id !== this.info.id) await remove(`recordings/${before.id}`).catch(() => {});
    await this.library.refresh();
  }

  /** @param {string} id */
  async show(id) {
    this.info = await get(`recordings/${id}`);
    remember({ recording: id });
    const { info, paper } = this, signals = new Signals(info, () => paper.draw());
    this.result.hidden = false;
    this.result.classList.remove("stale");
    paper.show(info, signals);
    await signals.open();
    const beats = info.beats.reduce((/** @type {Record<string, number>} */ sum, /** @type {[number, string]} */ [, label]) => ({ ...sum, [label]: (sum[label] ?? 0) + 1 }), {});
    const job = await get(`jobs/${info.job}`).catch(() => null);
    this.work.say(`${clock(info.duration_s)} composed${job ? ` by ${job.request.model}` : ""}: ${Object.entries(beats).map(([label, count]) => `${count} ${label}`).join(", ")}.`);
    this.done.replaceChildren(h("button", { type: "button", class: "main", onclick: () => this.go("") }, "Open in the workbench"),
      h("button", { type: "button", onclick: () => this.go("?panel=print") }, "Print"),
      h("a", { class: "button", download: true, href: `/api/recordings/${id}/export?format=wfdb`, onclick: () => { this.isKept = true; } }, "Download WFDB"),
      h("span", { class: "note" }, `This is the recording that you get: ${plural(info.leads.length, "lead")}, ${info.beats.length} labelled beats.`));
    this.done.hidden = false;
    paper.setView(paper.t);
    this.overview?.show(info, null);
    this.overview?.show(info, await get(`recordings/${id}/overview?points=1500`).catch(() => ({ heart_rate: [], faults: [], ectopic: [] })));
    this.main.dataset.loaded = id;
  }

  /** @param {string} query */
  go(query) {
    this.isKept = true;
    navigate(`/r/${this.info.id}${query}`);
  }
}
