// One running job of a view: its progress, its end, and errors at the fields that they are about.

import { follow, hasEnded, Refused, remove, submit } from "./api.js";
import { duration, h, plural } from "./dom.js";

/** @param {any} job */
export function progressText(job) {
  if (job.state === "queued") return job.position ? `waits for ${plural(job.position, "job")}` : "starts";
  const left = job.seconds_left == null ? "" : `, ${duration(Math.max(1, Math.round(job.seconds_left)))} left`;
  return job.total ? `${Math.round((100 * job.done) / job.total)} %${left}` : "starts";
}

export class Work {
  /** @param {HTMLElement} form whose fields errors are shown at */
  constructor(form) {
    this.form = form;
    this.bar = h("progress", { "aria-label": "Progress", hidden: true });
    this.text = h("span", {});
    this.cancel = h("button", { type: "button", class: "quiet", hidden: true, onclick: () => this.stop() }, "Cancel");
    this.element = h("div", { class: "status", role: "status" }, this.bar, this.text, this.cancel);
    /** @type {string | null} */ this.id = null;
    /** Which of several jobs runs. */ this.prefix = "";
  }

  /** @param {string} words */
  say(words, isBad = false) {
    this.text.textContent = words;
    this.element.classList.toggle("bad", isBad);
  }

  stop() {
    const id = this.id;
    if (id) remove(`jobs/${id}`).catch(() => {});
  }

  /**
   * Submit a job and follow it; the finished job, or null if it failed or was cancelled.
   * @param {string} task @param {any} body
   * @param {{onStatus?: (job: any) => void, onPreview?: (preview: any) => void}} [listeners]
   */
  async run(task, body, listeners = {}) {
    this.clearErrors();
    this.say("");
    try {
      const job = await submit(task, body);
      return await this.follow(job.id, listeners);
    } catch (error) {
      this.refuse(error);
      return null;
    }
  }

  /** @param {string} id @param {{onStatus?: (job: any) => void, onPreview?: (preview: any) => void}} [listeners] */
  async follow(id, { onStatus = () => {}, onPreview } = {}) {
    this.id = id;
    try {
      const job = await follow(id, (now) => { if (this.id === id) { this.show(now); onStatus(now); } }, onPreview);
      if (job.state === "cancelled") this.say("Cancelled.");
      return job.state === "done" ? job : null;
    } catch (error) {
      this.refuse(error);
      return null;
    } finally {
      if (this.id === id) {
        this.id = null;
        this.bar.hidden = this.cancel.hidden = true;
      }
    }
  }

  /** @param {any} job */
  show(job) {
    const runs = !hasEnded(job);
    this.bar.hidden = this.cancel.hidden = !runs;
    if (!runs) return;
    this.element.classList.remove("bad");
    if (job.total) Object.assign(this.bar, { max: job.total, value: job.done });
    else this.bar.removeAttribute("value");
    this.text.textContent = `${this.prefix}${progressText(job)}`;
  }

  clearErrors() {
    for (const input of this.form.querySelectorAll("[aria-invalid]")) {
      input.removeAttribute("aria-invalid");
      input.removeAttribute("aria-describedby");
    }
    for (const note of this.form.querySelectorAll(".error")) note.remove();
  }

  /** @param {any} error */
  refuse(error) {
    if (!(error instanceof Refused)) throw error;
    const left = error.fields.filter((one) => !this.mark(one.field, one.message));
    this.say(left.length || !error.fields.length ? error.message : "Change the marked field.", true);
  }

  /** Show an error at its field; whether there is one. @param {string} name @param {string} message */
  mark(name, message) {
    const last = name.split(".").filter((part) => !/^\d+$/.test(part)).pop();
    const input = this.form.querySelector(`[data-field~="${last}"]`);
    const closed = input?.closest("details:not([open])");
    if (closed) closed.setAttribute("open", "");
    if (!(input instanceof HTMLElement) || !input.offsetParent) return false;
    const id = `error-${last}`;
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", id);
    (input.closest("label") ?? input).after(h("p", { class: "error", id }, message));
    input.focus();
    return true;
  }
}
