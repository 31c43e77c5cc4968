// The songs of the library. A song is its row; its id is for the server.
export const UNKNOWN = "";

// Capital letters: ß is SS then, and both forms of σ are one.
const folded = (text) => text.normalize("NFC").toUpperCase().normalize("NFC");

export class Songs {
  constructor(data) {
    Object.assign(this, data);
    this.rows = [...data.ids.keys()];
    this.row = new Map(data.ids.map((id, row) => [id, row]));
    this.texts = this.rows.map((row) => folded(`${this.title(row)}\n${data.artists[row]}\n${data.ids[row]}`));
  }

  title(row) { return this.titles[row] || this.ids[row]; }

  named(code) { return code === UNKNOWN ? "unknown" : this.languages[code].name; }

  about(row) { return [this.artists[row], this.spoken[row] && this.named(this.spoken[row])].filter(Boolean).join(" · "); }

  // For the attribute lang.
  tag(row) { return this.spoken[row] ? this.languages[this.spoken[row]].tag : ""; }

  facet(name) { return this.facets.find((facet) => facet.name === name); }

  cluster(facet, row) {
    const label = facet.labels[row];
    return label < 0 ? "–" : `${label}: ${facet.clusters[label]}`;
  }

  // The rows of the songs that hold every word of the search, and are of this language and cluster.
  matching({ search, language, facet, cluster }) {
    const words = folded(search).split(/\s+/).filter(Boolean);
    const labels = facet ? facet.labels : [];
    return this.rows.filter((row) => (language === "all" || this.spoken[row] === language) &&
      (cluster === "all" || labels[row] === Number(cluster)) && words.every((word) => this.texts[row].includes(word)));
  }
}
