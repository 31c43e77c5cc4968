"""The model card of models/NAME: what it is, what it was trained on, how to load it, and its limits."""

from collections.abc import Mapping
from typing import Any

from pipeline.nets.fit import ACTIVE

CARD = """# {name}: {family}

{role} of the pipeline. It turns a track into {latent} numbers. These are the weights of seed {seed}; the embeddings
of all seeds ({seeds}) are in build/.

## Training data

{tracks} tracks of data/tracks.csv. Sound: {input}. Lyrics: {lyrics}. {labels}

## Training

{epochs} epochs in batches of at most {batch} rows, highest learning rate {rate:g}{beta}. {units}

## Load

```python
from pathlib import Path
from pipeline.learn.keep import load_model

net = load_model(Path("models/{name}"))
```

{embed}

## Use and limits

It places the tracks of this collection so that similar ones are near each other. It predicts no label. How well its
clusters agree with each label, and with which baselines it was compared, is in reports/. Nobody has tested it on
another collection: train it again there. The weights are in half precision, as the embeddings assume.
"""
VIEWS = "`means` are the mean segment statistics of each track"
EMBED = {
    "vae": "`embed(net, standardised(net, songs))` of pipeline/nets/fit.py gives one row per track; songs come from\n"
    "`corpus` in pipeline/learn/songs.py.",
    "cross_view": f"`embed(net, standardised(net, view_songs(means)))` gives one row per track; {VIEWS},\n"
    "`view_songs` is in pipeline/nets/crossview.py.",
    "contrast": f'`net(net.scales["audio"](means))` gives one row per track; {VIEWS}.',
}


def card(name: str, config: Mapping[str, Any]) -> str:
    """README.md of a trained model, from its config.json."""
    recipe, condition = config["recipe"], config.get("condition", "none")
    labels = "No label was used."
    if condition != "none":
        labels = f"The network is given the column `{condition}` as its condition; no other label was used."
    active = config.get("active_units")
    return CARD.format(
        name=name,
        family=config["family"],
        role=str(config["role"]).capitalize(),
        latent=config["arguments"]["latent"],
        seed=config["weights_of_seed"],
        seeds=", ".join(map(str, config["seeds"])),
        tracks=config["tracks"],
        input=config["input"],
        lyrics=config.get("lyrics", "none"),
        labels=labels,
        epochs=recipe["epochs"],
        batch=recipe["batch"],
        rate=recipe["rate"],
        beta=f", beta {config['beta']:g}" if "beta" in config else "",
        units=f"Active units of the seeds, those of at least {ACTIVE:g} nat per segment: {', '.join(map(str, active))}."
        if active
        else "Active units are not defined.",
        embed=EMBED.get(config["builder"], EMBED["vae"]),
    )


def untrained_card(name: str, reason: str) -> str:
    return f"# {name}\n\nThis model is not trained: {reason}.\n"
