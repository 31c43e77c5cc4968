"""Map: what the page's script draws, as JSON inside the page, since a page on a disk may not fetch files."""

import json

from markupsafe import Markup

from pipeline.html.html import Cell, Line, Table, code, number_cell, table
from pipeline.html.outputs import Missing, Outputs


def explorer(out: Outputs) -> Markup:
    """The map with its controls; the script fills it."""
    drawn = out("figures/map.json").value
    if not drawn["models"]:
        raise Missing(
            "No model of `figures.map_models` could be mapped: name a trained one and run `dvc repro figures`"
        )
    text = json.dumps(drawn, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for letter in "<`":  # which could end the script, or the block of HTML in the page
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(PAGE.format(data=text))


def trust(out: Outputs) -> Markup:
    """The same in words for who reads without a script: the trustworthiness of every plane."""
    models = out("figures/map.json")["models"]
    ways = list(dict.fromkeys(way for name in models.keys for way in models[name]["planes"].keys))
    called = [models[models.keys[0]]["planes"][way]["called"].text for way in ways]
    lines = [
        Line(
            Cell(code(name), name),
            [number_cell(models[name]["planes"][way]["trustworthiness"]) for way in ways],
        )
        for name in models.keys
    ]
    return table(Table("Trustworthiness of the maps", ["model", *called], lines))


PAGE = """<div id="explorer" class="explorer">
<noscript><p>The map needs JavaScript, from this site alone.</p></noscript>
<form class="controls" aria-label="What the map shows">
<label>Model <select id="map-model"></select></label>
<label>Projection <select id="map-plane"></select></label>
<label>Colour <select id="map-colour"></select></label>
<label class="search">Search
<input id="map-search" type="search" placeholder="title, artist or language" autocomplete="off"></label>
</form>
<p id="map-trust" class="note" aria-live="polite"></p>
<div class="board">
<div id="map-plot" role="img" aria-label="Map of the tracks; the list of tracks beside it holds the same"></div>
<div class="side">
<h2 id="map-found">Tracks</h2>
<ul id="map-list" role="listbox" tabindex="0" aria-labelledby="map-found"></ul>
<section id="map-track" aria-live="polite" hidden>
<h3 id="map-title">Track</h3>
<p id="map-about"></p>
<audio id="map-audio" controls preload="none"></audio>
<h4 id="map-near-title">Nearest in the latent space</h4>
<ol id="map-near" aria-labelledby="map-near-title"></ol>
</section>
</div>
</div>
</div>
<script type="application/json" id="map-data">{data}</script>
<script src="shipped/plotly.min.js"></script>
<script src="assets/map.js"></script>"""
