// The map: Plotly draws, this file tells it what; every track is also in a list that the keyboard walks through.
(() => {
  const data = JSON.parse(document.getElementById("map-data").textContent);
  const at = (id) => document.getElementById(id);
  const [plot, list, audio] = [at("map-plot"), at("map-list"), at("map-audio")];
  const MOST_COLOURS = 7, MOST_LISTED = 300, MANY = 1500;
  const SYMBOLS = ["circle", "square", "triangle-up", "diamond", "cross", "x", "star"];
  const LANGUAGES = { bn: "Bangla", en: "English" };
  const state = { model: Object.keys(data.models)[0], plane: "", colour: "cluster", search: "", chosen: null, listed: [] };

  const model = () => data.models[state.model];
  const plane = () => model().planes[state.plane];
  const title = (n) => data.tracks[n].title || data.tracks[n].id;
  const language = (n) => LANGUAGES[data.tracks[n].language] || data.tracks[n].language;
  const about = (n) => [data.tracks[n].artist, language(n)].filter(Boolean).join(" · ");
  const safe = (text) => text.replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c]);
  const css = (name) => getComputedStyle(document.body).getPropertyValue(name).trim();

  function options(select, pairs, chosen) {
    select.replaceChildren(...pairs.map(([value, text]) => new Option(text, value, value === chosen, value === chosen)));
  }

  const values = () => (state.colour === "cluster" ? model().clusters : data.columns[state.colour]);
  const named = (value) => (value === "" ? "unknown" : state.colour === "language" ? LANGUAGES[value] || value : value);

  function found() {
    const words = state.search.toLocaleLowerCase().normalize("NFC").split(/\s+/).filter(Boolean);
    return data.tracks.map((track, n) => {
      const text = `${track.id} ${track.title} ${track.artist} ${track.language} ${language(n)}`.toLocaleLowerCase().normalize("NFC");
      return words.every((word) => text.includes(word));
    });
  }

  // --- the plot ---------------------------------------------------------------------------------------------------------

  function groups(all, placed) {
    const counts = new Map();
    for (const n of placed) counts.set(all[n], (counts.get(all[n]) || 0) + 1);
    const ranked = [...counts.keys()].filter((value) => value !== "").sort((a, b) => counts.get(b) - counts.get(a) || a.localeCompare(b));
    const own = ranked.slice(0, ranked.length <= MOST_COLOURS ? MOST_COLOURS : MOST_COLOURS - 1);
    own.sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
    const told = own.map((value, place) => ({ name: named(value), colour: css(`--c${place + 1}`), symbol: SYMBOLS[place],
      rows: placed.filter((n) => all[n] === value) }));
    const rest = placed.filter((n) => all[n] !== "" && !own.includes(all[n]));
    const unknown = placed.filter((n) => all[n] === "");
    if (rest.length) told.push({ name: `other (${ranked.length - own.length})`, colour: css("--rest"), symbol: "circle-open", rows: rest });
    if (unknown.length) told.push({ name: "unknown", colour: css("--rest"), symbol: "x-thin-open", rows: unknown });
    return told;
  }

  function points(rows, more) {
    const places = plane().places;
    return { type: data.tracks.length > MANY ? "scattergl" : "scatter", mode: "markers", x: rows.map((n) => places[n][0]),
      y: rows.map((n) => places[n][1]), customdata: rows, hovertemplate: "%{text}<extra></extra>",
      text: rows.map((n) => `<b>${safe(title(n))}</b><br>${safe(about(n))}<br>${safe(state.colour)}: ${safe(named(values()[n]))}`), ...more };
  }

  function traces() {
    const all = values(), hit = found();
    const placed = data.tracks.map((_, n) => n).filter((n) => plane().places[n]);
    const size = placed.length > 600 ? 6 : 10;
    const seen = (rows) => rows.map((n) => (hit[n] ? 0.92 : 0.1));
    const known = placed.filter((n) => all[n] !== "");
    const numbers = known.every((n) => Number.isFinite(Number(all[n]))) && new Set(known.map((n) => all[n])).size > MOST_COLOURS;
    const drawn = numbers && state.colour !== "cluster"
      ? [points(known, { name: state.colour, showlegend: false, marker: { color: known.map((n) => Number(all[n])), colorscale: "Cividis",
          showscale: true, size, opacity: seen(known), colorbar: { title: { text: state.colour }, thickness: 12, outlinewidth: 0 } } })]
      : groups(all, placed).map((group) => points(group.rows, { name: group.name, marker: { color: group.colour, symbol: group.symbol, size,
          opacity: seen(group.rows), line: { width: 0.6, color: css("--soft") } } }));
    if (state.chosen !== null && plane().places[state.chosen]) {
      const ring = (rows, width, wide) => points(rows, { showlegend: false, hoverinfo: "skip", hovertemplate: undefined,
        marker: { color: "rgba(0,0,0,0)", size: wide, line: { color: css("--ink"), width } } });
      drawn.push(ring(model().neighbours[state.chosen], 1.2, size + 6), ring([state.chosen], 3, size + 9));
    }
    return drawn;
  }

  function draw() {
    const ink = css("--ink");
    const bare = { visible: false, zeroline: false, showgrid: false };
    const layout = { paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: ink, family: getComputedStyle(document.body).fontFamily },
      margin: { l: 8, r: 8, t: 8, b: 8 }, xaxis: bare, yaxis: { ...bare, scaleanchor: "x" }, hovermode: "closest", dragmode: "pan",
      modebar: { bgcolor: "rgba(0,0,0,0)", color: css("--quiet"), activecolor: ink },
      legend: { orientation: "h", y: 0, yanchor: "top", font: { size: 12 }, title: { text: safe(state.colour.replaceAll("_", " ")) } }, uirevision: `${state.model} ${state.plane}`,
      hoverlabel: { bgcolor: css("--paper"), bordercolor: css("--quiet"), font: { color: ink } } };
    const config = { displaylogo: false, responsive: true, scrollZoom: true, modeBarButtons: [["toImage", "zoomIn2d", "zoomOut2d", "resetScale2d"]] };
    const trust = plane().trustworthiness;
    at("map-trust").textContent = `${model().family}, first seed` +
      (model().told === "none" ? "" : `, told the ${model().told}`) +
      `. ${plane().called}: trustworthiness ${trust === null ? "–" : trust.toFixed(3)} (${plane().neighbours} neighbours).`;
    return Plotly.react(plot, traces(), layout, config);
  }

  // --- the list and the chosen track ------------------------------------------------------------------------------------

  function write() {
    const hit = found();
    const rows = data.tracks.map((_, n) => n).filter((n) => hit[n] && plane().places[n]);
    state.listed = rows.slice(0, MOST_LISTED);
    at("map-found").textContent = `${rows.length} tracks`;
    list.replaceChildren(...state.listed.map((n) => {
      const item = document.createElement("li");
      item.id = `map-item-${n}`;
      item.role = "option";
      item.setAttribute("aria-selected", n === state.chosen);
      const name = document.createElement("span");
      name.textContent = title(n);
      if (data.tracks[n].language) name.lang = data.tracks[n].language;
      const by = document.createElement("span");
      by.className = "artist";
      by.textContent = about(n) ? ` · ${about(n)}` : "";
      item.append(name, by);
      item.addEventListener("click", () => choose(n, true));
      return item;
    }));
    if (rows.length > MOST_LISTED) {
      const more = document.createElement("li");
      more.className = "more";
      more.role = "presentation";
      more.textContent = `and ${rows.length - MOST_LISTED} more: search for them`;
      list.append(more);
    }
    mark();
  }

  function mark() {
    for (const item of list.children) item.setAttribute("aria-selected", item.id === `map-item-${state.chosen}`);
    const here = at(`map-item-${state.chosen}`);
    if (here) {
      list.setAttribute("aria-activedescendant", here.id);
      list.scrollTop = Math.max(0, here.offsetTop - list.offsetTop - list.clientHeight / 2);
    } else list.removeAttribute("aria-activedescendant");
  }

  function play(n) {
    if (!data.tracks[n].heard) return;
    audio.src = `figures/previews/${encodeURIComponent(data.tracks[n].id)}.mp3`;
    audio.play().catch(() => {}); // the controls stay for who must ask the browser first
  }

  function choose(n, heard) {
    state.chosen = n;
    at("map-track").hidden = false;
    at("map-title").textContent = title(n);
    at("map-title").lang = data.tracks[n].language || "";
    at("map-about").textContent = [about(n), `cluster ${model().clusters[n] || "–"}`].join(" · ");
    audio.hidden = !data.tracks[n].heard;
    at("map-near").replaceChildren(...model().neighbours[n].map((other) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.className = data.tracks[other].heard ? "play-near" : "";
      button.textContent = `${data.tracks[other].heard ? "▶ " : ""}${title(other)}`;
      button.lang = data.tracks[other].language || "";
      button.setAttribute("aria-label", `Play ${title(other)}, ${about(other)}`);
      button.addEventListener("click", () => choose(other, true));
      item.append(button);
      return item;
    }));
    if (heard) play(n);
    mark();
    draw();
  }

  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const place = state.listed.indexOf(state.chosen);
    if (step) {
      const next = state.listed[Math.min(Math.max(place + step, 0), state.listed.length - 1)];
      if (next !== undefined) choose(next, false);
    } else if ((event.key === "Enter" || event.key === " ") && state.chosen !== null) play(state.chosen);
    else return;
    event.preventDefault();
  });

  // --- the controls -----------------------------------------------------------------------------------------------------

  function planes() {
    const ways = Object.entries(model().planes).map(([way, told]) => [way, told.called]);
    if (!ways.some(([way]) => way === state.plane)) state.plane = ways[0][0];
    options(at("map-plane"), ways, state.plane);
  }

  const again = () => { write(); draw(); };
  options(at("map-model"), Object.keys(data.models).map((name) => [name, `${name}: ${data.models[name].family}`]), state.model);
  options(at("map-colour"), ["cluster", ...Object.keys(data.columns)].map((name) => [name, name.replaceAll("_", " ")]), "cluster");
  at("map-model").addEventListener("change", (event) => {
    state.model = event.target.value;
    planes();
    if (state.chosen !== null && plane().places[state.chosen]) choose(state.chosen, false);
    again();
  });
  at("map-plane").addEventListener("change", (event) => { state.plane = event.target.value; again(); });
  at("map-colour").addEventListener("change", (event) => { state.colour = event.target.value; draw(); });
  at("map-search").addEventListener("input", (event) => { state.search = event.target.value; again(); });
  document.querySelector("#explorer .controls").addEventListener("submit", (event) => event.preventDefault());
  new MutationObserver(draw).observe(document.body, { attributes: true, attributeFilter: ["class"] });

  planes();
  write();
  draw().then(() => {
    plot.on("plotly_click", (event) => choose(event.points[0].customdata, true));
    plot.dataset.ready = "yes"; // what the tests wait for
  });
})();
