// A canvas that is painted anew when its size or the theme changes, at most once a frame.

import { h } from "./dom.js";

export class Drawing {
  /** @param {HTMLElement} root whose width it has */
  constructor(root) {
    this.root = root;
    this.canvas = h("canvas", { role: "img" });
    /** @type {any} */ this.info = null;
    this.pending = 0;
    this.resized = new ResizeObserver(() => this.resize());
    this.resized.observe(root);
    this.redraw = () => this.draw();
    document.addEventListener("themechange", this.redraw);
  }

  close() {
    this.resized.disconnect();
    document.removeEventListener("themechange", this.redraw);
  }

  get width() { return this.root.clientWidth; }

  resize() { this.draw(); }

  draw() {
    if (this.pending || !this.info) return;
    this.pending = requestAnimationFrame(() => { this.pending = 0; this.paint(); });
  }

  paint() {}

  /** The pen of the canvas, in pixels of CSS, once the canvas has this height. @param {number} height @returns {CanvasRenderingContext2D} */
  pen(height) {
    const { canvas, width } = this, ratio = devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    return pen;
  }
}
