// Report: can these beats be trusted? A verdict per label, sets side by side, and every figure on a scale on which right is better.

import { floats, get, post, Refused } from "./api.js";
import { codeButton } from "./code.js";
import { field, h, plural, replaceWithin, select } from "./dom.js";
import { recalled, remember } from "./router.js";
import { Work } from "./work.js";

/** Grades by the share of the way from the baseline to real beats. */
const GRADES = /** @type {const} */ ({ real: "as real", near: "near", off: "off" });
const AS_REAL = 0.9, NEAR = 0.5, RATIO_REAL = 1.15, RATIO_NEAR = 2;

/** How far a value is from the best one; less is better. @param {any} row @param {number} value */
function distance(row, value) {
  if (row.better === "lower") return value;
  if (row.better === "higher") return -value;
  const best = row.better === "as the reference" ? row.reference : Number.parseFloat(row.better);
  return Math.abs(value - (Number.isFinite(best) ? best : row.reference));
}

/**
 * Where a figure lies between baseline (0) and real beats (1), and its grade; null if it is undefined.
 * @param {any} row of a report
 * @returns {{score: number, grade: "real" | "near" | "off"} | null}
 */
export function gradeOf(row) {
  if (row.value == null || row.reference == null) return null;
  const [value, real] = [distance(row, row.value), distance(row, row.reference)];
  const isCovered = row.interval && row.interval[0] <= row.reference && row.reference <= row.interval[1];
  let score;
  const baseline = row.baseline == null ? null : distance(row, row.baseline);
  if (value <= real) score = 1;
  else if (baseline !== null && baseline > real) score = Math.max(0, Math.min(1, (baseline - value) / (baseline - real)));
  else {
    const ratio = row.better === "higher" ? row.reference / row.value : Math.abs(value) / Math.max(Math.abs(real), 1e-9);
    score = ratio <= RATIO_REAL ? AS_REAL : ratio <= RATIO_NEAR ? NEAR : 0.2;
  }
  return { score, grade: score >= AS_REAL || isCovered ? "real" : score >= NEAR ? "near" : "off" };
}

/** The verdict of a label from the grades of its figures. @param {("real" | "near" | "off")[]} grades */
export function verdict(grades) {
  const count = (/** @type {string} */ grade) => grades.filter((one) => one === grade).length;
  if (count("off") > grades.length / 4) return "off";
  return count("real") >= 0.75 * grades.length && !count("off") ? "real" : "near";
}

/** @param {number | null} value */
const figure = (value) => (value == null ? "–" : Number(value.toPrecision(3)).toLocaleString("en"));

/** @param {HTMLElement} main @param {import("./library.js").Library} library */
export async function openReport(main, library) {
  const view = new Report(main, library);
  await view.open();
  return view;
}

class Report {
  /** @param {HTMLElement} main @param {import("./library.js").Library} library */
  constructor(main, library) {
    this.main = main;
    this.library = library;
    /** @type {import("./keys.js").Key[]} */ this.keys = [];
    /** @type {any[]} */ this.uploaded = [];
    /** @type {Set<string>} */ this.ticked = new Set();
    this.listed = "";
    this.sets = h("fieldset", { class: "sets", "data-field": "synthetic" }, h("legend", {}, "Synthetic beats, one set or several to compare"));
    const file = (/** @type {string} */ text, /** @type {(info: any) => void} */ use) => h("label", { class: "button" }, text, h("input", { type: "file", class: "hidden-file", accept: ".npz,.csv,.parquet,.zip", onchange: (/** @type {any} */ event) => this.upload(event.target, use) }));
    this.real = select({ "data-field": "real" }, []);
    const section = (/** @type {string} */ name, isChecked = false) => h("label", { class: "check" }, h("input", { type: "checkbox", name: "section", value: name, checked: isChecked }), name);
    this.sections = h("fieldset", { "data-field": "sections", class: "inline" }, h("legend", {}, "Sections"), section("fidelity", true), section("physiology", true), section("privacy"), section("utility"));
    this.form = h("form", { class: "compose" },
      this.sets, h("div", { class: "row" }, file("Add a set from a file", (info) => this.ticked.add(info.id)), h("small", {}, ".npz, .csv, .parquet, or a .zip of a folder: WFDB records, or what diffecg prepare wrote")),
      h("div", { class: "fields inline" }, field("Compared with real beats", this.real), file("Real beats from a file", (info) => { this.wantedReal = info.id; }), this.sections,
        h("button", { class: "main" }, "Evaluate"), codeButton(() => ({ task: "evaluate", body: this.body([...this.ticked][0] ?? "ID") }))));
    this.work = new Work(this.form);
    this.result = h("div", {});
    this.form.addEventListener("submit", (/** @type {Event} */ event) => { event.preventDefault(); this.evaluate(); });
    this.onLibrary = () => this.listSets();
  }

  async open() {
    document.title = "Report · diffecg studio";
    this.main.replaceChildren(h("section", { class: "plain" }, h("h1", {}, "Can these beats be trusted?"), this.form, this.work.element, this.result));
    this.library.addEventListener("change", this.onLibrary);
    await this.loadSets();
    const jobs = recalled("jobs")?.split(",").filter(Boolean) ?? [];
    if (jobs.length) await this.show(jobs);
  }

  close() { this.library.removeEventListener("change", this.onLibrary); }

  async loadSets() {
    const [sets, project] = await Promise.all([get("sets"), floats("real?label=N&count=1").then(() => true, (error) => !/without real beats/.test(error.message))]);
    this.uploaded = sets;
    this.hasReal = project;
    this.listSets();
  }

  listSets() {
    const made = this.library.jobs.filter((job) => job.task === "generate" && job.state === "done")
      .map((job) => ({ id: job.id, text: `${job.request.options.count} ${job.request.options.label ?? ""} of ${job.request.model}, seed ${job.request.options.seed}` }));
    const files = this.uploaded.map((set) => ({ id: set.id, text: `${set.name}: ${Object.entries(set.counts).map(([label, count]) => `${count} ${label}`).join(", ")}` }));
    const all = [...made, ...files], text = JSON.stringify([all, this.library.recordings.map((one) => one.id), [...this.ticked], this.wantedReal]);
    if (text === this.listed) return;
    this.listed = text;
    const boxes = all.map((set) => h("label", { class: "check" }, h("input", { type: "checkbox", value: set.id, checked: this.ticked.has(set.id), onchange: (/** @type {any} */ event) => { this.ticked[event.target.checked ? "add" : "delete"](set.id); } }), set.text));
    replaceWithin(this.sets, () => this.sets.replaceChildren(this.sets.firstElementChild, ...(boxes.length ? boxes : [h("p", { class: "note" }, "None yet: ", h("a", { href: "/beats" }, "generate beats"), " or add a file.")])));
    const recordings = this.library.recordings.filter((one) => one.operation === "upload").map((one) => [one.id, `annotated beats of recording ${one.name}`]);
    const real = /** @type {[string, string][]} */ ([...(this.hasReal ? [["beats", "beats of the studio"]] : []), ...files.map((set) => [set.id, set.text]), ...recordings]);
    const before = this.wantedReal ?? this.real.value;
    this.real.replaceChildren(...(real.length ? real : [["", "none yet: open an annotated recording, or a file"]]).map(([id, words]) => h("option", { value: id }, words)));
    if (real.some(([id]) => id === before)) this.real.value = before;
  }

  /** @param {HTMLInputElement} input @param {(info: any) => void} use */
  async upload(input, use) {
    const [file] = input.files ?? [];
    if (!file) return;
    this.work.clearErrors();
    this.work.say(`Reading ${file.name} …`);
    try {
      const form = new FormData();
      form.append("files", file, file.name);
      use(await post("sets", form));
      this.work.say("");
      await this.loadSets();
    } catch (error) {
      this.work.refuse(error);
    } finally {
      input.value = "";
    }
  }

  /** @param {string} synthetic */
  body(synthetic) {
    return { synthetic, real: this.real.value, sections: [...this.sections.querySelectorAll(":checked")].map((box) => box.value) };
  }

  async evaluate() {
    this.work.clearErrors();
    if (!this.ticked.size) return this.work.say("Tick a set of synthetic beats.", true);
    if (!this.real.value) return this.work.say("Choose real beats to compare with.", true);
    const ids = [];
    for (const set of this.ticked) {
      this.work.prefix = this.ticked.size > 1 ? `Set ${ids.length + 1} of ${this.ticked.size}: ` : "";
      const job = await this.work.run("evaluate", this.body(set));
      if (!job) return;
      ids.push(job.id);
    }
    remember({ jobs: ids.join(",") });
    this.work.say("");
    await this.show(ids);
    this.library.refresh();
  }

  /** @param {string[]} ids of jobs */
  async show(ids) {
    try {
      const reports = await Promise.all(ids.map(async (id) => ({ job: await get(`jobs/${id}`), ...(await get(`jobs/${id}/result`)) })));
      this.render(reports);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.work.say(error.message, true);
    }
  }

  /** @param {any} report */
  nameOf(report) {
    const id = report.job.request.synthetic, job = this.library.jobs.find((one) => one.id === id), set = this.uploaded.find((one) => one.id === id);
    if (job) return `${job.request.model}: ${job.request.options.count} ${job.request.options.label ?? "beats"}`;
    return set?.name ?? "set";
  }

  /** @param {any[]} reports */
  render(reports) {
    const labels = [...new Set(reports.flatMap((report) => report.rows.map((/** @type {any} */ row) => row.label)))];
    const names = reports.map((report) => this.nameOf(report));
    const graded = reports.flatMap((report) => report.rows).filter(gradeOf).length;
    const parts = labels.map((label) => this.renderLabel(label, reports, names)).filter(Boolean);
    this.result.replaceChildren(
      graded ? h("p", { class: "note" }, "Each bar leads from a simple generator (left) to other real beats (right): right is better. As real: as close to real beats as real ones are to each other, 90 % of the way, or not to be told from them by its interval; near: half of the way; off: less.")
        : h("p", { class: "status bad" }, "No figure could be computed: there are too few beats of a label on one side."),
      ...parts,
      h("div", { class: "row wrap" }, ...reports.flatMap((report, i) => [
        h("a", { class: "button", target: "_blank", rel: "noopener", href: `/api/jobs/${report.job.id}/files/report.html` }, `Whole report of ${names[i]}`),
        h("a", { class: "button", download: true, href: `/api/jobs/${report.job.id}/download` }, `Download ${names[i]}`)])),
      h("ul", { class: "note" }, ...[...new Set(reports.flatMap((report) => report.notes ?? []))].map((note) => h("li", {}, note))));
    this.result.dataset.loaded = "yes";
  }

  /** @param {string} label @param {any[]} reports @param {string[]} names */
  renderLabel(label, reports, names) {
    const bySet = reports.map((report) => report.rows.filter((/** @type {any} */ row) => row.label === label));
    const metrics = [...new Map(bySet.flat().map((row) => [`${row.section} ${row.metric}`, row])).entries()];
    const verdicts = bySet.map((rows) => {
      const grades = rows.map(gradeOf).filter(Boolean).map((/** @type {any} */ one) => one.grade);
      return grades.length ? { grade: verdict(grades), grades } : null;
    });
    if (!verdicts.some(Boolean)) return null;
    const cards = verdicts.map((one, i) => one && h("div", { class: `verdict ${one.grade}` }, h("strong", {}, GRADES[/** @type {keyof typeof GRADES} */ (one.grade)]),
      h("span", {}, names.length > 1 ? names[i] : "", h("small", {}, ["real", "near", "off"].map((grade) => `${one.grades.filter((/** @type {string} */ g) => g === grade).length} ${GRADES[/** @type {keyof typeof GRADES} */ (grade)]}`).join(", ")))));
    const head = h("tr", {}, h("th", { scope: "col" }, "Figure"), ...names.map((name) => h("th", { scope: "col" }, names.length > 1 ? name : "Synthetic")), h("th", { scope: "col", class: "number" }, "Real"), h("th", { scope: "col", class: "number" }, "Baseline"));
    const lines = metrics.map(([key, first]) => h("tr", {}, h("th", { scope: "row" }, first.metric, h("small", {}, ` ${first.unit}`)),
      ...bySet.map((rows) => {
        const row = rows.find((/** @type {any} */ one) => `${one.section} ${one.metric}` === key);
        return row ? valueCell(row) : h("td", {}, "–");
      }), h("td", { class: "number" }, figure(first.reference)), h("td", { class: "number" }, figure(first.baseline))));
    return h("section", { class: "label", "data-label": label }, h("h2", {}, label === "all" ? "All labels" : `Label ${label}`), h("div", { class: "row wrap" }, ...cards),
      h("div", { class: "wide-table", tabindex: 0, role: "region", "aria-label": `Figures of ${label}` }, h("table", {}, head, ...lines)));
  }
}

/** @param {any} row */
function valueCell(row) {
  const grade = gradeOf(row);
  const interval = row.interval ? ` (${figure(row.interval[0])} to ${figure(row.interval[1])})` : row.spread ? ` ± ${figure(row.spread)}` : "";
  if (!grade) return h("td", {}, "–", h("small", {}, row.note ? ` ${row.note}` : ""));
  const meter = h("meter", { min: 0, max: 1, value: grade.score.toFixed(3), class: grade.grade, "aria-label": `${GRADES[grade.grade]}` });
  return h("td", {}, h("div", { class: "figure" }, meter, h("span", { class: `grade ${grade.grade}` }, GRADES[grade.grade]), h("span", {}, figure(row.value), h("small", {}, interval))));
}
