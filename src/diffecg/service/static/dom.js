// Elements, and numbers and times as text.

/**
 * Create an element: attributes by name, listeners by "onclick" and the like; true and false set or omit an attribute.
 * @param {string} tag
 * @param {Record<string, any>} [attributes]
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {any}
 */
export function h(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value == null || value === false) continue;
    else if (name === "value" && "value" in made) /** @type {any} */ (made).value = value;
    else if (value === true) made.setAttribute(name, "");
    else made.setAttribute(name, String(value));
  }
  made.append(.../** @type {(Node | string)[]} */ (children.filter((child) => child || child === "")));
  return made;
}

/**
 * A field under its label, with room for what is wrong with it.
 * @param {string} label
 * @param {HTMLElement} input
 * @param {string} [unit]
 */
export function field(label, input, unit = "") {
  return h("label", { class: "field" }, h("span", {}, label, unit && h("small", {}, ` ${unit}`)), input);
}

/** @param {Record<string, any>} attributes */
export const number = (attributes) => h("input", { type: "number", inputmode: "decimal", ...attributes });

/**
 * @param {Record<string, any>} attributes
 * @param {[string, string][]} options value and text
 */
export function select(attributes, options) {
  const { value, ...others } = attributes;
  const made = h("select", others, ...options.map(([key, text]) => h("option", { value: key }, text)));
  if (value != null) made.value = value;
  return made;
}

/** @param {number} count @param {string} word */
export const plural = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;

/** @param {number} value @param {number} digits */
export const fixed = (value, digits) => value.toFixed(digits).replace(/^-(0\.?0*)$/, "$1");

/** A value with its unit. @param {number} value @param {string} unit */
export const quantity = (value, unit) => `${fixed(value, Math.abs(value) < 10 ? 2 : 1)} ${unit}`;

/** The largest number that is 1, 2 or 5 times a power of ten, and at most a value. @param {number} value */
export function roundBelow(value) {
  const power = 10 ** Math.floor(Math.log10(value) + 1e-9);
  return power * (value >= 5 * power ? 5 : value >= 2 * power ? 2 : 1);
}

/** What the signals of a recording are called. @param {any} info */
export const leadWord = (info) => (info.leads.every((/** @type {any} */ lead) => lead.kind === "ecg") ? "lead" : "signal");

/** @param {string} kind of signals, such as "ecg" or "pressure" */
export const kindWord = (kind) => (kind.length > 3 ? kind : kind.toUpperCase());

/**
 * A time of a recording as a clock shows it: by the time of day if that is known, else from its first sample.
 * @param {number} seconds
 * @param {string | null} [start] date and time, or time of day, of the first sample
 * @param {number} [digits] of a second
 */
export function clock(seconds, start = null, digits = 0) {
  const first = start ? ofDay(start) : 0;
  const unit = 10 ** digits;
  const total = Math.round((first + seconds) * unit) / unit;
  const [hours, minutes, rest] = [Math.floor(total / 3600) % 24, Math.floor(total / 60) % 60, total % 60];
  const text = `${String(minutes).padStart(start || hours ? 2 : 1, "0")}:${rest.toFixed(digits).padStart(digits ? digits + 3 : 2, "0")}`;
  return start || hours ? `${String(hours).padStart(start ? 2 : 1, "0")}:${text}` : text;
}

/** @param {string} start */
function ofDay(start) {
  const [, hours, minutes, seconds] = start.match(/(\d\d):(\d\d):(\d\d(?:\.\d+)?)/) ?? [0, 0, 0, 0];
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}

/**
 * Seconds of a time that a user typed: "75.5", "1:15.5" or, where the time of day is known, "10:01:15".
 * @param {string} text
 * @param {string | null} [start]
 * @returns {number | null}
 */
export function parseTime(text, start = null) {
  if (!/^\s*(\d+:){0,2}\d+(\.\d*)?\s*(s|h)?\s*$/.test(text)) return null;
  const parts = text.replace(/[sh]/, "").split(":").map(Number);
  const seconds = parts.reduce((sum, part) => sum * 60 + part, 0);
  if (!start || parts.length < 3) return seconds;
  return (seconds - ofDay(start) + 86400) % 86400;
}

/** @param {number} seconds */
export function duration(seconds) {
  if (seconds < 10) return `${Number(seconds.toFixed(2))} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Number((seconds / 60).toFixed(1))} min`;
  return `${Number((seconds / 3600).toFixed(1))} h`;
}

/** @param {string} name of a colour of the theme */
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** What tells a control from its neighbours. @param {Element} element */
const controlName = (element) => element.getAttribute("href") ?? element.getAttribute("aria-label") ?? (element.closest("label") ?? element).textContent;

/** Replace what is in an element; the control that has the focus keeps it. @param {HTMLElement} root @param {() => void} change */
export function replaceWithin(root, change) {
  const focused = document.activeElement, name = focused && root.contains(focused) ? controlName(focused) : null;
  change();
  if (name === null || focused?.isConnected) return;
  const same = [...root.querySelectorAll("a, button, input")].find((element) => controlName(element) === name);
  if (same instanceof HTMLElement) same.focus();
}

/** @param {string} text @param {string} name */
export function saveText(text, name) {
  const link = h("a", { href: URL.createObjectURL(new Blob([text], { type: "text/plain" })), download: name });
  link.click();
  URL.revokeObjectURL(link.href);
}
