// A rhythm as it is typed: its beats at once, its strip a moment later, the whole recording on request.

import { cancel, floats, follow, numbers, post, Refused, remove } from "./api.js";
import { keep } from "./recording.js";
import { Strip } from "./strip.js";
import { say, Work } from "./work.js";

const PREVIEW_S = 10, PAUSE_MS = 350;

export function composeView(view, models) {
  const form = view.querySelector("form"), work = new Work(view, form);
  const strip = new Strip(view.querySelector("#compose-strip"), "Composed recording");
  const download = form.querySelector(".download"), goOn = form.querySelector("[name=go-on]");
  const beat = models.filter((one) => one.kind === "beat");
  const quick = (beat.find((one) => one.name.includes("fast")) ?? beat[0]).name;
  let turn = 0, timer = 0, running = null, composed = null;

  const asked = (minutes) => ({
    text: form.elements.text.value, options: { minutes, ...numbers(form, ["heart_rate", "sdnn_ms", "subject_seed", "seed"]) },
  });

  async function preview() {
    const mine = ++turn;
    if (running) cancel(running).catch(() => {});
    const minutes = Math.min(Number(form.elements.minutes.value) || 1, PREVIEW_S / 60);
    try {
      const { beats } = await post("api/rhythm", asked(minutes));
      if (mine !== turn) return;
      say(view, `${beats.length} beats in the first ${(60 * minutes).toFixed(0)} s: ${beats.map(([, label]) => label).join(" ")}`);
      const job = await post("api/compose", { ...asked(minutes), model: quick });
      running = job.id;
      const last = await follow(job.id);
      if (mine !== turn || last.state !== "done") return;
      const info = await post(`api/jobs/${job.id}/recording`, {});
      const signal = await floats(`api/recordings/${info.id}/signal?lead=${encodeURIComponent(info.lead)}`);
      remove(info.id); // a look, not a recording to go on with
      if (mine !== turn) return;
      composed = null;
      download.hidden = goOn.hidden = true;
      strip.show(signal, info.fs_hz, info.beats);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (mine === turn) say(view, error.message, true);
    } finally {
      if (mine === turn) running = null;
    }
  }

  form.addEventListener("input", (event) => {
    if (event.target.name === "minutes") return;
    clearTimeout(timer);
    timer = setTimeout(preview, PAUSE_MS);
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    clearTimeout(timer);
    turn++;
    if (running) cancel(running).catch(() => {});
    const minutes = Number(form.elements.minutes.value);
    const job = await work.run("api/compose", { ...asked(minutes), model: beat[0].name });
    if (!job) return;
    composed = await post(`api/jobs/${job.id}/recording`, {});
    const signal = await floats(`api/recordings/${composed.id}/signal?lead=${encodeURIComponent(composed.lead)}`);
    strip.show(signal, composed.fs_hz, composed.beats);
    download.href = `api/jobs/${job.id}/download`;
    download.hidden = goOn.hidden = false;
    say(view, `${composed.duration_s.toFixed(0)} s, ${composed.beats.length} beats, each with its annotation.`);
  });
  goOn.addEventListener("click", async () => { await keep(composed); location.hash = "#repair"; });
  let begun = false;
  return () => { if (!begun) { begun = true; preview(); } strip.draw(); };
}
