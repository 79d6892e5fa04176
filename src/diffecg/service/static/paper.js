// ECG paper: 25 mm/s and 10 mm/mV in colours of the theme.

const FONT = "system-ui, sans-serif";
const LEFT = 56, RIGHT = 10;

export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
export const margins = { left: LEFT, right: RIGHT };

export function axis(title, big, small) {
  return {
    title: { text: title, font: { size: 13 } }, dtick: big, gridcolor: colour("grid"), zeroline: false,
    fixedrange: true, tickfont: { size: 12 }, tickangle: 0, ticks: "",
    minor: small ? { dtick: small, showgrid: true, gridcolor: colour("fine") } : {},
  };
}

export function layout(x, y, more = {}) {
  return {
    margin: { l: LEFT, r: RIGHT, t: 24, b: 42 }, paper_bgcolor: colour("panel"), plot_bgcolor: colour("paper"),
    font: { family: FONT, color: colour("ink") }, showlegend: false, dragmode: false, hovermode: "closest",
    xaxis: x, yaxis: y, ...more,
  };
}

/** Grid steps: those of paper while its boxes can be told apart, else plainer ones, with room for each label. */
export function timeSteps(seconds, pixels) {
  const step = [0.2, 0.4, 1, 2, 5, 10, 30, 60, 120, 300, 600].find((s) => (seconds / s) * 48 <= pixels) ?? 1800;
  return [step, (pixels / seconds) * 0.04 >= 3 ? 0.04 : step / 5];
}

export const config = { displayModeBar: false, responsive: true, doubleClick: false, scrollZoom: false };

/** Redraw all when the theme changes. */
export function onTheme(redraw) {
  document.addEventListener("themechange", redraw);
}

const GAIN = 5;
const SVG = "http://www.w3.org/2000/svg";

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** A small picture of a window on paper at half gain, 5 mm/mV and 25 mm/s: boxes of 0.2 mV and 40 ms. */
export function thumbnail(signal, fs, [low, high]) {
  const width = (signal.length / fs) * 25, height = (high - low) * GAIN;
  const svg = element("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
  for (let x = 0; x <= width; x += 1) svg.append(element("line", { x1: x, x2: x, y1: 0, y2: height, class: x % 5 ? "fine" : "grid" }));
  for (let y = 0; y <= height; y += 1) {
    const major = Math.round(high * GAIN - y) % 5 === 0;
    svg.append(element("line", { x1: 0, x2: width, y1: y, y2: y, class: major ? "grid" : "fine" }));
  }
  const points = Array.from(signal, (mv, i) => `${((i / fs) * 25).toFixed(2)},${((high - mv) * GAIN).toFixed(2)}`);
  svg.append(element("path", { class: "trace", d: `M${points.join("L")}` }));
  return svg;
}
