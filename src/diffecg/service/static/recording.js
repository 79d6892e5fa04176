// The recording that Repair and Forecast work on: opened once, shown in both.

import { floats, follow, get, post } from "./api.js";
import { say } from "./work.js";

const EXAMPLE = { text: "N*9 V N*6 S", options: { minutes: 2, heart_rate: 68, seed: 1, subject_seed: 4 } };
const listeners = [];
let current = null; // { info, lead, signal }

export const recording = () => current;

export async function keep(info, lead = info.lead) {
  const signal = await floats(`api/recordings/${info.id}/signal?lead=${encodeURIComponent(lead)}`);
  current = { info, lead, signal };
  for (const listener of listeners) listener(current);
}

export function opener(view, onOpen) {
  const place = view.querySelector(".open-recording");
  place.append(document.getElementById("open-template").content.cloneNode(true));
  const drop = place.querySelector(".drop"), lead = place.querySelector("[name=lead]"), about = place.querySelector(".about");
  const busy = async (what, doing) => {
    say(view, what);
    try { await doing(); } catch (error) { say(view, `${error.message}`, true); return; }
    say(view, "");
  };
  const send = (files) => files.length && busy("Reading …", async () => {
    const form = new FormData();
    for (const file of files) form.append("files", file);
    for (const [field, name] of [["fs_hz", "fs"], ["unit", "unit"]]) if (place.querySelector(`[name=${field}]`).value) form.append(name, place.querySelector(`[name=${field}]`).value);
    await keep(await post("api/recordings", form));
  });
  const input = place.querySelector("input[type=file]");
  input.addEventListener("change", () => { send([...input.files]); input.value = ""; });
  for (const kind of ["dragover", "dragenter"]) drop.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("over"); });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => { event.preventDefault(); drop.classList.remove("over"); send([...event.dataTransfer.files]); });
  place.querySelector("[name=example]").addEventListener("click", () => busy("Composing two minutes of nobody's heart …", async () => {
    const models = await get("api/models");
    const beat = models.find((model) => model.kind === "beat");
    const job = await post("api/compose", { ...EXAMPLE, model: beat.name });
    await follow(job.id);
    await keep(await post(`api/jobs/${job.id}/recording`, {}));
  }));
  lead.addEventListener("change", () => busy("Reading …", () => keep(current.info, lead.value)));
  const show = (now) => {
    const { info } = now;
    about.hidden = false;
    about.querySelector("strong").textContent = info.name;
    about.querySelector("span").textContent = `${info.duration_s.toFixed(1)} s at ${info.fs_hz} Hz, ${info.beats.length} annotated beats. ${info.warnings.join(". ")}`;
    lead.replaceChildren(...info.leads.map(({ name }) => new Option(name, name, false, name === now.lead)));
    view.querySelector(".work").hidden = false;
    onOpen(now);
  };
  listeners.push(show);
  if (current) show(current);
}
