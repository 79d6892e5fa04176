// Uploads: the file, and what it does not state itself.

import { post, put, Refused } from "./api.js";
import { field, h, leadWord, number, select } from "./dom.js";
import { Work } from "./work.js";

export const ACCEPT = ".hea,.dat,.atr,.qrs,.edf,.bdf,.csv,.tsv,.txt,.parquet,.npz,.npy,.dcm,.xml,.scp";
const UNITS = /** @type {[string, string][]} */ ([["", "as the file states"], ["mV", "mV"], ["uV", "µV"], ["V", "V"]]);

/** Fields of the rate and unit. @param {any} [stated] @param {any} [read] */
function statedFields(stated = {}, read = null) {
  return [
    field("Sampling rate", number({ "data-field": "fs_hz fs", min: 0, step: "any", value: stated.fs_hz ?? "", placeholder: read ? String(read.fs_hz) : "as the file states" }), "Hz"),
    field("Unit", select({ "data-field": "unit", value: stated.unit ?? "" }, UNITS)),
  ];
}

/** @param {HTMLElement} form */
function readStated(form) {
  const rate = /** @type {HTMLInputElement} */ (form.querySelector("[data-field~=fs_hz]")).value;
  const unit = /** @type {HTMLSelectElement} */ (form.querySelector("[data-field~=unit]")).value;
  return { fs_hz: rate === "" ? null : Number(rate), unit: unit || null };
}

/**
 * Upload files; where the studio cannot read them as they are, ask for what they do not state. The recording, or null.
 * @param {File[]} files @param {(words: string) => void} say
 */
export async function upload(files, say) {
  const send = (/** @type {any} */ stated) => {
    const form = new FormData();
    for (const file of files) form.append("files", file, file.name);
    if (stated.fs_hz) form.append("fs", String(stated.fs_hz));
    if (stated.unit) form.append("unit", stated.unit);
    return post("recordings", form);
  };
  say(`Reading ${files[0].name} …`);
  try {
    return await send({});
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return await askAndSend(files, error, send);
  } finally {
    say("");
  }
}

/** @param {File[]} files @param {Refused} error @param {(stated: any) => Promise<any>} send @returns {Promise<any>} */
function askAndSend(files, error, send) {
  return new Promise((resolve) => {
    const form = h("form", { class: "fields" }, ...statedFields(), h("div", { class: "row" },
      h("button", { class: "main" }, "Read it so"), h("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, "Cancel")));
    const work = new Work(form);
    const dialog = h("dialog", { "aria-labelledby": "import-title" },
      h("h2", { id: "import-title" }, `${files.map((file) => file.name).join(", ")} cannot be read as it is`), work.element, form);
    /** @type {any} */
    let recording = null;
    form.addEventListener("submit", async (/** @type {Event} */ event) => {
      event.preventDefault();
      work.clearErrors();
      work.say("Reading …");
      try {
        recording = await send(readStated(form));
        dialog.close();
      } catch (failure) {
        work.refuse(failure);
      }
    });
    dialog.addEventListener("close", () => { dialog.remove(); resolve(recording); });
    document.body.append(dialog);
    dialog.showModal();
    work.refuse(error);
  });
}

/**
 * How a file was read, and a form to correct it.
 * @param {any} info @param {(info: any) => void} onChange
 */
export function interpretation(info, onChange) {
  const read = info.interpretation, separators = { ",": "comma", ";": "semicolon", "\t": "tab", " ": "space" };
  const rows = [
    ["Format", read.format],
    ["Separator", read.separator && (separators[/** @type {keyof typeof separators} */ (read.separator)] ?? read.separator)],
    ["Decimal mark", read.decimal],
    ["Columns", read.columns?.join(", ")],
    ["Sampling rate", `${Number(read.fs_hz.toPrecision(6))} Hz`],
    ["Units", Object.entries(read.units ?? {}).map(([name, unit]) => `${name} ${unit || "?"}`).join(", ")],
  ].filter(([, value]) => value);
  const table = h("table", { class: "facts" }, ...rows.map(([name, value]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, value))));
  const assumptions = read.assumptions?.length ? h("ul", { class: "notice" }, ...read.assumptions.map((/** @type {string} */ text) => h("li", {}, text))) : null;
  if (info.operation !== "upload") return h("div", {}, table, assumptions);
  const before = Object.entries(read.stated?.leads ?? {});
  const originalOf = (/** @type {string} */ name) => before.find(([, now]) => now === name)?.[0] ?? name;
  const names = info.leads.map((/** @type {any} */ lead) => field(lead.name, h("input", { "data-lead": lead.name, value: lead.name, maxlength: 40 })));
  const units = info.leads.filter((/** @type {any} */ lead) => lead.kind !== "ecg").map((/** @type {any} */ lead) => field(lead.name,
    h("input", { "data-unit": originalOf(lead.name), value: read.stated?.units?.[originalOf(lead.name)] ?? "", placeholder: read.units?.[lead.name] ?? "", maxlength: 20 })));
  const form = h("form", { class: "fields" }, ...statedFields(read.stated, read),
    h("fieldset", {}, h("legend", {}, `Names of ${leadWord(info)}s`), ...names),
    units.length > 0 && h("fieldset", {}, h("legend", {}, "Units of other signals than ECG"), ...units), h("button", { class: "main" }, "Read again"));
  const work = new Work(form);
  form.addEventListener("submit", async (/** @type {Event} */ event) => {
    event.preventDefault();
    work.clearErrors();
    work.say("Reading …");
    const leads = { ...read.stated?.leads }, stated = [...form.querySelectorAll("[data-unit]")].filter((input) => input.value.trim());
    for (const input of form.querySelectorAll("[data-lead]")) {
      const original = originalOf(input.dataset.lead);
      if (input.value.trim() && input.value.trim() !== original) leads[original] = input.value.trim();
    }
    try {
      onChange(await put(`recordings/${info.id}/interpretation`, { ...readStated(form), units: Object.fromEntries(stated.map((input) => [input.dataset.unit, input.value.trim()])), leads }));
    } catch (error) {
      work.refuse(error);
    }
  });
  return h("div", {}, table, assumptions, h("details", {}, h("summary", {}, "Correct it"), form, work.element));
}
