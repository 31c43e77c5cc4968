// What plays, and what plays next. A song that is clicked plays at once; when it ends, the queue goes on.
import { at, button, made } from "./page.js";

const KEPT = "surbani-queue";

export class Player {
  constructor(songs) {
    this.songs = songs;
    this.audio = at("audio");
    this.queue = this.kept();
    this.place = -1; // of the song of the queue that plays, or that played last
    this.row = null;
    this.audio.addEventListener("ended", () => this.step(1));
    this.audio.addEventListener("error", () => this.decode());
    at("next").addEventListener("click", () => this.step(1));
    at("previous").addEventListener("click", () => this.step(-1));
    at("clear").addEventListener("click", () => this.change([], -1));
    if ("mediaSession" in navigator) {
      navigator.mediaSession.setActionHandler("nexttrack", () => this.step(1));
      navigator.mediaSession.setActionHandler("previoustrack", () => this.step(-1));
    }
    this.write();
  }

  kept() {
    try {
      return JSON.parse(localStorage.getItem(KEPT) || "[]").map((id) => this.songs.row.get(id)).filter((row) => row !== undefined);
    } catch {
      return [];
    }
  }

  play(row) {
    const { songs } = this;
    this.row = row;
    this.load(`songs/${encodeURIComponent(songs.ids[row])}`);
    this.say(songs.title(row), songs.about(row) ? ` · ${songs.about(row)}` : "", songs.tag(row));
    if ("mediaSession" in navigator) {
      navigator.mediaSession.metadata = new MediaMetadata({ title: songs.title(row), artist: songs.artists[row] });
    }
    this.write();
  }

  say(title, about, tag) {
    const name = made("strong", title, { lang: tag, dir: "auto" });
    at("playing").replaceChildren(name, made("span", about, { className: "artist" }));
  }

  load(address) {
    this.audio.src = address;
    this.audio.play().catch(() => {}); // the controls stay for readers whose browser asks first
  }

  // What this browser cannot play, the program decodes.
  decode() {
    if (this.row === null) return;
    if (this.audio.src.endsWith("?as=wav")) this.explain();
    else this.load(`${this.audio.src}?as=wav`);
  }

  async explain() {
    const title = this.songs.title(this.row), failed = this.row;
    let reason = "the program does not answer: start `listen` again";
    try {
      const answer = await fetch(this.audio.src);
      reason = answer.ok ? "this browser cannot play its kind of file" : (await answer.text()).trim();
      await answer.body?.cancel().catch(() => {});
    } catch { /* the reason stays */ }
    if (failed !== this.row) return;
    this.say(title, `: ${reason}`, this.songs.tag(failed));
    if (this.queue[this.place] === failed && this.place + 1 < this.queue.length) this.step(1);
  }

  // Plays the next song of the queue, or the one before.
  step(by) {
    const next = this.place + by;
    if (next < 0 || next >= this.queue.length) return;
    this.place = next;
    this.play(this.queue[next]);
  }

  add(rows) { this.change([...this.queue, ...rows], this.place); }

  change(queue, place) {
    [this.queue, this.place] = [queue, place];
    try {
      localStorage.setItem(KEPT, JSON.stringify(queue.map((row) => this.songs.ids[row])));
    } catch { /* a browser that keeps nothing */ }
    this.write();
  }

  move(from, to) {
    if (to < 0 || to >= this.queue.length) return;
    const queue = [...this.queue], [row] = queue.splice(from, 1);
    queue.splice(to, 0, row);
    const shifted = this.place === from ? to : this.place - (from < this.place && to >= this.place) + (from > this.place && to <= this.place);
    this.change(queue, shifted);
  }

  remove(place) {
    this.change(this.queue.filter((_, each) => each !== place), this.place - (place <= this.place));
  }

  write() {
    const { queue, songs } = this;
    at("queue-title").textContent = queue.length ? `Queue: ${queue.length} song${queue.length > 1 ? "s" : ""}` : "Queue";
    at("queue-empty").hidden = queue.length > 0;
    at("save").hidden = !queue.length;
    at("next").disabled = this.place + 1 >= queue.length;
    at("previous").disabled = this.place < 1;
    const from = Math.max(0, Math.min(this.place - 50, queue.length - 200)), shown = queue.slice(from, from + 200);
    at("queue-list").start = from + 1;
    at("queue-list").replaceChildren(...shown.map((row, offset) => this.item(row, from + offset)));
    if (queue.length > shown.length) at("queue-title").textContent += `, ${shown.length} shown`;
    at("queue-list").dataset.length = songs.ids.length && queue.length;
  }

  item(row, place) {
    const item = made("li"), { songs } = this, title = songs.title(row);
    const name = button(title, `Play ${title}, ${songs.about(row)}`, () => { this.place = place; this.play(row); });
    Object.assign(name, { className: "name", lang: songs.tag(row), dir: "auto" });
    if (place === this.place && row === this.row) item.setAttribute("aria-current", "true");
    const again = (action, id) => () => { action(); at("queue-list").querySelector(`[data-action="${id}"]`)?.focus(); };
    const act = (sign, word, action, after) => {
      const part = button(sign, `${word} ${title}`, again(action, `${word} ${after}`));
      part.dataset.action = `${word} ${place}`;
      return part;
    };
    const line = made("div", "", { className: "line" }), text = made("span");
    text.append(name, made("span", songs.about(row) && ` · ${songs.about(row)}`, { className: "artist" }));
    line.append(text,
      act("↑", "Move up", () => this.move(place, place - 1), Math.max(0, place - 1)),
      act("↓", "Move down", () => this.move(place, place + 1), Math.min(this.queue.length - 1, place + 1)),
      act("✕", "Take out", () => this.remove(place), Math.min(place, this.queue.length - 2)));
    item.append(line);
    return item;
  }
}
