// Files that are dropped or chosen are placed one after the other; what is said of each is a card, the newest first.
import { asked, at, button, made } from "./page.js";

const percent = (share) => `${Math.round(100 * share)} %`;
const WORDS = { sound: "By sound", words: "By words", both: "By both" };

export class Drop {
  constructor(songs, { play, show, facetShown }) {
    Object.assign(this, { songs, play, show, facetShown, waiting: [], busy: false });
    at("files").addEventListener("change", (event) => { this.take([...event.target.files]); event.target.value = ""; });
    let inside = 0;
    const carries = (event) => event.dataTransfer?.types.includes("Files");
    const mark = (by) => (event) => {
      if (!carries(event)) return;
      inside += by;
      at("drop").classList.toggle("over", inside > 0);
    };
    document.addEventListener("dragenter", mark(1));
    document.addEventListener("dragleave", mark(-1));
    document.addEventListener("dragover", (event) => { if (carries(event)) event.preventDefault(); });
    document.addEventListener("drop", (event) => {
      if (!carries(event)) return;
      event.preventDefault();
      inside = 0;
      at("drop").classList.remove("over");
      this.take([...event.dataTransfer.files]);
    });
  }

  async take(files) {
    this.waiting.push(...files);
    if (this.busy) return;
    this.busy = true;
    while (this.waiting.length) await this.place(this.waiting.shift());
    this.busy = false;
  }

  async place(file) {
    const { name, size } = file, more = this.waiting.length ? `, ${this.waiting.length} more after it` : "";
    at("drop-status").textContent = `${name}: it is being placed${more}; the first one takes longer.`;
    try {
      if (size > this.songs.largest) throw new Error(`is larger than ${this.songs.largest / 1e6} MB`);
      const placed = await asked(`api/place?name=${encodeURIComponent(name)}`, { method: "POST", body: file });
      at("drop-status").textContent = `${name}: ${this.short(placed)}`;
      at("placed").prepend(this.card(placed));
      this.show(placed);
    } catch (error) {
      at("drop-status").textContent = `${name}: ${error.message}`;
    }
  }

  short(placed) {
    const [facet, first] = Object.entries(placed.facets)[0];
    const kind = placed.unlike_anything ? "unlike anything in the library" : "placed";
    return `${kind}; ${WORDS[facet].toLowerCase()} cluster ${first.cluster}`;
  }

  card(placed) {
    const card = made("article", "", { className: "cluster placed" }), head = made("header");
    head.append(made("h3", placed.song, { dir: "auto" }));
    if (placed.unlike_anything) head.append(made("span", "unlike anything in the library", { className: "chip chip-open" }));
    card.append(head);
    if (placed.tags.length) card.append(made("p", `heard: ${placed.tags.map((each) => `${each.tag} ${percent(each.probability)}`).join(", ")}`));
    const spoken = Object.entries(placed.languages).map(([code, share]) => `${this.songs.languages[code]?.name || code} ${percent(share)}`).join(", ");
    if (spoken) card.append(made("p", `lyrics: ${spoken}`));
    const facets = Object.keys(placed.facets), open = facets.includes(this.facetShown()) ? this.facetShown() : facets[0];
    for (const facet of facets) card.append(this.facet(facet, placed.facets[facet], facet === open));
    for (const [facet, why] of Object.entries(placed.notes)) card.append(made("p", `${WORDS[facet]}: no place, ${why}`, { className: "small" }));
    card.append(button("Put away", `Put away: ${placed.song}`, () => { card.remove(); this.show(null); at("files").focus(); }));
    return card;
  }

  facet(facet, each, open) {
    const name = this.songs.facet(facet).clusters[each.cluster];
    const out = `${percent(each.as_far_out)} of the songs are as far out${each.unlike_anything ? ": unlike anything" : ""}`;
    const near = made("ol", "", { className: "near" });
    near.append(...each.nearest.map(({ row, distance }) => {
      const item = made("li"), title = this.songs.title(row);
      const play = button(title, `Play ${title}, ${this.songs.about(row)}`, () => this.play(row));
      Object.assign(play, { className: "link", lang: this.songs.tag(row), dir: "auto" });
      item.append(play, made("span", ` · ${this.songs.about(row)} · ${distance.toFixed(2)}`, { className: "artist" }));
      return item;
    }));
    const box = made("details", "", { open });
    box.append(made("summary", `${WORDS[facet]}: cluster ${each.cluster} (${percent(each.probability)}), ${name}`), made("p", out), near);
    return box;
  }
}
