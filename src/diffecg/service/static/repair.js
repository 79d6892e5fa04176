// Stretches marked by hand, drawn anew step by step, taken back, downloaded.

import { get, numbers } from "./api.js";
import { colour } from "./paper.js";
import { opener } from "./recording.js";
import { previewTraces, Strip, intervalTraces } from "./strip.js";
import { plural, say, Work } from "./work.js";

export function repairView(view, models) {
  const strip = new Strip(view.querySelector("#repair-strip"), "Recording to repair");
  const form = view.querySelector("form.controls"), tools = view.querySelector(".strip-tools");
  const undo = tools.querySelector("[name=undo]"), download = form.querySelector(".download");
  const work = new Work(view, form);
  const model = models.find((one) => one.kind === "gap");
  let now = null, gaps = [], result = null, history = [], preview = null, marking = null;

  strip.overlays = (from, to) => [
    ...(result ? result.intervals.flatMap((one) => intervalTraces(one, result.fs_hz, from, to)) : []),
    ...previewTraces(preview),
  ];
  strip.replaced = (time) => Boolean(result) && result.intervals.some((one) => time * result.fs_hz >= one.first && time * result.fs_hz < one.last);
  strip.shapes = () => [...gaps, ...(marking ? [marking] : [])].map(([x0, x1]) => ({ type: "rect", yref: "paper", x0, x1, y0: 0, y1: 1, fillcolor: colour("gap"), line: { width: 1, color: colour("accent") } }));
  strip.onMark = (one, other, finished) => {
    marking = [Math.min(one, other), Math.max(one, other)];
    if (finished) { const [from, to] = marking; marking = null; if (to - from > 0.01) mark(from, to); }
    strip.draw();
  };

  const step = (change) => { history.push({ gaps, result }); change(); update(); };
  const mark = (from, to) => {
    from = Math.max(0, from); to = Math.min(to, strip.duration);
    if (!(to > from)) { say(view, "A stretch must end after it begins, within the recording.", true); return; }
    const apart = gaps.filter(([a, b]) => b < from || a > to), over = gaps.filter(([a, b]) => !(b < from || a > to));
    const wide = over.reduce(([a, b], [c, d]) => [Math.min(a, c), Math.max(b, d)], [from, to]);
    step(() => { gaps = [...apart, wide.map((t) => Math.round(t * 1000) / 1000)].sort((a, b) => a[0] - b[0]); result = null; });
    say(view, "");
    strip.reveal(wide[0]);
  };
  const update = () => {
    undo.disabled = !history.length;
    download.hidden = !result;
    if (result) download.href = `api/jobs/${result.id}/download`;
    view.querySelector(".gaps").replaceChildren(...gaps.map((gap) => {
      const item = document.createElement("li"), remove = document.createElement("button");
      remove.type = "button";
      remove.textContent = "×";
      remove.setAttribute("aria-label", `Unmark ${gap[0]} to ${gap[1]} s`);
      remove.addEventListener("click", () => step(() => { gaps = gaps.filter((one) => one !== gap); result = null; }));
      item.append(`${gap[0].toFixed(2)} to ${gap[1].toFixed(2)} s`, remove);
      return item;
    }));
    strip.draw();
  };

  tools.addEventListener("change", (event) => {
    if (event.target.name !== "repair-drag") return;
    strip.marking = event.target.value === "mark";
    strip.root.classList.toggle("marking", strip.marking);
  });
  tools.querySelector("[name=add]").addEventListener("click", () => {
    const [from, to] = ["from", "to"].map((name) => tools.querySelector(`[name=${name}]`).valueAsNumber);
    mark(from, to);
  });
  form.elements.task.addEventListener("change", ({ target }) => { for (const name of ["draws", "seed"]) form.elements[name].disabled = target.value === "denoise"; });
  undo.addEventListener("click", () => { ({ gaps, result } = history.pop()); say(view, ""); update(); });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const before = now, marked = gaps;
    const task = form.elements.task.value, spans = gaps.map(([start_s, stop_s]) => ({ start_s, stop_s }));
    const lost = now.info.leads.find(({ name }) => name === now.lead).missing_s;
    if (!spans.length && !lost && task === "impute") { say(view, "Mark a stretch first: choose “marks a stretch” and drag over it.", true); return; }
    const body = task === "impute"
      ? { recording: now.info.id, model: model?.name, options: { leads: [now.lead], gaps: spans }, draw: numbers(form, ["draws", "seed"]) }
      : { recording: now.info.id, options: { leads: [now.lead], intervals: spans } };
    const job = await work.run(`api/${task}`, body, { onPreview: (one) => { if (now !== before) return; preview = one; work.note(`noise level ${one.sigma.toPrecision(2)}`); strip.reveal(one.start_s); strip.draw(); } });
    preview = null;
    if (job && (now !== before || gaps !== marked)) say(view, "What was drawn is not shown: the recording or its marks were changed meanwhile.");
    if (!job || now !== before || gaps !== marked) { strip.draw(); return; }
    const found = await get(`api/jobs/${job.id}/result`);
    step(() => { result = { ...found, id: job.id }; });
    const seconds = found.intervals.reduce((sum, one) => sum + (one.last - one.first) / found.fs_hz, 0);
    say(view, `${plural(found.intervals.length, "stretch").replace("stretchs", "stretches")}, ${seconds.toFixed(2)} s, ${task === "impute" ? `drawn ${body.draw.draws} times: the representative of the draws, all draws, their mean,` : "the estimate without noise"} and the ${found.interval}. All other samples stay as they were.`);
  });

  opener(view, (opened) => {
    now = opened;
    gaps = []; result = null; history = [];
    strip.show(now.signal, now.info.fs_hz, now.info.beats);
    update();
  });
  return () => strip.draw();
}
