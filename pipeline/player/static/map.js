// The map: points on a canvas, which drag, wheel, two fingers and buttons move.
import { css } from "./page.js";
import { shape } from "./symbols.js";

const MARGIN = 28, REACH = 16, MANY = 3000, FAINT = 0.12;

function edges(places) {
  if (!places.length) return [-1, 1, -1, 1];
  let [left, right, low, top] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const [x, y] of places) [left, right, low, top] = [Math.min(left, x), Math.max(right, x), Math.min(low, y), Math.max(top, y)];
  return [left, right, low, top];
}

export class SongMap {
  constructor(canvas, { chosen, hovered }) {
    this.canvas = canvas;
    Object.assign(this, { points: [], rings: [], stars: [], places: new Map(), edges: edges([]) });
    this.view = { zoom: 1, x: 0, y: 0 };
    this.fingers = new Map();
    this.report = { chosen, hovered };
    new ResizeObserver(() => this.draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.onColours?.());
    this.listen();
  }

  // points: row, xy, style, faint; rings: rows with a ring, the first a thick one; stars: places of new songs.
  show(points, rings, stars) {
    Object.assign(this, { rings, stars });
    this.points = points.sort((a, b) => b.faint - a.faint || a.style.shape - b.style.shape); // faint ones lie below
    this.places = new Map(points.map((point) => [point.row, point.xy]));
    this.edges = edges([...points.map((point) => point.xy), ...stars]);
    this.draw();
  }

  reset() { this.view = { zoom: 1, x: 0, y: 0 }; this.draw(); }

  zoom(factor, x = this.canvas.clientWidth / 2, y = this.canvas.clientHeight / 2) {
    const zoom = Math.min(Math.max(this.view.zoom * factor, 0.5), 60), by = zoom / this.view.zoom;
    this.view = { zoom, x: x - (x - this.view.x) * by, y: y - (y - this.view.y) * by };
    this.draw();
  }

  pan(x, y) { this.view = { ...this.view, x: this.view.x + x, y: this.view.y + y }; this.draw(); }

  // From places to pixels: equal scales on both axes, everything inside at zoom 1.
  scale() {
    const { clientWidth: wide, clientHeight: high } = this.canvas;
    const [left, right, low, top] = this.edges;
    const unit = Math.min((wide - 2 * MARGIN) / (right - left || 1), (high - 2 * MARGIN) / (top - low || 1));
    const { zoom, x: dx, y: dy } = this.view;
    return ([x, y]) => [(wide / 2 + (x - (left + right) / 2) * unit) * zoom + dx, (high / 2 - (y - (low + top) / 2) * unit) * zoom + dy];
  }

  draw() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => { this.waiting = false; this.paint(); });
  }

  paint() {
    const { canvas } = this, ratio = devicePixelRatio || 1;
    [canvas.width, canvas.height] = [canvas.clientWidth * ratio, canvas.clientHeight * ratio];
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    const on = this.scale(), radius = this.points.length > MANY ? 2.4 : this.points.length > 600 ? 3.6 : 5.2;
    const wide = canvas.clientWidth, high = canvas.clientHeight;
    this.pixels = this.points.map((point) => { const [x, y] = on(point.xy); return { x, y, point }; })
      .filter(({ x, y }) => x > -9 && y > -9 && x < wide + 9 && y < high + 9);
    if (this.points.length > MANY) this.dots(pen, radius);
    else this.stamps(pen, radius, ratio);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.globalAlpha = 1;
    this.mark(pen, on, radius);
    canvas.dataset.ready = "yes"; // what the tests wait for
  }

  stamps(pen, radius, ratio) {
    const paths = new Map(), edge = css("--soft");
    for (const { x, y, point: { style, faint } } of this.pixels) {
      if (!paths.has(style.shape)) paths.set(style.shape, shape(style.shape, radius));
      pen.setTransform(ratio, 0, 0, ratio, x * ratio, y * ratio);
      pen.globalAlpha = faint ? FAINT : 0.92;
      [pen.fillStyle, pen.strokeStyle, pen.lineWidth] = [style.colour, style.hollow ? style.colour : edge, style.hollow ? 1.4 : 0.7];
      if (!style.hollow) pen.fill(paths.get(style.shape));
      pen.stroke(paths.get(style.shape));
    }
  }

  // So many points that symbols could not be distinguished, and would take long.
  dots(pen, radius) {
    let last = null, alpha = null;
    for (const { x, y, point: { style, faint } } of this.pixels) {
      if (style !== last) pen.fillStyle = (last = style).colour;
      if (faint !== alpha) pen.globalAlpha = (alpha = faint) ? FAINT : 0.92;
      pen.fillRect(x - radius / 2, y - radius / 2, radius, radius);
    }
  }

  mark(pen, on, radius) {
    pen.strokeStyle = css("--ink");
    this.rings.forEach((row, place) => {
      if (!this.places.has(row)) return;
      pen.lineWidth = place ? 1.2 : 3;
      pen.beginPath();
      pen.arc(...on(this.places.get(row)), radius + (place ? 3.5 : 5), 0, 2 * Math.PI);
      pen.stroke();
    });
    for (const star of this.stars) {
      const [x, y] = on(star);
      pen.save();
      pen.translate(x, y);
      [pen.fillStyle, pen.strokeStyle, pen.lineWidth] = [css("--ink"), css("--paper"), 2];
      const path = shape(6, 12);
      pen.stroke(path);
      pen.fill(path);
      pen.restore();
    }
  }

  nearest(event) {
    const box = this.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.x, event.clientY - box.y];
    let best = null, least = REACH ** 2;
    for (const pixel of this.pixels || []) {
      const apart = (pixel.x - x) ** 2 + (pixel.y - y) ** 2 + (pixel.point.faint ? REACH ** 2 / 2 : 0);
      if (apart < least) [best, least] = [pixel, apart];
    }
    return best;
  }

  listen() {
    const { canvas, fingers } = this;
    const middle = () => { const all = [...fingers.values()]; return [all.reduce((sum, f) => sum + f.x, 0) / all.length, all.reduce((sum, f) => sum + f.y, 0) / all.length]; };
    const spread = () => { const [a, b] = [...fingers.values()]; return b ? Math.hypot(a.x - b.x, a.y - b.y) : 0; };
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      this.moved = fingers.size > 1 ? 99 : 0;
    });
    canvas.addEventListener("pointermove", (event) => {
      const finger = fingers.get(event.pointerId);
      if (!finger) return this.report.hovered(this.nearest(event));
      const [x, y] = middle(), apart = spread();
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      const [newX, newY] = middle();
      this.moved += Math.hypot(newX - x, newY - y);
      if (this.moved < 4) return undefined;
      this.pan(newX - x, newY - y);
      const box = canvas.getBoundingClientRect();
      if (apart) this.zoom(spread() / apart, newX - box.x, newY - box.y);
      return undefined;
    });
    const lifted = (event) => {
      const tapped = fingers.delete(event.pointerId) && !fingers.size && event.type === "pointerup" && this.moved < 4;
      const hit = tapped && this.nearest(event);
      if (hit) this.report.chosen(hit.point.row);
    };
    for (const kind of ["pointerup", "pointercancel"]) canvas.addEventListener(kind, lifted);
    canvas.addEventListener("pointerleave", () => this.report.hovered(null));
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      const box = canvas.getBoundingClientRect();
      this.zoom(Math.exp(-event.deltaY / 400), event.clientX - box.x, event.clientY - box.y);
    }, { passive: false });
  }
}
