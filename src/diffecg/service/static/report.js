// The evaluation of a set: figures beside their references, by class, sorted as one likes.

import { get, post } from "./api.js";
import { finished } from "./generate.js";
import { axis, colour, config, layout, onTheme } from "./paper.js";
import { say, Work } from "./work.js";

const HEAD = ["section", "metric", "label", "value", "reference", "baseline"];

export function reportView(view) {
  const form = view.querySelector("form"), work = new Work(view, form);
  const box = view.querySelector("#report"), choice = view.querySelector("#report-class");
  let rows = [], order = [0, 1];

  const uploaded = async (name) => {
    const input = form.elements[`${name}-file`];
    if (!input.files.length) return form.elements[name].value;
    const body = new FormData();
    body.append("files", input.files[0]);
    return (await post("api/sets", body)).id;
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    let synthetic, real;
    try {
      [synthetic, real] = [await uploaded("synthetic"), await uploaded("real")];
    } catch (error) { say(view, error.message, true); return; }
    if (!synthetic) { say(view, "Generate some beats first, or choose a file of them.", true); return; }
    const sections = [...form.querySelectorAll("[name=sections]:checked")].map((one) => one.value);
    const job = await work.run("api/evaluate", { synthetic, real, sections });
    if (!job) return;
    const report = await get(`api/jobs/${job.id}/result`);
    rows = report.rows;
    say(view, `${rows.length} figures.`);
    choice.replaceChildren(new Option("all", ""), ...new Set(rows.map((row) => row.label)).values().map((label) => new Option(label, label)));
    view.querySelector("#report-page").href = `api/jobs/${job.id}/files/report.html`;
    view.querySelector("#report .download").href = `api/jobs/${job.id}/download`;
    view.querySelector("#report-notes").replaceChildren(...report.notes.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
    box.hidden = false;
    draw();
  });
  choice.addEventListener("change", () => draw());
  onTheme(() => !box.hidden && draw());

  const number = (value) => (value === null || value === undefined ? "–" : typeof value === "number" ? Number(value.toPrecision(3)).toString() : value);
  function draw() {
    const shown = rows.filter((row) => !choice.value || row.label === choice.value);
    const [column, way] = order;
    shown.sort((a, b) => way * (typeof a[HEAD[column]] === "number" ? a[HEAD[column]] - b[HEAD[column]] : String(a[HEAD[column]]).localeCompare(String(b[HEAD[column]]))));
    const table = view.querySelector("#report-table");
    const head = document.createElement("tr");
    HEAD.forEach((name, i) => {
      const cell = document.createElement("th"), button = document.createElement("button");
      cell.scope = "col";
      if (i > 2) cell.className = "number";
      button.type = "button";
      button.textContent = name === "label" ? "class" : name;
      if (i === column) cell.setAttribute("aria-sort", way > 0 ? "ascending" : "descending");
      button.addEventListener("click", () => {
        order = [i, i === column ? -way : 1];
        draw();
        view.querySelectorAll("#report-table th button")[i].focus();
      });
      cell.append(button);
      head.append(cell);
    });
    table.replaceChildren(head, ...shown.map((row) => {
      const line = document.createElement("tr");
      HEAD.forEach((name, i) => line.append(Object.assign(document.createElement("td"), { textContent: number(row[name]), className: i > 2 ? "number" : "" })));
      return line;
    }));
    chart(shown.filter((row) => row.value !== null && row.reference));
  }

  function chart(shown) {
    const plot = view.querySelector("#report-chart");
    const labels = [...new Set(shown.map((row) => row.label))];
    const marks = ["circle", "square", "diamond", "triangle-up", "cross", "x"];
    const traces = labels.map((label, i) => {
      const mine = shown.filter((row) => row.label === label);
      return { type: "scatter", mode: "markers", name: label, x: mine.map((row) => row.value / row.reference), y: mine.map((row) => row.metric), marker: { symbol: marks[i % marks.length], size: 10 },
        text: mine.map((row) => `${label}: ${number(row.value)}, reference ${number(row.reference)}`), hovertemplate: "%{y}<br>%{text}<extra></extra>" };
    });
    const count = new Set(shown.map((row) => row.metric)).size;
    plot.style.height = `${Math.max(220, 90 + 24 * count)}px`;
    const x = { ...axis("value / reference", undefined, 0), type: "log", nticks: Math.max(3, Math.round(plot.clientWidth / 160)) }, y = { ...axis("", undefined, 0), automargin: true, autorange: "reversed" };
    Plotly.react(plot, traces, layout(x, y, { showlegend: true, legend: { orientation: "h", y: 1.08 }, plot_bgcolor: colour("panel"),
      shapes: [{ type: "line", x0: 1, x1: 1, yref: "paper", y0: 0, y1: 1, line: { color: colour("truth"), width: 2 } }] }), config);
  }

  return async () => {
    form.elements.synthetic.replaceChildren(...finished.map((one) => new Option(one.name, one.id)).reverse(), ...(finished.length ? [] : [new Option("none made yet", "")]));
    form.elements.real.replaceChildren(new Option("the server's real beats", "beats"));
    if (!box.hidden) draw();
  };
}
