// Beats on paper as they are made, real ones beside, one enlarged under calipers.

import { floats, get, numbers } from "./api.js";
import { axis, colour, config, layout, onTheme, thumbnail } from "./paper.js";
import { plural, say, Work } from "./work.js";

const NAMES = { N: "normal", S: "supraventricular", V: "ventricular", F: "fusion" };
const SHOWN = 200;

export const finished = []; // jobs whose beats can be evaluated

export function generateView(view, models) {
  const form = view.querySelector("form"), made = view.querySelector("#made");
  const work = new Work(view, form);
  const beats = models.filter((model) => model.kind === "beat");
  const enlarged = new Enlarged(document.getElementById("beat"));
  form.elements.model.replaceChildren(...beats.map((model) => new Option(model.name, model.name)));
  const model = () => beats.find((one) => one.name === form.elements.model.value);
  const labels = () => {
    const chosen = form.elements.label.value;
    const names = model().labels.every((l) => l in NAMES) ? NAMES : {}; // other labels may mean anything
    form.elements.label.replaceChildren(...model().labels.map((l) => new Option(`${l}  ${names[l] ?? ""}`, l, l === "V", l === (chosen || "V"))));
    form.elements.steps.placeholder = model().steps;
  };
  form.elements.model.addEventListener("change", labels);
  labels();

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const used = model(), label = form.elements.label.value;
    const body = { model: used.name, options: { label, ...numbers(form, ["count", "seed"]) }, sampling: numbers(form, ["steps"]) };
    const length = Math.round(used.window_s * used.fs_hz);
    made.replaceChildren();
    work.start.disabled = true;
    view.querySelector("#all-beats").hidden = true;
    const beside = await real(label, used, Math.min(body.options.count, 48));
    let shown = 0, range = beside && span(beside), adding = Promise.resolve();
    const started = performance.now();
    const add = async (job) => {
      const until = Math.min(job.done, SHOWN);
      if (until <= shown) return;
      const first = shown;
      shown = until;
      const values = await floats(`api/jobs/${job.id}/windows?first=${first}&count=${until - first}`);
      range ??= span(values);
      for (let i = 0; i < values.length / length; i++) {
        const signal = values.subarray(i * length, (i + 1) * length), number = first + i;
        const seed = body.options.seed + number;
        made.append(tile(signal, used, range, `seed ${seed}`, `Synthetic beat of class ${label}, seed ${seed}`, () => enlarged.open(
          signal, used, `Class ${label}, seed ${seed}`, (format) => `api/jobs/${job.id}/export?format=${format}&window=${number}`)));
      }
    };
    const job = await work.run("api/generate", body, { onStatus: (now) => { adding = adding.then(() => add(now)); } });
    await adding;
    if (!job) return;
    finished.push({ id: job.id, name: `${plural(job.done, "beat")} of class ${label}, seed ${body.options.seed}, ${used.name}` });
    const more = job.done > SHOWN ? `; the first ${SHOWN} are shown` : "";
    say(view, `${plural(job.done, "beat")} in ${((performance.now() - started) / 1000).toFixed(1)} s${more}.`);
    const all = view.querySelector("#all-beats");
    for (const link of all.querySelectorAll("a")) link.href = `api/jobs/${job.id}/export?format=${link.dataset.format}`;
    all.hidden = false;
  });

  async function real(label, used, count) {
    const box = view.querySelector("#real"), note = view.querySelector("#real-note");
    box.replaceChildren();
    try {
      const values = await floats(`api/real?label=${encodeURIComponent(label)}&count=${count}&seed=${form.elements.seed.value}`);
      const length = Math.round(used.window_s * used.fs_hz), range = span(values);
      for (let i = 0; i < values.length / length; i++) {
        const signal = values.subarray(i * length, (i + 1) * length);
        box.append(tile(signal, used, range, "real", `Real beat of class ${label}`, () => enlarged.open(signal, used, `A real beat of class ${label}`)));
      }
      note.textContent = "Drawn at random from the real beats that the server was started with.";
      return values;
    } catch (error) {
      note.textContent = `${error.message[0].toUpperCase()}${error.message.slice(1)}.`;
      return null;
    }
  }
}

function span(values) {
  const sorted = Float32Array.from(values).sort();
  const low = sorted[Math.floor(0.002 * sorted.length)], high = sorted[Math.floor(0.998 * (sorted.length - 1))];
  return [Math.min(Math.floor(low * 2) / 2, -1), Math.max(Math.ceil(high * 2) / 2, 1.5)];
}

function tile(signal, model, range, words, label, open) {
  const button = document.createElement("button"), caption = document.createElement("span");
  button.type = "button";
  button.className = "beat";
  button.setAttribute("aria-label", label);
  caption.textContent = words;
  button.append(thumbnail(signal, model.fs_hz, range), caption);
  button.addEventListener("click", open);
  return button;
}

/** The dialog of one beat: two calipers that slide along it. */
class Enlarged {
  constructor(dialog) {
    this.dialog = dialog;
    this.plot = dialog.querySelector("#beat-plot");
    this.ends = ["a", "b"].map((name) => dialog.querySelector(`#caliper-${name}`));
    for (const end of this.ends) end.addEventListener("input", () => this.draw());
    onTheme(() => dialog.open && this.draw());
    let dragged = null;
    this.plot.addEventListener("pointerdown", (event) => {
      const i = this.sampleAt(event);
      dragged = this.ends.reduce((a, b) => (Math.abs(a.value - i) <= Math.abs(b.value - i) ? a : b));
      dragged.value = i;
      this.plot.setPointerCapture(event.pointerId);
      this.draw();
    });
    this.plot.addEventListener("pointermove", (event) => { if (dragged) { dragged.value = this.sampleAt(event); this.draw(); } });
    this.plot.addEventListener("pointerup", () => { dragged = null; });
  }

  sampleAt(event) {
    const box = this.plot.getBoundingClientRect();
    const share = (event.clientX - box.left - 56) / (box.width - 66);
    return Math.round(Math.min(Math.max(share, 0), 1) * (this.signal.length - 1));
  }

  open(signal, model, title, link) {
    Object.assign(this, { signal, model });
    this.dialog.querySelector("#beat-title").textContent = title;
    const downloads = this.dialog.querySelector("#beat-downloads");
    downloads.hidden = !link;
    if (link) for (const a of downloads.querySelectorAll("a")) a.href = link(a.dataset.format);
    const peak = model.before, side = Math.round(0.05 * model.fs_hz);
    this.ends.forEach((end, i) => { end.max = signal.length - 1; end.value = peak + (i ? side : -side); });
    this.dialog.showModal();
    this.draw();
  }

  draw() {
    const { signal, model } = this, ms = (i) => ((i - model.before) / model.fs_hz) * 1000;
    const x = Array.from(signal, (_, i) => ms(i)), y = Array.from(signal);
    const [a, b] = this.ends.map((end) => Number(end.value));
    const caliper = (i) => ({ type: "line", x0: ms(i), x1: ms(i), yref: "paper", y0: 0, y1: 1, line: { color: colour("drawn"), width: 1.5, dash: "dot" } });
    const traces = [
      { x, y, type: "scatter", mode: "lines", line: { color: colour("signal"), width: 2 }, hovertemplate: "%{x:.0f} ms, %{y:.3f} mV<extra></extra>" },
      { x: [ms(a), ms(b)], y: [y[a], y[b]], type: "scatter", mode: "markers+text", text: ["A", "B"], textposition: "top center", marker: { color: colour("drawn"), size: 9 }, hoverinfo: "skip" },
    ];
    const low = Math.min(...y) - 0.3, high = Math.max(...y) + 0.4;
    const shown = layout({ ...axis("time from the R peak (ms)", 200, 40), range: [x[0], x.at(-1)] }, { ...axis("mV", 0.5, 0.1), range: [low, high] }, { shapes: [caliper(a), caliper(b)] });
    Plotly.react(this.plot, traces, shown, config);
    this.ends.forEach((end) => end.setAttribute("aria-valuetext", `${ms(end.value).toFixed(0)} ms`));
    this.dialog.querySelector("output").textContent = `A to B: ${(ms(b) - ms(a)).toFixed(0)} ms, ${(y[b] - y[a]).toFixed(2)} mV`;
  }
}
