"""Map: the data of the page's script, as JSON inside the page, since a page on a disk may not fetch files."""

import json

from markupsafe import Markup

from pipeline.html import languages
from pipeline.html.html import Cell, Line, Table, code, number_cell, table
from pipeline.html.outputs import Empty, Outputs
from pipeline.html.templates import render


def explorer(out: Outputs) -> Markup:
    """The map with its controls; the script fills it."""
    content = out("figures/map.json").value
    if not content["models"]:
        raise Empty("No model of `figures.map_models` could be mapped: `dvc repro figures` says why")
    values = {track["language"] for track in content["tracks"].values()}
    values |= {track["values"].get("language", "") for track in content["tracks"].values()}
    named = {value: {"name": languages.named(value), "tag": languages.tag(value)} for value in sorted(values - {""})}
    text = json.dumps(content | {"languages": named}, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for letter in "<`":  # which could end the script, or the block of HTML in the page
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return render("explorer", data=Markup(text))


def trust(out: Outputs) -> Markup:
    """The trustworthiness of every plane, as a table for readers without a script."""
    models = out("figures/map.json")["models"]
    if not models.keys:
        raise Empty
    labels = {
        plane: models[name]["planes"][plane]["label"].text
        for name in models.keys
        for plane in models[name]["planes"].keys
    }
    lines = [
        Line(
            Cell(code(name), name),
            [number_cell(models[name]["planes"][plane]["trustworthiness"]) for plane in labels],
        )
        for name in models.keys
    ]
    return table(Table("Trustworthiness of the maps", ["model", *labels.values()], lines))
