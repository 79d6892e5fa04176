// The generator of heartbeats on the front page: a form, what it loads, pictures, and a file.

import { generateBeats, toCsv } from "./beats.js";
import { figures } from "./picture.js";
import { bytesWith, openRuntime } from "./runtime.js";

/** @typedef {import("./beats.js").About & {file: import("./download.js").PinnedFile}} Model */

const form = /** @type {HTMLFormElement} */ (document.getElementById("beat-generator"));
const model = /** @type {Model} */ (JSON.parse(form.dataset.model ?? ""));
const part = (/** @type {string} */ name) => /** @type {any} */ (form.querySelector(`[data-part=${name}]`));
const status = part("status"), failure = part("failure"), results = part("results");

/** @type {import("./runtime.js").Runtime | null} */ let runtime = null;
/** @type {import("./beats.js").Beat[]} */ let beats = [];
let isBusy = false;

/** What the form asks for. */
function asked() {
  const values = new FormData(form), [count, seed] = ["count", "seed"].map((name) => Number(values.get(name)));
  return { label: String(values.get("label")), count, seed };
}

/** Generate beats, and show them or what failed. */
async function run() {
  if (isBusy) return;
  setBusy(true);
  try {
    runtime ??= await load();
    await showBeats(runtime, asked());
  } catch (error) {
    showFailure(/** @type {Error} */ (error));
  } finally {
    setBusy(false);
  }
}

/** @param {boolean} busy */
function setBusy(busy) {
  isBusy = busy;
  part("generate").setAttribute("aria-disabled", String(busy));
  if (busy) failure.hidden = true;
  else part("loading").hidden = true;
}

/** Load the runtime and the model, and show how much of them has arrived. */
function load() {
  const total = bytesWith(model.file), progress = part("progress");
  let loaded = 0;
  const show = (/** @type {number} */ bytes) => {
    loaded += bytes;
    progress.value = loaded / total;
    part("bytes").textContent = loaded < total ? `${megabytes(loaded)} of ${megabytes(total)} MB` : "Starting the model …";
  };
  status.textContent = "Loading ONNX Runtime and the model …";
  part("loading").hidden = false;
  show(0);
  return openRuntime(model.file, show);
}

/** @param {import("./runtime.js").Runtime} opened @param {ReturnType<typeof asked>} request */
async function showBeats(opened, { label, count, seed }) {
  const started = performance.now();
  beats = await generateBeats(opened, model, label, Array.from({ length: count }, (_, i) => seed + i));
  const seconds = ((performance.now() - started) / 1000).toFixed(2);
  part("pictures").innerHTML = figures(beats, model.fs_hz);
  part("pictures").style.setProperty("--count", count);
  results.hidden = false;
  status.textContent = `${count} ${count === 1 ? "beat" : "beats"} of class ${label} in ${seconds} s.`;
}

/** Say what failed, and how to do without this page. @param {Error} error */
function showFailure(error) {
  const { label, count, seed } = asked();
  status.textContent = "";
  part("reason").textContent = error.message;
  part("command").textContent =
    `pip install .\ndiffecg generate ${model.name} --label ${label} --count ${count} --seed ${seed} --out beats.csv`;
  failure.hidden = false;
}

/** Save the beats that are shown. */
function save() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([toCsv(beats, model)], { type: "text/csv" }));
  link.download = `synthetic-${beats[0].label}-seeds-${beats[0].seed}-to-${beats.at(-1)?.seed}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** @param {number} bytes */
const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

part("size").textContent = megabytes(bytesWith(model.file));
part("save").addEventListener("click", save);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  run();
});
