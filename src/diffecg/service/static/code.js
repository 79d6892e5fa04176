// What an action does, as Python, curl and command.

import { h } from "./dom.js";

/** @param {any} value */
const py = (value) => (value === null ? "None" : value === true ? "True" : value === false ? "False" : typeof value === "string" ? JSON.stringify(value) : String(value));
/** @param {Record<string, any>} options */
const keywords = (options) => Object.entries(options).filter(([, value]) => value != null).map(([name, value]) => `${name}=${py(value)}`).join(", ");
/** @param {any} text */
const quoted = (text) => (/^[\w./:+-]+$/.test(text) ? text : `'${String(text).replaceAll("'", "'\\''")}'`);
/** @param {string} name */
const interval = (name) => (/** @type {any} */ gap) => `Interval(start_s=${gap.start_s}, stop_s=${gap.stop_s}${gap.lead ? `, lead=${py(gap.lead)}` : ""})${name}`;

/** The subject of a composed recording, as conditions of Python. @param {any} subject */
const conditions = ({ statement = [], age, sex }) => `{${[statement.length && `"labels": ${py(statement.join("+"))}`, age != null && `"age": ${age}`, sex && `"sex": ${sex === "female" ? 1 : 0}`].filter(Boolean).join(", ")}}`;

/** @typedef {{task: string, body: any, source?: string}} Action a request, and the file of its recording */

/** @param {Action} action */
export function curl({ task, body }) {
  const json = JSON.stringify(body).replaceAll("'", "'\\''");
  return `curl -s ${location.origin}/api/${task} \\\n  -H "Authorization: Bearer $TOKEN" -H 'content-type: application/json' \\\n  -d '${json}'`;
}

/** @param {Action} action */
export function python({ task, body, source = "recording" }) {
  const { options, draw = {} } = body;
  const model = body.model ?? null;
  const gaps = (options.gaps ?? options.intervals ?? []).map(interval(","));
  const list = gaps.length ? `(\n${gaps.map((/** @type {string} */ gap) => `        ${gap}\n`).join("")}    )` : "()";
  const read = `recording = diffecg.read_recording(${py(source)})`;
  switch (task) {
    case "generate":
      return `import diffecg\n\nmodel = diffecg.load(${py(model)})\nbeats = model.generate(${py(options.label)}, ${options.count}, seed=${options.seed})\nprint(beats.signal_mv.shape, beats.fs_hz)`;
    case "compose": {
      const settings = keywords({ heart_rate: options.heart_rate, sdnn_ms: options.sdnn_ms });
      return `import diffecg\n\nrhythm = diffecg.Rhythm(${py(body.text)}${settings && `, ${settings}`})\nrecording = diffecg.compose(\n    rhythm, ${60 * options.minutes}, model=${py(model)}, ${keywords({ seed: options.seed, subject_seed: options.subject_seed })}${body.subject ? `,\n    conditions=${conditions(body.subject)}` : ""}\n)\ndiffecg.write_recording("composed", recording)`;
    }
    case "impute":
      return `import diffecg\nfrom diffecg.inference.options import DrawOptions, ImputeOptions\nfrom diffecg.inference.planning import plan_imputation\nfrom diffecg.inference.recordings import impute_recording\nfrom diffecg.signal.masks import Interval\n\n${read}\nimputer = diffecg.load_imputer(${py(model ?? "analogues")})\noptions = ImputeOptions(\n    gaps=${list},\n    ${keywords({ write: options.write, max_gap_s: options.max_gap_s })},\n)\nplan = plan_imputation(imputer, recording, options)\nresult = impute_recording(imputer, recording, plan, options, DrawOptions(${keywords(draw)}))`;
    case "denoise":
      return `import diffecg\nfrom diffecg.inference.denoised_recordings import denoise_recording, plan_denoising\nfrom diffecg.inference.denoising import bundled_denoiser\nfrom diffecg.inference.options import DenoiseOptions\nfrom diffecg.signal.masks import Interval\n\n${read}\noptions = DenoiseOptions(\n    intervals=${list},\n    coverage=${options.coverage},\n)\nplan = plan_denoising(recording, options)\nresult = denoise_recording(bundled_denoiser(), recording, plan, options)`;
    case "forecast":
      return `import diffecg\nfrom diffecg.inference.options import DrawOptions, ForecastOptions\nfrom diffecg.inference.planning import plan_forecast\nfrom diffecg.inference.recordings import forecast_recording\n\n${read}\nimputer = diffecg.load_imputer(${py(model ?? "analogues")})\noptions = ForecastOptions(${keywords(options)})\nplan = plan_forecast(imputer, recording, options)\nforecast = forecast_recording(imputer, recording, plan, options, DrawOptions(${keywords(draw)}))`;
    default:
      return `import diffecg\n\nreport = diffecg.evaluate(\n    diffecg.open_windows("synthetic.npz"), diffecg.open_windows("beats")\n)\ndiffecg.write_report(report, "report")`;
  }
}

/** @param {Action} action */
export function command({ task, body, source = "recording" }) {
  const { options = {}, draw = {} } = body;
  const flags = (/** @type {Record<string, any>} */ all) => Object.entries(all).filter(([, value]) => value != null && value !== "").map(([name, value]) => `--${name} ${quoted(value)}`).join(" ");
  const model = body.model ? `--model ${quoted(body.model)}` : "--engine analogues";
  const drawn = flags({ draws: draw.draws, coverage: draw.coverage, seed: draw.seed });
  switch (task) {
    case "generate":
      return `diffecg generate ${body.model} ${flags({ label: options.label, count: options.count, seed: options.seed, out: `${options.label}.npz` })}`;
    case "compose": {
      const { statement = [], age = null, sex = null } = body.subject ?? {};
      const subject = [...statement.map((/** @type {string} */ one) => `--statement ${quoted(one)} `), flags({ age, sex })].join("");
      return `diffecg compose ${quoted(body.text)} ${subject && `${subject.trim()} `}${flags({ minutes: options.minutes, "heart-rate": options.heart_rate, sdnn: options.sdnn_ms, "subject-seed": options.subject_seed, seed: options.seed, model: body.model, out: "composed/" })}`;
    }
    case "impute":
    case "denoise": {
      const intervals = options.gaps ?? options.intervals ?? [], flag = task === "impute" ? "--gap" : "--interval";
      const leads = [...new Set(intervals.map((/** @type {any} */ gap) => gap.lead))];
      const others = task === "impute" ? `${flags({ write: options.write, "max-gap": options.max_gap_s })} ${drawn} ${model}` : flags({ coverage: options.coverage });
      return leads.map((lead, number) => {
        const marks = intervals.filter((/** @type {any} */ gap) => gap.lead === lead).map((/** @type {any} */ gap) => `${flag} ${gap.start_s}:${gap.stop_s}`).join(" ");
        const input = number ? `step-${number}/${source}` : source;
        return `diffecg ${task} ${quoted(input)} ${marks} --lead ${quoted(lead)} ${others} --out step-${number + 1}/`;
      }).join("\n");
    }
    case "forecast":
      return `diffecg forecast ${quoted(source)} ${flags({ at: options.at_s, horizon: options.horizon_s, lead: options.lead })} ${drawn} ${model} --out forecast/`;
    default:
      return "diffecg evaluate synthetic.npz --against beats/ --out report/";
  }
}

/** Show an action as code, to be copied. @param {Action} action */
export function showCode(action) {
  const dialog = h("dialog", { class: "code", "aria-labelledby": "code-title" },
    h("form", { method: "dialog" }, h("h2", { id: "code-title" }, "The same as code"), h("button", { "aria-label": "Close" }, "×")));
  for (const [title, text] of [["Python", python(action)], ["Command", command(action)], ["curl", curl(action)]]) {
    const copy = h("button", { type: "button", onclick: () => copyText(text, copy) }, `Copy ${title}`);
    dialog.append(h("div", { class: "code-head" }, h("h3", {}, title), copy), h("pre", { tabindex: 0 }, text));
  }
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** @param {string} text @param {HTMLElement} button */
export async function copyText(text, button) {
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Select the text and copy it";
  }
  setTimeout(() => { button.textContent = before; }, 2000);
}

/** @param {() => Action | null} action */
export const codeButton = (action) => h("button", {
  type: "button", class: "quiet", onclick: () => { const now = action(); if (now) showCode(now); },
}, "Copy as code");
