// The map: Plotly draws what this file gives it; every track is also in a list that the keyboard walks through.
// A track is its id here: tracks, clusters, neighbours and places are records by id.
(() => {
  const data = JSON.parse(document.getElementById("map-data").textContent);
  const at = (id) => document.getElementById(id);
  const [plot, list, audio] = [at("map-plot"), at("map-list"), at("map-audio")];
  const MOST_COLOURS = 7, MOST_LISTED = 300, MANY = 1500;
  const SYMBOLS = ["circle", "square", "triangle-up", "diamond", "cross", "x", "star"];
  const state = { model: Object.keys(data.models)[0], plane: "", colour: "cluster", search: "", chosen: null, listed: [] };

  const model = () => data.models[state.model];
  const plane = () => model().planes[state.plane];
  const ids = Object.keys(data.tracks);
  const placed = () => ids.filter((id) => plane().places[id]);
  const title = (id) => data.tracks[id].title || id;
  const spoken = (value) => data.languages[value] || { name: value, tag: "" };
  const language = (id) => spoken(data.tracks[id].language).name;
  const tag = (id) => spoken(data.tracks[id].language).tag; // for the attribute lang
  const heard = (id) => (data.tracks[id].tags || []).map(([name, share]) => `${name} ${Math.round(100 * share)} %`).join(", ");
  const about = (id) => [data.tracks[id].artist, language(id)].filter(Boolean).join(" · ");
  const safe = (text) => text.replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c]);
  const css = (name) => getComputedStyle(document.body).getPropertyValue(name).trim();

  function options(select, pairs, chosen) {
    select.replaceChildren(...pairs.map(([value, text]) => new Option(text, value, value === chosen, value === chosen)));
  }

  const value = (id) => (state.colour === "cluster" ? model().clusters[id] : data.tracks[id].values[state.colour]);
  const named = (value) => (value === "" ? "unknown" : state.colour === "language" ? spoken(value).name : value);

  // The ids of the tracks that hold every word of the search.
  function matches() {
    const words = state.search.toLocaleLowerCase().normalize("NFC").split(/\s+/).filter(Boolean);
    return new Set(ids.filter((id) => {
      const track = data.tracks[id];
      const text = `${id} ${track.title} ${track.artist} ${track.language} ${language(id)}`.toLocaleLowerCase().normalize("NFC");
      return words.every((word) => text.includes(word));
    }));
  }

  // --- the plot ---------------------------------------------------------------------------------------------------------

  function groups(shown) {
    const counts = new Map();
    for (const id of shown) counts.set(value(id), (counts.get(value(id)) || 0) + 1);
    const ranked = [...counts.keys()].filter((name) => name !== "").sort((a, b) => counts.get(b) - counts.get(a) || a.localeCompare(b));
    const coloured = ranked.slice(0, ranked.length <= MOST_COLOURS ? MOST_COLOURS : MOST_COLOURS - 1);
    coloured.sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
    const all = coloured.map((name, place) => ({ name: named(name), colour: css(`--c${place + 1}`), symbol: SYMBOLS[place],
      ids: shown.filter((id) => value(id) === name) }));
    const rest = shown.filter((id) => value(id) !== "" && !coloured.includes(value(id)));
    const unknown = shown.filter((id) => value(id) === "");
    if (rest.length) all.push({ name: `other (${ranked.length - coloured.length})`, colour: css("--rest"), symbol: "circle-open", ids: rest });
    if (unknown.length) all.push({ name: "unknown", colour: css("--rest"), symbol: "x-thin-open", ids: unknown });
    return all;
  }

  function points(shown, more) {
    const places = plane().places;
    return { type: ids.length > MANY ? "scattergl" : "scatter", mode: "markers", x: shown.map((id) => places[id][0]),
      y: shown.map((id) => places[id][1]), customdata: shown, hovertemplate: "%{text}<extra></extra>",
      text: shown.map((id) => `<b>${safe(title(id))}</b><br>${safe(about(id))}<br>${safe(state.colour)}: ${safe(named(value(id)))}` +
        (heard(id) ? `<br>${safe(data.tagger)} hears: ${safe(heard(id))}` : "")), ...more };
  }

  function traces() {
    const shown = placed(), hits = matches();
    const size = shown.length > 600 ? 6 : 10;
    const opacity = (group) => group.map((id) => (hits.has(id) ? 0.92 : 0.1));
    const known = shown.filter((id) => value(id) !== "");
    const numbers = known.every((id) => Number.isFinite(Number(value(id)))) && new Set(known.map(value)).size > MOST_COLOURS;
    const drawn = numbers && state.colour !== "cluster"
      ? [points(known, { name: state.colour, showlegend: false, marker: { color: known.map((id) => Number(value(id))), colorscale: "Cividis",
          showscale: true, size, opacity: opacity(known), colorbar: { title: { text: state.colour }, thickness: 12, outlinewidth: 0 } } })]
      : groups(shown).map((group) => points(group.ids, { name: group.name, marker: { color: group.colour, symbol: group.symbol, size,
          opacity: opacity(group.ids), line: { width: 0.6, color: css("--soft") } } }));
    if (state.chosen !== null && plane().places[state.chosen]) {
      const ring = (group, width, wide) => points(group, { showlegend: false, hoverinfo: "skip", hovertemplate: undefined,
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
      (model().condition === "none" ? "" : `, gets the ${model().condition} as input`) +
      `. ${plane().label}: trustworthiness ${trust === null ? "–" : trust.toFixed(3)} (${plane().neighbours} neighbours).`;
    return Plotly.react(plot, traces(), layout, config);
  }

  // --- the list and the chosen track ------------------------------------------------------------------------------------

  function write() {
    const hits = matches();
    const rows = placed().filter((id) => hits.has(id));
    state.listed = rows.slice(0, MOST_LISTED);
    at("map-found").textContent = `${rows.length} tracks`;
    list.replaceChildren(...state.listed.map((id) => {
      const item = document.createElement("li");
      item.id = `map-item-${ids.indexOf(id)}`;
      item.role = "option";
      item.dataset.track = id;
      const name = document.createElement("span");
      name.textContent = title(id);
      if (tag(id)) name.lang = tag(id);
      name.dir = "auto";
      const by = document.createElement("span");
      by.className = "artist";
      by.textContent = about(id) ? ` · ${about(id)}` : "";
      item.append(name, by);
      item.addEventListener("click", () => choose(id, true));
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
    const items = [...list.children].filter((item) => item.dataset.track !== undefined);
    for (const item of items) item.setAttribute("aria-selected", item.dataset.track === state.chosen);
    const selected = items.find((item) => item.dataset.track === state.chosen);
    if (selected) {
      list.setAttribute("aria-activedescendant", selected.id);
      list.scrollTop = Math.max(0, selected.offsetTop - list.offsetTop - list.clientHeight / 2);
    } else list.removeAttribute("aria-activedescendant");
  }

  function play(id) {
    if (!data.tracks[id].preview) return;
    audio.src = `figures/previews/${encodeURIComponent(id)}.mp3`;
    audio.play().catch(() => {}); // the controls stay for readers whose browser asks first
  }

  function choose(id, aloud) {
    state.chosen = id;
    const track = data.tracks[id];
    at("map-track").hidden = false;
    at("map-title").textContent = title(id);
    at("map-title").lang = tag(id);
    at("map-title").dir = "auto";
    at("map-about").textContent = [about(id), `cluster ${model().clusters[id] || "–"}`].join(" · ");
    at("map-tags").hidden = !heard(id);
    at("map-tags").textContent = heard(id) ? `${data.tagger} hears: ${heard(id)}` : "";
    audio.hidden = !track.preview;
    at("map-near").replaceChildren(...(model().neighbours[id] || []).map((near) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.className = data.tracks[near].preview ? "play-near" : "";
      button.textContent = `${data.tracks[near].preview ? "▶ " : ""}${title(near)}`;
      button.lang = tag(near);
      button.dir = "auto";
      button.setAttribute("aria-label", `Play ${title(near)}, ${about(near)}`);
      button.addEventListener("click", () => choose(near, true));
      item.append(button);
      return item;
    }));
    if (aloud) play(id);
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
    const pairs = Object.entries(model().planes).map(([name, projection]) => [name, projection.label]);
    if (!pairs.some(([name]) => name === state.plane)) state.plane = pairs[0][0];
    options(at("map-plane"), pairs, state.plane);
  }

  const refresh = () => { write(); draw(); };
  options(at("map-model"), Object.keys(data.models).map((name) => [name, `${name}: ${data.models[name].family}`]), state.model);
  options(at("map-colour"), ["cluster", ...data.columns].map((name) => [name, name.replaceAll("_", " ")]), "cluster");
  at("map-model").addEventListener("change", (event) => {
    state.model = event.target.value;
    planes();
    if (state.chosen !== null && plane().places[state.chosen]) choose(state.chosen, false);
    refresh();
  });
  at("map-plane").addEventListener("change", (event) => { state.plane = event.target.value; refresh(); });
  at("map-colour").addEventListener("change", (event) => { state.colour = event.target.value; draw(); });
  at("map-search").addEventListener("input", (event) => { state.search = event.target.value; refresh(); });
  document.querySelector("#explorer .controls").addEventListener("submit", (event) => event.preventDefault());
  new MutationObserver(draw).observe(document.body, { attributes: true, attributeFilter: ["class"] });

  planes();
  write();
  draw().then(() => {
    plot.on("plotly_click", (event) => choose(event.points[0].customdata, true));
    plot.dataset.ready = "yes"; // what the tests wait for
  });
})();
