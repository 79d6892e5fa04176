// The keys of the page, and the list of them.

import { h } from "./dom.js";

/** @typedef {{keys: string[], words: string, run: (event: KeyboardEvent) => void}} Key */

/** @type {Key[]} */
let ofView = [];

/** @param {Key[]} keys of the view that is shown */
export function setKeys(keys) { ofView = keys; }

/** @param {KeyboardEvent} event */
function nameOf(event) {
  const control = event.ctrlKey || event.metaKey ? "Ctrl+" : "";
  const shift = event.shiftKey && event.key.length > 1 ? "Shift+" : "";
  return `${control}${shift}${event.key.length === 1 ? event.key.toLowerCase() : event.key}`;
}

/** @type {Key[]} */
const OF_PAGE = [
  { keys: ["?"], words: "this list", run: () => showKeys() },
  { keys: ["g"], words: "library: go to the recordings", run: () => /** @type {any} */ (document.querySelector("#library a, #library button"))?.focus() },
];

export function listenForKeys() {
  document.addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (document.querySelector("dialog[open]")) return;
    const name = nameOf(event);
    const types = target.closest("input:not([type=checkbox], [type=radio]), select, textarea");
    if (types && !(target.matches("[type=range]") && /^[nps?]$/.test(name))) return;
    if (target.closest("[role=tab], [type=radio]") && name.startsWith("Arrow")) return;
    if (event.altKey || (name === "Enter" || name === " ")) return;
    const found = [...ofView, ...OF_PAGE].find(({ keys }) => keys.includes(name));
    if (!found) return;
    event.preventDefault();
    found.run(event);
  });
}

const SHOWN = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", PageUp: "Page up", PageDown: "Page down", Escape: "Esc" };

function showKeys() {
  const dialog = h("dialog", { "aria-labelledby": "keys-title" },
    h("form", { method: "dialog" }, h("h2", { id: "keys-title" }, "Keys"), h("button", { "aria-label": "Close" }, "×")));
  const table = h("table", { class: "keys" });
  for (const { keys, words } of [...ofView, ...OF_PAGE]) {
    const names = keys.map((key) => key.replace(/Arrow\w+|Page\w+|Escape/, (name) => SHOWN[/** @type {keyof typeof SHOWN} */ (name)]));
    table.append(h("tr", {}, h("th", { scope: "row" }, ...names.flatMap((name, i) => [i ? " or " : "", h("kbd", {}, name)])), h("td", {}, words)));
  }
  dialog.append(table, h("p", { class: "note" }, "On the paper: drag moves, Shift and drag selects, two fingers or Ctrl and the wheel zoom."));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
