// Print: a sheet at true scale. File: how it was read, downloads, deletion.

import { Refused, remove } from "./api.js";
import { clock, duration, field, h, number, parseTime, select } from "./dom.js";
import { interpretation } from "./importing.js";
import { navigate } from "./router.js";

const TWELVE = /** @type {[string, string][]} */ ([["3x4", "12 leads, 3 × 4"], ["6x2", "12 leads, 6 × 2"]]);
const LIMB = ["I", "II", "III", "aVR", "aVL", "aVF"], CHEST = ["V1", "V2", "V3", "V4", "V5", "V6"];
const FORMATS = /** @type {[string, string][]} */ ([["original", "As it came"], ["wfdb", "WFDB"], ["edf", "EDF"], ["csv", "CSV"], ["parquet", "Parquet"]]);

/** Leads that can be printed: those of an ECG. @param {any} info @returns {any[]} */
const ecgOf = (info) => info.leads.filter((/** @type {any} */ lead) => lead.kind === "ecg" && lead.fs_hz === info.fs_hz);

/** Whether a recording has, or determines, six of the 12 leads: two limb leads determine the others. @param {any} info */
function hasTwelve(info) {
  const count = (/** @type {string[]} */ names) => names.filter((name) => info.leads.some((/** @type {any} */ lead) => lead.name === name)).length;
  return (count(LIMB) > 1 ? LIMB.length : count(LIMB)) + count(CHEST) >= 6;
}

export class PrintPanel {
  title = "Print";

  /** @param {import("./workbench.js").Workbench} bench */
  constructor(bench) {
    this.bench = bench;
    const { info } = bench;
    this.start = h("input", { size: 9, class: "time" });
    this.seconds = number({ min: 1, max: 600, step: 1, value: Math.min(Math.ceil(info.duration_s), 60) });
    this.speed = select({ value: "25" }, [["25", "25 mm/s"], ["50", "50 mm/s"]]);
    this.gain = select({ value: "" }, [["", "what fits"], ["5", "5 mm/mV"], ["10", "10 mm/mV"], ["20", "20 mm/mV"]]);
    this.rhythm = select({ value: "shown" }, [["shown", "shown"], ["hidden", "hidden: a quiz"]]);
    this.layout = select({ value: hasTwelve(info) && info.leads.length > 8 ? "3x4" : "rows" }, [["rows", "leads in rows"], ...(hasTwelve(info) ? TWELVE : [])]);
    this.leads = h("fieldset", {}, h("legend", {}, "Leads"), ...ecgOf(info).map((/** @type {any} */ lead) => h("label", { class: "check" }, h("input", { type: "checkbox", value: lead.name }), lead.name)));
    this.open = h("a", { class: "button main", target: "_blank", rel: "noopener" }, "Open the sheet");
    this.pdf = h("a", { class: "button", download: true }, "PDF");
    this.png = h("a", { class: "button", download: true }, "PNG");
    this.length = field("Length", this.seconds, "s");
    this.form = h("form", { class: "fields two" }, field("Layout", this.layout), field("From", this.start), this.length, field("Speed", this.speed), field("Gain", this.gain), field("Rhythm", this.rhythm), this.leads);
    this.form.addEventListener("input", () => this.update());
    this.form.addEventListener("submit", (/** @type {Event} */ event) => event.preventDefault());
    this.rows = h("p", { class: "note" });
    this.element = ecgOf(info).length === 0 ? h("div", {}, h("h2", {}, "A4 sheet at true scale"), h("p", { class: "note" }, "A sheet shows an ECG, and this recording has none."))
      : h("div", {}, h("h2", {}, "A4 sheet at true scale"), this.form, this.rows, h("div", { class: "row" }, this.open, this.pdf, this.png), h("p", { class: "note" }, "Print at 100 %, not fitted to the page: then 25 mm on the sheet are a second."));
  }

  show() {
    const { paper, info } = this.bench;
    const boxes = [...this.leads.querySelectorAll("input")];
    if (!boxes.some((box) => box.checked)) for (const box of boxes) box.checked = paper.leads.includes(box.value);
    if (boxes.length && !boxes.some((box) => box.checked)) boxes[0].checked = true;
    if (!this.start.value) this.start.value = clock(paper.t, info.start, 1);
    this.update();
  }

  update() {
    const { info } = this.bench, start = parseTime(this.start.value, info.start);
    const isWrong = start === null || start >= info.duration_s;
    this.start.setAttribute("aria-invalid", String(isWrong));
    const inRows = this.layout.value === "rows", row = this.speed.value === "50" ? 5 : 10;
    this.length.hidden = this.leads.hidden = !inRows;
    const query = new URLSearchParams({ start: String(isWrong ? 0 : start), speed: this.speed.value, rhythm: this.rhythm.value, layout: this.layout.value });
    if (this.gain.value) query.set("gain", this.gain.value);
    if (inRows) {
      query.set("seconds", this.seconds.value || "10");
      for (const box of this.leads.querySelectorAll(":checked")) query.append("leads", box.value);
    }
    const address = `/api/recordings/${info.id}/sheet?${query}`;
    this.open.href = `${address}&format=pdf`;
    this.pdf.href = `${address}&format=pdf`;
    this.png.href = `${address}&format=png`;
    this.rows.textContent = inRows ? `${Math.ceil(Number(this.seconds.value) / row)} rows of ${row} s.`
      : `${row} s of 12 leads above a rhythm strip; limb leads that are not recorded are derived.`;
  }
}

export class FilePanel {
  title = "File";

  /** @param {import("./workbench.js").Workbench} bench */
  constructor(bench) {
    this.bench = bench;
    const { info } = bench;
    this.status = h("p", { class: "status", role: "status" });
    const links = FORMATS.map(([format, text]) => h("a", { class: "button", href: `/api/recordings/${info.id}/export?format=${format}`, download: true, "data-format": format }, text));
    const made = info.operation === "upload" ? "" : `Made by: ${info.operation}. `;
    this.element = h("div", {}, h("h2", {}, "Download"), h("div", { class: "row wrap" }, ...links),
      h("h2", {}, "How it was read"), interpretation(info, () => location.reload()),
      h("h2", {}, "In the library"), h("p", { class: "note" }, `${made}${duration(info.duration_s)}, added ${new Date(info.created).toLocaleString("en-GB")}.`),
      h("button", { type: "button", onclick: () => this.ask() }, "Delete this recording"), this.status);
  }

  show() {}

  ask() {
    const { info } = this.bench;
    const dialog = h("dialog", { "aria-labelledby": "delete-title" }, h("h2", { id: "delete-title" }, `Delete ${info.name}?`),
      h("p", {}, "The recording is removed from the project; what was made from it stays."),
      h("div", { class: "row" }, h("button", { type: "button", class: "main", onclick: () => { dialog.close(); this.delete(); } }, "Delete"), h("button", { type: "button", onclick: () => dialog.close() }, "Keep")));
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  }

  async delete() {
    try {
      await remove(`recordings/${this.bench.info.id}`);
      await this.bench.library.refresh();
      navigate("/");
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.status.textContent = error.message;
      this.status.classList.add("bad");
    }
  }
}
