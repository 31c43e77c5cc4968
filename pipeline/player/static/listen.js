// The page: what is searched, filtered and chosen, and who shows it.
import { asked, at, made, options, button } from "./page.js";
import { Drop } from "./drop.js";
import { List } from "./list.js";
import { SongMap } from "./map.js";
import { Player } from "./player.js";
import { saving } from "./saving.js";
import { Songs } from "./songs.js";
import { groups, shape } from "./symbols.js";

const LABELS = { sound: "sound", words: "words", both: "both" };
const state = { search: "", language: "all", facet: null, cluster: "all", colour: "cluster", chosen: null, near: [], placed: null };
let songs, player, list, map;

function count(values) {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) || 0) + 1);
  return counts;
}

function clusters() {
  const facet = state.facet, counts = count(facet ? facet.labels : []);
  const pairs = (facet ? facet.clusters : []).map((name, number) => [String(number), `${number}: ${name} (${counts.get(number) || 0})`]);
  state.cluster = "all";
  options(at("cluster"), [["all", "all"], ...pairs], "all");
  at("projection").textContent = !facet ? "No model has placed the songs: run `dvc repro`." :
    `Map by ${LABELS[facet.name]}, ${facet.projection}: songs that lie close are alike; far ones need not differ.` + (facet.note ? ` ${facet.note}.` : "");
}

function languages() {
  const counts = count(songs.spoken);
  const pairs = [...counts.keys()].map((code) => [code, `${songs.named(code)} (${counts.get(code)})`]);
  pairs.sort((a, b) => (a[0] === "") - (b[0] === "") || a[1].localeCompare(b[1]));
  options(at("language"), [["all", "all"], ...pairs], "all");
}

function legend(entries) {
  at("legend").replaceChildren(...entries.map((style) => {
    const item = made("li"), mark = made("canvas"), size = 14, ratio = 2;
    Object.assign(mark, { width: size * ratio, height: size * ratio, className: "key-of-map" });
    mark.setAttribute("aria-hidden", "true");
    const pen = mark.getContext("2d"), path = shape(style.shape, 5);
    pen.setTransform(ratio, 0, 0, ratio, size, size);
    [pen.fillStyle, pen.strokeStyle, pen.lineWidth] = [style.colour, style.colour, 1.4];
    if (style.hollow) pen.stroke(path);
    else pen.fill(path);
    item.append(mark, made("span", style.name));
    return item;
  }));
}

function draw(hits) {
  const { facet } = state, shown = new Set(hits);
  if (!facet) return;
  const rows = songs.rows.filter((row) => facet.places[row]);
  const byCluster = state.colour === "cluster";
  const coloured = groups(rows, byCluster ? (row) => facet.labels[row] : (row) => songs.spoken[row],
    byCluster ? (label) => `${label}: ${facet.clusters[label]}` : (code) => songs.named(code));
  const points = rows.map((row) => ({ row, xy: facet.places[row], style: coloured.of(row), faint: !shown.has(row) }));
  const star = state.placed?.facets[facet.name]?.place;
  map.show(points, state.chosen === null ? [] : [state.chosen, ...state.near], star ? [star] : []);
  legend(coloured.legend);
}

function refresh() {
  const hits = songs.matching(state);
  state.hits = hits;
  list.show(hits);
  at("queue-all").disabled = !hits.length;
  draw(hits);
}

async function near(row) {
  const { facet } = state;
  state.near = [];
  at("near-problem").textContent = "";
  at("map-near").replaceChildren();
  if (!facet) return;
  at("map-near-title").textContent = `Nearest by ${LABELS[facet.name]}`;
  const query = new URLSearchParams({ id: songs.ids[row], by: facet.name, language: at("near-language").value });
  try {
    const rows = (await asked(`api/near?${query}`)).map((each) => each.row);
    if (state.chosen !== row || state.facet !== facet) return;
    state.near = rows;
    at("map-near").replaceChildren(...rows.map((each) => {
      const item = made("li"), title = songs.title(each);
      const part = button(`▶ ${title}`, `Play ${title}, ${songs.about(each)}`, () => { choose(each); player.play(each); });
      Object.assign(part, { lang: songs.tag(each), dir: "auto" });
      item.append(part, made("span", songs.about(each) && ` · ${songs.about(each)}`, { className: "artist" }));
      return item;
    }));
    draw(state.hits);
  } catch (error) {
    if (state.chosen === row) at("near-problem").textContent = error.message;
  }
}

function choose(row) {
  state.chosen = row;
  at("map-track").hidden = false;
  Object.assign(at("map-title"), { textContent: songs.title(row), lang: songs.tag(row), dir: "auto" });
  const places = songs.facets.map((facet) => `${LABELS[facet.name]} ${songs.cluster(facet, row)}`);
  at("map-about").replaceChildren(made("span", songs.about(row)), ...places.map((text) => made("span", text, { className: "place" })));
  list.mark(row);
  near(row);
  draw(state.hits);
}

function hint(pixel) {
  const box = at("map-hint");
  box.hidden = !pixel;
  at("map").classList.toggle("over-point", Boolean(pixel));
  if (!pixel) return;
  const { row } = pixel.point;
  box.replaceChildren(made("strong", songs.title(row), { lang: songs.tag(row), dir: "auto" }), made("span", songs.about(row)),
    ...(state.facet ? [made("span", songs.cluster(state.facet, row))] : []));
  const right = pixel.x > at("map").clientWidth / 2, low = pixel.y > at("map").clientHeight / 2;
  Object.assign(box.style, { left: right ? "auto" : `${pixel.x + 12}px`, right: right ? `${at("map").clientWidth - pixel.x + 12}px` : "auto",
    top: low ? "auto" : `${pixel.y + 12}px`, bottom: low ? `${at("map").clientHeight - pixel.y + 12}px` : "auto" });
}

function controls() {
  at("controls").addEventListener("submit", (event) => event.preventDefault());
  at("search").addEventListener("input", (event) => { state.search = event.target.value; refresh(); });
  at("language").addEventListener("change", (event) => { state.language = event.target.value; refresh(); });
  at("cluster").addEventListener("change", (event) => { state.cluster = event.target.value; refresh(); });
  at("colour").addEventListener("change", (event) => { state.colour = event.target.value; draw(state.hits); });
  at("facet").addEventListener("change", (event) => {
    state.facet = songs.facet(event.target.value);
    clusters();
    map.reset();
    refresh();
    if (state.chosen !== null) near(state.chosen);
  });
  at("play").addEventListener("click", () => player.play(state.chosen));
  at("queue").addEventListener("click", () => player.add([state.chosen]));
  at("queue-all").addEventListener("click", () => player.add(state.hits));
  at("near-language").addEventListener("change", () => near(state.chosen));
  at("zoom-in").addEventListener("click", () => map.zoom(1.5));
  at("zoom-out").addEventListener("click", () => map.zoom(1 / 1.5));
  at("zoom-all").addEventListener("click", () => map.reset());
}

async function start() {
  songs = new Songs(await asked("api/library"));
  state.facet = songs.facets[0] || null;
  player = new Player(songs);
  const heard = (row) => { choose(row); player.play(row); };
  map = new SongMap(at("map"), { chosen: heard, hovered: hint });
  map.onColours = () => draw(state.hits);
  list = new List(songs, { choose, play: (row) => player.play(row), queue: (row) => player.add([row]) });
  new Drop(songs, { play: heard, show: (placed) => { state.placed = placed; draw(state.hits); },
    facetShown: () => state.facet?.name });
  saving(songs, player);
  options(at("facet"), songs.facets.map((facet) => [facet.name, LABELS[facet.name]]), state.facet?.name);
  options(at("colour"), [["cluster", "cluster"], ["language", "language"]], "cluster");
  languages();
  clusters();
  controls();
  refresh();
  document.body.dataset.ready = "yes"; // what the tests wait for
}

start().catch((error) => { at("projection").textContent = error.message; });
