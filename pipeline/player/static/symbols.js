// Colours and symbols of groups of songs: never colour alone.
import { css } from "./page.js";

const MOST = 7;
const TAU = 2 * Math.PI;

const polygon = (corners) => (path, r) => {
  corners.forEach(([x, y], place) => (place ? path.lineTo(x * r, y * r) : path.moveTo(x * r, y * r)));
  path.closePath();
};
const ring = (count, inner, outer) => [...Array(2 * count).keys()].map((n) => {
  const [angle, radius] = [n * Math.PI / count - Math.PI / 2, n % 2 ? inner : outer];
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
});
const cross = [[-0.4, -1], [0.4, -1], [0.4, -0.4], [1, -0.4], [1, 0.4], [0.4, 0.4], [0.4, 1], [-0.4, 1], [-0.4, 0.4],
  [-1, 0.4], [-1, -0.4], [-0.4, -0.4]];
const turned = cross.map(([x, y]) => [(x - y) * 0.75, (x + y) * 0.75]);
const SHAPES = [
  (path, r) => path.arc(0, 0, r, 0, TAU),
  polygon([[-0.85, -0.85], [0.85, -0.85], [0.85, 0.85], [-0.85, 0.85]]),
  polygon([[0, -1.1], [1.05, 0.8], [-1.05, 0.8]]),
  polygon([[0, -1.2], [1.1, 0], [0, 1.2], [-1.1, 0]]),
  polygon(cross),
  polygon(turned),
  polygon(ring(5, 0.5, 1.25)),
];

export function shape(number, radius) {
  const path = new Path2D();
  SHAPES[number](path, radius);
  return path;
}

// The groups in the order of the legend: the largest ones with a colour each, the rest together, the unknown last.
export function groups(rows, value, named) {
  const counts = new Map();
  for (const row of rows) counts.set(value(row), (counts.get(value(row)) || 0) + 1);
  const known = [...counts.keys()].filter((name) => name !== "" && name !== -1).sort((a, b) => counts.get(b) - counts.get(a));
  const coloured = known.slice(0, known.length <= MOST ? MOST : MOST - 1);
  coloured.sort((a, b) => (typeof a === "number" ? a - b : named(a).localeCompare(named(b))));
  const of = new Map(coloured.map((name, place) => [name, { name: named(name), colour: css(`--c${place + 1}`), shape: place }]));
  const rest = { name: `other (${known.length - coloured.length})`, colour: css("--rest"), shape: 0, hollow: true };
  const unknown = { name: "unknown", colour: css("--rest"), shape: 5 };
  for (const name of counts.keys()) if (!of.has(name)) of.set(name, known.includes(name) ? rest : unknown);
  return { of: (row) => of.get(value(row)), legend: [...new Set([...coloured, ...counts.keys()].map((name) => of.get(name)))]
    .sort((a, b) => (a === unknown) - (b === unknown) || (a === rest) - (b === rest)) };
}
