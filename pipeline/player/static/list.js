// The list of the songs that match, which the keyboard walks through, and the chosen song beside it.
import { at, made } from "./page.js";

const MOST = 300;

export class List {
  constructor(songs, { choose, play, queue }) {
    this.songs = songs;
    this.box = at("map-list");
    this.rows = [];
    this.chosen = null;
    this.box.addEventListener("click", (event) => {
      const item = event.target.closest("li[data-row]");
      if (item) { choose(Number(item.dataset.row)); play(Number(item.dataset.row)); }
    });
    this.box.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const place = this.rows.indexOf(this.chosen), last = this.rows.length - 1;
      const next = { ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: last, PageDown: place + 10, PageUp: place - 10 }[event.key];
      if (next !== undefined) { if (last >= 0) choose(this.rows[Math.min(Math.max(next, 0), last)]); }
      else if (this.chosen !== null && (event.key === "Enter" || event.key === " ")) play(this.chosen);
      else if (this.chosen !== null && event.key.toLowerCase() === "q") queue(this.chosen);
      else return;
      event.preventDefault();
    });
  }

  show(rows) {
    const { songs } = this;
    this.rows = rows.slice(0, MOST);
    at("map-found").textContent = rows.length === 1 ? "1 song" : `${rows.length} songs`;
    const items = this.rows.map((row) => {
      const item = made("li", "", { id: `song-${row}`, role: "option" });
      item.dataset.row = row;
      const about = songs.about(row);
      item.append(made("span", songs.title(row), { lang: songs.tag(row), dir: "auto" }),
        made("span", about ? ` · ${about}` : "", { className: "artist" }));
      return item;
    });
    if (rows.length > MOST) items.push(made("li", `and ${rows.length - MOST} more: search for them`, { className: "more", role: "presentation" }));
    this.box.replaceChildren(...items);
    this.mark(this.chosen);
  }

  mark(row) {
    this.chosen = row;
    for (const item of this.box.querySelectorAll("[aria-selected=true]")) item.setAttribute("aria-selected", "false");
    const item = row === null ? null : at(`song-${row}`);
    if (!item) return this.box.removeAttribute("aria-activedescendant");
    item.setAttribute("aria-selected", "true");
    this.box.setAttribute("aria-activedescendant", item.id);
    this.box.scrollTop = Math.max(0, item.offsetTop - this.box.offsetTop - this.box.clientHeight / 2);
    return undefined;
  }
}
