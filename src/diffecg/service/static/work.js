// One running job of a view: its buttons, its progress, its errors.

import { cancel, follow, post, Refused } from "./api.js";

export function say(view, text, bad = false) {
  const status = view.querySelector(".status");
  status.textContent = text;
  status.classList.toggle("bad", bad);
}

export const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

export class Work {
  constructor(view, form) {
    this.view = view;
    this.start = form.querySelector("button.main");
    this.stop = form.querySelector("button[name=cancel]");
    this.id = null;
    this.stop.addEventListener("click", () => this.id && cancel(this.id).catch(() => {}));
  }

  /** Ask for work and follow it; returns the finished job, or null if it failed or was cancelled. */
  async run(path, body, { onStatus = () => {}, onPreview = () => {}, quiet = false } = {}) {
    this.start.disabled = !quiet;
    try {
      const job = await post(path, body);
      this.id = job.id;
      this.stop.disabled = false;
      const last = await follow(job.id, (now) => { this.show(now); onStatus(now); }, onPreview);
      if (last.state === "cancelled") say(this.view, "Cancelled.");
      return last.state === "done" ? last : null;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      say(this.view, `${error.message[0].toUpperCase()}${error.message.slice(1)}.`.replace(/\.\.$/, "."), true);
      return null;
    } finally {
      this.start.disabled = false;
      this.stop.disabled = true;
      this.id = null;
    }
  }

  /** Tell what is being done, beside the progress. */
  note(words) {
    const status = this.view.querySelector(".status");
    if (status.querySelector("progress")) status.lastChild.textContent = ` ${words}`;
  }

  show(job) {
    if (job.state === "queued") say(this.view, `Waiting: ${plural(job.position, "job")} before this one.`);
    if (job.state !== "running") return;
    const status = this.view.querySelector(".status");
    const bar = status.querySelector("progress") ?? document.createElement("progress");
    bar.setAttribute("aria-label", "Progress");
    if (job.total) { bar.max = job.total; bar.value = job.done; } else bar.removeAttribute("value");
    const words = document.createTextNode(job.total ? ` ${job.done} of ${job.total}` : " begins …");
    status.classList.remove("bad");
    status.replaceChildren(bar, words);
  }
}
