// The library beside every view: examples, recordings with what was made from them, and jobs.

import { get, hasEnded, post, Refused, remove } from "./api.js";
import { duration, h, leadWord, plural, replaceWithin } from "./dom.js";
import { ACCEPT, upload } from "./importing.js";
import { navigate } from "./router.js";
import { progressText } from "./work.js";

const BUSY_MS = 800, IDLE_MS = 6000;
const OPERATIONS = { impute: "imputed", denoise: "denoised", forecast: "forecast", compose: "composed", example: "example", upload: "" };
const TASKS = { generate: "Beats", impute: "Imputation", denoise: "Denoising", forecast: "Forecast", compose: "Composition", evaluate: "Report", example: "Example" };

export class Library extends EventTarget {
  /** @param {HTMLElement} root */
  constructor(root) {
    super();
    this.root = root;
    /** @type {any[]} */ this.recordings = [];
    /** @type {any[]} */ this.jobs = [];
    /** @type {any[]} */ this.examples = [];
    this.shown = "";
    this.status = h("p", { class: "status", role: "status" });
    this.lists = { examples: h("ul", {}), recordings: h("ul", {}), jobs: h("ul", {}), history: h("ul", {}) };
    const input = h("input", { type: "file", multiple: true, class: "hidden-file", accept: ACCEPT, onchange: () => this.upload([...input.files]) });
    this.history = h("details", { hidden: true }, h("summary", {}, "Earlier jobs"), this.lists.history);
    this.jobsPart = h("section", { hidden: true, "aria-label": "Jobs" }, h("h2", {}, "Jobs"), this.lists.jobs);
    root.append(
      h("label", { class: "button main open" }, "Open a recording", input), this.status, this.jobsPart,
      h("section", { "aria-label": "Examples" }, h("h2", {}, "Examples"), this.lists.examples),
      h("section", { "aria-label": "Recordings" }, h("h2", {}, "Recordings"), this.lists.recordings),
      this.history,
    );
  }

  async open() {
    [this.examples] = await Promise.all([get("examples"), this.refresh()]);
    this.lists.examples.replaceChildren(...this.examples.map((one) => h("li", {}, this.exampleButton(one))));
  }

  /** @param {any} example */
  exampleButton(example) {
    return h("button", { type: "button", class: "item", "data-example": example.name, title: example.description, onclick: () => this.openExample(example.name) }, example.title);
  }

  /** @param {string} name */
  async openExample(name) {
    this.say("Opening the example …");
    try {
      const info = await post(`examples/${name}`);
      this.say("");
      await this.refresh();
      navigate(`/r/${info.id}`);
    } catch (error) {
      this.fail(error);
    }
  }

  /** @param {File[]} files */
  async upload(files) {
    if (!files.length) return;
    try {
      const info = await upload(files, (words) => this.say(words));
      if (!info) return;
      await this.refresh();
      navigate(`/r/${info.id}`);
    } catch (error) {
      this.fail(error);
    }
  }

  /** @param {string} words */
  say(words, isBad = false) {
    this.status.textContent = words;
    this.status.classList.toggle("bad", isBad);
  }

  /** @param {any} error */
  fail(error) {
    if (!(error instanceof Refused)) throw error;
    this.say(error.message, true);
  }

  async refresh() {
    clearTimeout(this.timer);
    let isBusy = false;
    try {
      [this.recordings, this.jobs] = await Promise.all([get("recordings"), get("jobs")]);
      isBusy = this.jobs.some((job) => !hasEnded(job));
      this.show();
      this.dispatchEvent(new Event("change"));
    } catch (error) {
      this.fail(error);
    }
    this.timer = setTimeout(() => this.refresh(), isBusy ? BUSY_MS : IDLE_MS);
  }

  show() {
    const text = JSON.stringify([this.recordings, this.jobs, location.pathname]);
    if (text === this.shown) return;
    this.shown = text;
    replaceWithin(this.root, () => this.render());
  }

  render() {
    const known = new Set(this.recordings.map((one) => one.id));
    const roots = this.recordings.filter((one) => !known.has(one.parent));
    this.lists.recordings.replaceChildren(...(roots.length ? roots.map((one) => this.branch(one)) : [h("li", { class: "note" }, "None yet: open a file or an example.")]));
    const running = this.jobs.filter((job) => !hasEnded(job)), ended = this.jobs.filter(hasEnded);
    this.jobsPart.hidden = !running.length;
    this.lists.jobs.replaceChildren(...running.map((job) => this.jobItem(job)));
    this.history.hidden = !ended.length;
    this.lists.history.replaceChildren(...ended.slice(0, 30).map((job) => this.jobItem(job)));
  }

  /** A recording and those that were made from it. @param {any} info @returns {HTMLElement} */
  branch(info) {
    const isShown = location.pathname === `/r/${info.id}`;
    const made = OPERATIONS[/** @type {keyof typeof OPERATIONS} */ (info.operation)];
    const link = h("a", { href: `/r/${info.id}`, class: "item", "aria-current": isShown && "page" }, h("span", {}, info.name), h("small", {}, [made, duration(info.duration_s), plural(info.leads.length, leadWord(info))].filter(Boolean).join(" · ")));
    const children = this.recordings.filter((one) => one.parent === info.id).reverse();
    return h("li", {}, link, children.length > 0 && h("ul", {}, ...children.map((one) => this.branch(one))));
  }

  /** @param {any} job */
  jobItem(job) {
    const { options = {}, text } = job.request ?? {};
    const about = { generate: `${options.count ?? ""} ${options.label ?? ""}`, compose: text, impute: this.nameOf(job), denoise: this.nameOf(job), forecast: this.nameOf(job) }[/** @type {string} */ (job.task)] ?? "";
    const title = `${TASKS[/** @type {keyof typeof TASKS} */ (job.task)] ?? job.task} ${about}`.trim();
    const address = job.result_recording ? `/r/${job.result_recording}` : job.task === "generate" ? `/beats?jobs=${job.id}` : job.task === "evaluate" ? `/report?jobs=${job.id}` : null;
    if (!hasEnded(job)) {
      return h("li", { class: "job" }, h("span", {}, title), h("small", {}, progressText(job)),
        h("progress", { "aria-label": title, max: job.total || 1, value: job.total ? job.done : undefined }),
        h("button", { type: "button", class: "quiet", "aria-label": `Cancel ${title}`, onclick: () => remove(`jobs/${job.id}`).then(() => this.refresh()) }, "Cancel"));
    }
    const note = job.state === "done" ? "" : job.state === "failed" ? job.error : "cancelled";
    return h("li", {}, address && job.state === "done" ? h("a", { href: address, class: "item" }, title) : h("span", { class: "item" }, title), note && h("small", { class: "note" }, note));
  }

  /** @param {any} job */
  nameOf(job) { return this.recordings.find((one) => one.id === job.recording)?.name ?? ""; }

  /** The newest recording that was made from another. @param {string} id */
  childOf(id) { return this.recordings.find((one) => one.parent === id) ?? null; }
}
