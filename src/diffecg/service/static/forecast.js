// A cut that is dragged, what may follow it, and what did.

import { get, numbers } from "./api.js";
import { colour } from "./paper.js";
import { opener } from "./recording.js";
import { previewTraces, Strip, intervalTraces } from "./strip.js";
import { say, Work } from "./work.js";

export function forecastView(view, models) {
  const strip = new Strip(view.querySelector("#forecast-strip"), "Recording to forecast");
  const form = view.querySelector("form.controls"), tools = view.querySelector(".strip-tools");
  const at = tools.querySelector("[name=at]"), truth = tools.querySelector("[name=truth]");
  const download = form.querySelector(".download");
  const work = new Work(view, form);
  const model = models.find((one) => one.kind === "gap");
  let now = null, cut = 0, result = null, preview = null;
  strip.marking = true;
  strip.root.classList.add("marking");

  strip.shapes = () => [{ type: "line", yref: "paper", x0: cut, x1: cut, y0: 0, y1: 1, line: { color: colour("accent"), width: 2 } }];
  strip.overlays = (from, to) => [
    ...(result ? result.intervals.flatMap((one) => intervalTraces(one, result.fs_hz, from, to)) : []),
    ...previewTraces(preview),
    ...(truth.checked ? [came(to)] : []),
  ];
  const came = (to) => {
    const first = Math.round(cut * strip.fs), last = Math.min(strip.signal.length, Math.round(Math.min(to, cut + 30) * strip.fs));
    const y = Array.from(strip.signal.subarray(first, last));
    return { x: y.map((_, i) => (first + i) / strip.fs), y, type: "scatter", mode: "lines", hoverinfo: "skip", line: { color: colour("truth"), width: 1.4 } };
  };
  const move = (time) => {
    cut = Math.min(Math.max(time, 0.1), strip.duration);
    at.value = cut.toFixed(2);
    strip.hiddenAfter = cut;
    result = null;
    download.hidden = true;
    strip.draw();
  };
  strip.onMark = (_, time) => move(time);
  at.addEventListener("change", () => { move(at.valueAsNumber || 0); strip.reveal(cut); });
  truth.addEventListener("change", () => strip.draw());
  tools.addEventListener("change", (event) => {
    if (event.target.name !== "forecast-drag") return;
    strip.marking = event.target.value === "mark";
    strip.root.classList.toggle("marking", strip.marking);
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const before = now, asked = cut;
    const body = { recording: now.info.id, model: model?.name, options: { lead: now.lead, at_s: cut, ...numbers(form, ["horizon_s"]) }, draw: numbers(form, ["draws", "seed"]) };
    const job = await work.run("api/forecast", body, { onPreview: (one) => {
      if (now !== before || cut !== asked) { preview = null; return; }
      preview = one;
      work.note(`noise level ${one.sigma.toPrecision(2)}`);
      strip.draw();
    } });
    preview = null;
    if (job && (now !== before || cut !== asked)) say(view, "The forecast is not shown: the cut or the recording was changed meanwhile.");
    if (!job || now !== before || cut !== asked) { strip.draw(); return; }
    result = await get(`api/jobs/${job.id}/result`);
    download.href = `api/jobs/${job.id}/download`;
    download.hidden = false;
    say(view, `${body.options.horizon_s} s from ${cut.toFixed(2)} s drawn ${body.draw.draws} times: the representative of the draws, all draws, their mean, and the ${result.interval}.`);
    const length = strip.view[1] - strip.view[0];
    if (cut + body.options.horizon_s > strip.view[1]) strip.move(cut + body.options.horizon_s - 0.9 * length, cut + body.options.horizon_s + 0.1 * length);
    else strip.draw();
  });

  opener(view, (opened) => {
    now = opened;
    strip.show(now.signal, now.info.fs_hz, now.info.beats);
    move(Math.min(40, 0.75 * strip.duration));
    const length = strip.view[1] - strip.view[0];
    strip.move(cut - 0.7 * length, cut + 0.3 * length);
  });
  return () => strip.draw();
}
