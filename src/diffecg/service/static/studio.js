// The page: one view at a time, by the address.

import { get } from "./api.js";
import { composeView } from "./compose.js";
import { forecastView } from "./forecast.js";
import { generateView } from "./generate.js";
import { repairView } from "./repair.js";
import { reportView } from "./report.js";

const VIEWS = { generate: generateView, repair: repairView, forecast: forecastView, compose: composeView, report: reportView };

function theme() {
  const choice = document.getElementById("theme");
  const apply = () => {
    if (choice.value) document.documentElement.dataset.theme = choice.value;
    else delete document.documentElement.dataset.theme;
    localStorage.setItem("diffecg-theme", choice.value);
    document.dispatchEvent(new Event("themechange"));
  };
  choice.value = localStorage.getItem("diffecg-theme") ?? "";
  choice.addEventListener("change", apply);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply);
  apply();
}

async function start() {
  theme();
  const [models, limits] = await Promise.all([get("api/models"), get("api/limits")]);
  for (const input of document.querySelectorAll("[data-limit]")) input.max = limits[input.dataset.limit];
  const shown = {};
  for (const [name, build] of Object.entries(VIEWS)) {
    const needs = { generate: "beat", compose: "beat" }[name];
    const section = document.getElementById(`view-${name}`);
    if (needs && !models.some((model) => model.kind === needs)) {
      section.append(Object.assign(document.createElement("p"), { textContent: `The server was started without a model of ${needs}s.` }));
      continue;
    }
    shown[name] = build(section, models);
  }
  const go = () => {
    if (location.hash === "#main") return; // the link past the navigation
    const name = VIEWS[location.hash.slice(1)] ? location.hash.slice(1) : "generate";
    for (const other of Object.keys(VIEWS)) document.getElementById(`view-${other}`).hidden = other !== name;
    for (const link of document.querySelectorAll("nav a")) {
      if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    document.title = `${document.querySelector(`#view-${name} h1`).textContent} · diffecg studio`;
    shown[name]?.();
  };
  addEventListener("hashchange", go);
  go();
  document.body.dataset.ready = "yes";
}

start().catch((error) => {
  const words = Object.assign(document.createElement("p"), { className: "status bad", textContent: error.message });
  document.getElementById("main").prepend(words);
});
