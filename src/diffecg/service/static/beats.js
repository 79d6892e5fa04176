// Beats: so many of each label, shown as they are generated, above them the downloads.

import { floats, get, realBeats, Refused, written } from "./api.js";
import { codeButton } from "./code.js";
import { clock, colour, field, fixed, h, number, plural, select } from "./dom.js";
import { measure, Paper, PX_MM } from "./paper.js";
import { recalled, remember } from "./router.js";
import { localSignals } from "./signals.js";
import { Work } from "./work.js";

const SHOWN = 60, SETS = /** @type {[string, string][]} */ ([["npz", "NumPy"], ["parquet", "Parquet"], ["csv", "CSV"], ["wfdb", "WFDB"]]);
const MOST = 2000, PX_S = 95, PX_MV = 20;
const NAMES = { N: "normal", S: "supraventricular", V: "ventricular", F: "fusion", Q: "unclassifiable" };

/** Whether the studio has real beats, as far as is known. */
let hasReal = true;

/** @param {string} label */
const named = (label) => NAMES[/** @type {keyof typeof NAMES} */ (label)] ?? label;

/**
 * Counts by label of a text such as "500 V, 200 S"; null if it is something else.
 * @param {string} text @param {string[]} labels
 * @returns {[string, number][] | string} or what is wrong
 */
export function parseCounts(text, labels) {
  const parts = text.split(/[,;]+/).map((part) => part.trim()).filter(Boolean), found = /** @type {[string, number][]} */ ([]);
  for (const part of parts) {
    const match = part.match(/^(\d+)\s*[x×]?\s*([^\d\s]\S*)$/);
    if (!match) return `"${part}" is not a number and a label, such as 500 V`;
    if (labels.length && !labels.includes(match[2])) return `the model has no label ${match[2]}; choose ${labels.join(", ")}`;
    if (found.some(([label]) => label === match[2])) return `${match[2]} is there twice`;
    const count = Number(match[1]);
    if (count < 1 || count > MOST) return `${match[1]} ${match[2]}: choose 1 to ${MOST}`;
    found.push([match[2], count]);
  }
  return found.length ? found : "say how many of which label, such as 500 V, 200 S";
}

/** @param {HTMLElement} main @param {import("./library.js").Library} library */
export async function openBeats(main, library) {
  const view = new Beats(main, library);
  await view.open();
  return view;
}

class Beats {
  /** @param {HTMLElement} main @param {import("./library.js").Library} library */
  constructor(main, library) {
    this.main = main;
    this.library = library;
    /** @type {import("./keys.js").Key[]} */ this.keys = [];
    /** @type {any[]} */ this.models = [];
    this.counts = h("input", { "data-field": "label count counts", class: "wide", required: true, spellcheck: "false", autocomplete: "off", value: recalled("counts") ?? "24 V, 24 S" });
    this.model = select({ "data-field": "model", onchange: () => this.showChips() }, []);
    this.seed = number({ "data-field": "seed", min: 0, required: true, value: recalled("seed") ?? "0" });
    this.steps = number({ "data-field": "steps", min: 1, max: 1000, placeholder: "usual", value: recalled("steps") ?? "" });
    this.chips = h("div", { class: "chips" });
    this.form = h("form", { class: "compose" }, field("Beats", this.counts, "such as 500 V, 200 S"), this.chips,
      h("div", { class: "fields inline" }, field("Model", this.model), field("First seed", this.seed), field("Steps", this.steps),
        h("button", { class: "main" }, "Generate"), codeButton(() => this.firstAction())));
    this.work = new Work(this.form);
    this.sets = h("div", {});
    this.form.addEventListener("submit", (/** @type {Event} */ event) => { event.preventDefault(); this.generate(); });
  }

  async open() {
    document.title = "Beats · diffecg studio";
    this.main.replaceChildren(h("section", { class: "plain" }, h("h1", {}, "Generate beats"), this.form, this.work.element, this.sets));
    this.models = (await get("models")).filter((/** @type {any} */ model) => model.kind === "beat");
    this.model.append(...this.models.map((model) => h("option", { value: model.name }, model.name)));
    const names = this.models.map((model) => model.name);
    this.model.value = [recalled("model"), "mitbih-beat"].find((name) => name && names.includes(name)) ?? names[0];
    this.showChips();
    const jobs = recalled("jobs")?.split(",").filter(Boolean) ?? [];
    await Promise.all(jobs.map((id) => this.resume(id)));
  }

  close() { this.isClosed = true; }

  get chosen() { return this.models.find((model) => model.name === this.model.value); }

  showChips() {
    const labels = this.chosen?.labels.slice(0, 12) ?? [];
    this.chips.replaceChildren(h("div", { role: "group", "aria-label": "Labels" }, h("span", {}, "Add"), ...labels.map((/** @type {string} */ label) => h("button", { type: "button", class: "chip", title: named(label), onclick: () => this.addLabel(label) }, `100 ${label}`))));
  }

  /** @param {string} label */
  addLabel(label) {
    const parts = this.counts.value.split(",").map((/** @type {string} */ part) => part.trim()).filter((/** @type {string} */ part) => part && !part.endsWith(` ${label}`));
    this.counts.value = [...parts, `100 ${label}`].join(", ");
  }

  /** The requests, one a label, with seeds that follow each other. */
  requests() {
    const counts = parseCounts(this.counts.value, this.chosen?.labels ?? []);
    if (typeof counts === "string") return counts;
    let seed = Number(this.seed.value);
    const steps = this.steps.value === "" ? {} : { sampling: { steps: Number(this.steps.value) } };
    return counts.map(([label, count]) => {
      const body = { model: this.model.value, options: { label, count, seed }, ...steps };
      seed += count;
      return body;
    });
  }

  firstAction() {
    const requests = this.requests();
    return typeof requests === "string" ? null : { task: "generate", body: requests[0] };
  }

  async generate() {
    this.work.clearErrors();
    const requests = this.requests();
    if (typeof requests === "string") {
      this.work.mark("counts", requests);
      return;
    }
    remember({ counts: this.counts.value, model: this.model.value, seed: this.seed.value, steps: this.steps.value, jobs: null });
    this.sets.replaceChildren();
    const started = performance.now(), ids = /** @type {string[]} */ ([]);
    for (const body of requests) {
      const set = this.addSet(body);
      const job = await this.work.run("generate", body, { onStatus: (now) => {
        if (!ids.includes(now.id)) { ids.push(now.id); remember({ jobs: ids.join(",") }); }
        set.update(now);
      } });
      if (!job || this.isClosed) return;
      await set.finish(job);
    }
    const total = requests.reduce((sum, body) => sum + body.options.count, 0);
    this.work.say(`${plural(total, "beat")} in ${((performance.now() - started) / 1000).toFixed(1)} s.`);
    this.library.refresh();
  }

  /** @param {string} id */
  async resume(id) {
    try {
      const job = await get(`jobs/${id}`);
      if (job.task !== "generate") return;
      const set = this.addSet(job.request);
      const ended = job.state === "done" ? job : await this.work.follow(id, { onStatus: (now) => set.update(now) });
      if (ended) await set.finish(ended);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.work.say(error.message, true);
    }
  }

  /** @param {any} body */
  addSet(body) {
    const model = this.models.find((one) => one.name === body.model) ?? this.chosen;
    const set = new BeatSet(body, model);
    this.sets.append(set.element);
    return set;
  }
}

/** The beats of one label: downloads, tiles, and real ones beside them. */
class BeatSet {
  /** @param {any} body @param {any} model */
  constructor(body, model) {
    const { label, count } = body.options;
    this.label = label;
    this.model = model;
    this.seed = body.options.seed ?? 0;
    this.size = Math.round(model.window_s * model.fs_hz) * model.leads.length;
    this.length = Math.round(model.window_s * model.fs_hz);
    this.downloads = h("p", { class: "downloads row wrap" });
    this.tiles = h("div", { class: "tiles" });
    this.more = h("button", { type: "button", hidden: true }, "Show more");
    this.real = h("div", { class: "tiles" });
    this.realNote = h("p", { class: "note" });
    this.note = h("p", { class: "note" });
    this.writing = h("span", { role: "status" });
    this.columns = h("div", { class: "both" }, h("div", {}, h("h3", {}, "Synthetic"), this.tiles, this.more), h("div", {}, h("h3", {}, "Real"), this.real, this.realNote));
    this.element = h("section", { class: "set", "data-label": label }, h("h2", {}, `${plural(count ?? 1, "beat")} ${label}`), this.downloads, this.note, this.columns);
    this.shown = 0;
    this.writes = false;
    /** @type {Float32Array[]} */ this.beats = [];
    /** @type {Float32Array[]} */ this.reals = [];
    /** @type {string[]} */ this.origins = [];
    this.more.addEventListener("click", () => this.load(this.shown + 2 * SHOWN));
  }

  /** @param {any} job */
  update(job) {
    this.id = job.id;
    if (job.done > this.shown && this.shown < SHOWN) this.load(Math.min(job.done, SHOWN));
  }

  /** @param {any} job */
  async finish(job) {
    this.id = job.id;
    this.total = job.total || job.done;
    this.downloads.replaceChildren("Download: ", ...SETS.map(([format, text]) => h("a", { class: "button", "data-format": format, download: true, href: `/api/jobs/${job.id}/export?format=${format}`, onclick: (/** @type {Event} */ event) => this.write(event) }, text)), this.writing);
    this.element.dataset.done = "yes";
    await this.load(Math.min(this.total, SHOWN));
    await this.loadReal();
  }

  /** Say that a file is being written, which takes a while for many records, and download it then. @param {Event} event */
  async write(event) {
    const link = /** @type {HTMLAnchorElement} */ (event.currentTarget);
    if (link.dataset.written) return;
    event.preventDefault();
    if (this.writes) return;
    this.writes = true;
    this.writing.textContent = `Writing ${plural(this.total, "beat")} as ${link.textContent} …`;
    try {
      await written(link.getAttribute("href") ?? "");
      link.dataset.written = "yes";
      this.writing.textContent = "";
      link.click();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.writing.textContent = error.message;
    } finally {
      this.writes = false;
    }
  }

  /** @param {number} count */
  async load(count) {
    if (this.loading || count <= this.shown) return;
    this.loading = true;
    try {
      const found = await floats(`jobs/${this.id}/windows?first=${this.shown}&count=${count - this.shown}`);
      for (let i = 0; i + this.size <= found.length; i += this.size) this.beats.push(found.slice(i, i + this.length));
      this.shown = this.beats.length;
      this.showTiles();
      this.more.hidden = !this.total || this.shown >= this.total;
      this.more.textContent = `Show more (${this.shown} of ${this.total})`;
    } finally {
      this.loading = false;
    }
  }

  showTiles() {
    const range = rangeOf([...this.beats, ...this.reals]), { fs_hz: fs } = this.model;
    this.tiles.replaceChildren(...this.beats.map((beat, i) => tile(beat, fs, range, `seed ${this.seed + i}`, () => this.open(i))));
    this.real.replaceChildren(...this.reals.map((beat, i) => tile(beat, fs, range, this.origins[i], null)));
  }

  async loadReal() {
    try {
      if (!hasReal) throw new Refused("no real beats");
      const { values, origins } = await realBeats(this.label, 24);
      if (values.length !== origins.length * this.size) throw new Refused("the real beats of the studio have other leads, length or rate than those of the model");
      for (let i = 0; i + this.size <= values.length; i += this.size) this.reals.push(values.slice(i, i + this.length));
      this.origins = origins.map(({ recording, time_s }) => [recording, time_s !== null && clock(time_s)].filter(Boolean).join(", ") || "real");
      this.showTiles();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.columns.classList.add("single");
      this.real.parentElement?.remove();
      if (!hasReal) return;
      hasReal = !/without real beats/.test(error.message);
      this.note.textContent = hasReal ? error.message : "To see real beats beside these, start the studio with a folder of them: diffecg studio --beats FOLDER.";
    }
  }

  /** @param {number} index */
  open(index) {
    const beat = this.beats[index], name = `${this.label}, seed ${this.seed + index}`;
    const { info, signals } = localSignals(beat, this.model.fs_hz, this.label);
    const sheet = h("div", {}), caption = h("p", { class: "caption" }), output = h("output", { "aria-live": "polite" });
    const slider = (/** @type {string} */ text, /** @type {number} */ value) => h("input", { type: "range", "aria-label": `Caliper ${text}`, min: 0, max: beat.length - 1, value, oninput: () => update() });
    const a = slider("A", Math.round(beat.length * 0.3)), b = slider("B", Math.round(beat.length * 0.6));
    const links = ["wfdb", "csv", "png"].map((format) => h("a", { class: "button", "data-format": format, download: true, href: `/api/jobs/${this.id}/export?format=${format}&window=${index}` }, format.toUpperCase()));
    const dialog = h("dialog", { class: "beat", "aria-labelledby": "beat-title" },
      h("form", { method: "dialog" }, h("h2", { id: "beat-title" }, name), h("button", { "aria-label": "Close" }, "×")), sheet, caption,
      h("div", { class: "fields" }, field("A", a), field("B", b)), output, h("p", { class: "row wrap" }, "Download:", ...links));
    const paper = new Paper(sheet);
    const update = () => {
      paper.calipers = { lead: this.label, a: Number(a.value) / info.fs_hz, b: Number(b.value) / info.fs_hz };
      for (const one of [a, b]) one.setAttribute("aria-valuetext", clock(Number(one.value) / info.fs_hz, null, 3));
      const found = measure(signals, paper.calipers);
      output.textContent = `A to B: ${found.ms}, ${found.difference}; peak to peak ${found.range}`;
      paper.draw();
    };
    dialog.addEventListener("close", () => { paper.close(); dialog.remove(); });
    document.body.append(dialog);
    dialog.showModal();
    paper.show(info, signals);
    const range = signals.ranges.get(this.label) ?? { low: 0, high: 1 };
    paper.gain = [20, 10, 5].find((gain) => gain * (range.high - range.low) < 75) ?? 2.5;
    paper.setView(0, [200, 100].find((speed) => speed * info.duration_s < paper.plotWidth / PX_MM) ?? 50);
    caption.textContent = paper.caption;
    update();
  }
}

/** @param {Float32Array[]} beats @returns {[number, number]} */
function rangeOf(beats) {
  let low = -0.5, high = 1;
  for (const beat of beats) for (const mv of beat) { low = Math.min(low, mv); high = Math.max(high, mv); }
  return [low - 0.1, high + 0.1];
}

const SVG = "http://www.w3.org/2000/svg";

/** A small picture of a beat on paper; none is cut, as all have the range of the set. @param {Float32Array} beat @param {number} fs @param {[number, number]} range @param {string} title @param {(() => void) | null} onOpen */
function tile(beat, fs, [low, high], title, onOpen) {
  const width = (beat.length / fs) * PX_S, height = (high - low) * PX_MV;
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  const points = Array.from(beat, (mv, i) => `${fixed((i / fs) * PX_S, 2)},${fixed((high - mv) * PX_MV, 2)}`);
  path.setAttribute("d", `M${points.join("L")}`);
  path.setAttribute("class", "trace");
  svg.append(grid(width, height, PX_S * 0.2, PX_MV * 0.5, (high * PX_MV) % (PX_MV * 0.5)), path);
  const attributes = { class: "tile", title };
  return onOpen ? h("button", { type: "button", ...attributes, onclick: onOpen }, svg, h("span", {}, title)) : h("div", attributes, svg, h("span", {}, title));
}

/** @param {number} width @param {number} height @param {number} dx @param {number} dy @param {number} first */
function grid(width, height, dx, dy, first) {
  const lines = document.createElementNS(SVG, "path"), parts = [];
  for (let x = 0; x <= width; x += dx) parts.push(`M${fixed(x, 1)},0V${fixed(height, 1)}`);
  for (let y = first; y <= height; y += dy) parts.push(`M0,${fixed(y, 1)}H${fixed(width, 1)}`);
  lines.setAttribute("d", parts.join(""));
  lines.setAttribute("class", "grid");
  lines.setAttribute("stroke", colour("grid"));
  return lines;
}
