// The page: the library beside the view that the address names.

import { openBeats } from "./beats.js";
import { openCompose } from "./compose.js";
import { h } from "./dom.js";
import { listenForKeys, setKeys } from "./keys.js";
import { Library } from "./library.js";
import { openReport } from "./report.js";
import { listenForAddresses } from "./router.js";
import { openWorkbench } from "./workbench.js";

const main = /** @type {HTMLElement} */ (document.getElementById("main"));
const library = new Library(/** @type {HTMLElement} */ (document.getElementById("library")));
/** @type {{close: () => void, keys: any[]}} */
let view = { close() {}, keys: [] };
let number = 0;

async function show() {
  const { pathname } = location, mine = ++number;
  view.close();
  view = { close() {}, keys: [] };
  setKeys([]);
  delete document.body.dataset.ready;
  document.body.dataset.view = pathname.split("/")[1] || "home";
  document.body.classList.remove("library-open");
  for (const link of document.querySelectorAll("nav a")) {
    const path = link.getAttribute("href");
    if (path === pathname || (path === "/" && pathname.startsWith("/r/"))) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  library.show();
  const opened = await open(pathname);
  if (mine !== number) {
    opened.close();
    return;
  }
  view = opened;
  setKeys(view.keys);
  if (document.activeElement === document.body) main.focus({ preventScroll: true });
  document.body.dataset.ready = "yes";
}

/** @param {string} path @returns {Promise<{close: () => void, keys: any[]}>} */
async function open(path) {
  const id = path.match(/^\/r\/([^/]+)$/)?.[1];
  if (id) return openWorkbench(main, library, decodeURIComponent(id));
  if (path === "/compose") return openCompose(main, library);
  if (path === "/beats") return openBeats(main, library);
  if (path === "/report") return openReport(main, library);
  return openHome();
}

function openHome() {
  document.title = "diffecg studio";
  const cards = library.examples.map((example) => h("li", {}, h("button", { type: "button", class: "card", "data-example": example.name, onclick: () => library.openExample(example.name) }, h("strong", {}, example.title), h("span", {}, example.description))));
  main.replaceChildren(h("section", { class: "plain home" }, h("h1", {}, "Open a recording"),
    h("p", {}, "Drop a file anywhere on this page, or open it: a WFDB header with its .dat, an EDF or BDF, a CSV or another table, a NumPy file. It stays on this machine."),
    h("p", {}, h("button", { type: "button", class: "main", onclick: () => /** @type {any} */ (document.querySelector("#library input[type=file]")).click() }, "Choose files")),
    h("h2", {}, "Or begin with an example"), h("ul", { class: "cards" }, ...cards),
    h("h2", {}, "Or make one"), h("p", { class: "row wrap" }, h("a", { class: "button", href: "/compose" }, "Compose a rhythm"), h("a", { class: "button", href: "/beats" }, "Generate beats"))));
  return { close() {}, keys: [] };
}

function listenForFiles() {
  addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("dropping"); });
  addEventListener("drop", (event) => {
    document.body.classList.remove("dropping");
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    library.upload([...event.dataTransfer.files]);
  });
}

function listenForTheme() {
  const choice = /** @type {HTMLSelectElement} */ (document.getElementById("theme"));
  const apply = () => {
    if (choice.value) document.documentElement.dataset.theme = choice.value;
    else delete document.documentElement.dataset.theme;
    document.dispatchEvent(new Event("themechange"));
  };
  choice.value = localStorage.getItem("diffecg-theme") ?? "";
  choice.addEventListener("change", () => { localStorage.setItem("diffecg-theme", choice.value); apply(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply);
  apply();
}

listenForTheme();
listenForFiles();
listenForKeys();
document.getElementById("toggle-library")?.addEventListener("click", () => document.body.classList.toggle("library-open"));
document.getElementById("show-keys")?.addEventListener("click", () => document.dispatchEvent(new KeyboardEvent("keydown", { key: "?", bubbles: true })));
listenForAddresses(show);
library.addEventListener("change", () => { /** @type {any} */ (view).showSteps?.(); });
await library.open().catch((error) => library.say(error.message, true));
await show();
