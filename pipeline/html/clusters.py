"""Clusters: a card each."""

from collections import Counter
from collections.abc import Mapping
from html import escape
from urllib.parse import quote

from markupsafe import Markup

from pipeline.html.html import number, tabs
from pipeline.html.outputs import Missing, Outputs, Part

SHOWN = 4  # values of a label that are named under its bar
COLOURS = 7
NONE = "<p>No cluster was found here.</p>"
Colours = Mapping[str, Mapping[str, int]]  # label -> value -> which colour, the same on all cards
LANGUAGES = {"bn": "Bangla", "en": "English"}


def cards(out: Outputs) -> Markup:
    """The cards of each model of the map, a tab a model."""
    told = out("figures/clusters.json")
    heard = {part.text for part in told["heard"]}
    sheets = {}
    for name in told["models"].keys:
        paint = colours(told["models"][name])
        found = "\n".join(_card(out, name, card, heard, paint) for card in told["models"][name])
        sheets[name] = Markup(f'<div class="cards">\n{found or NONE}\n</div>')
    if not sheets:
        raise Missing("None of `figures.map_models` has clusters: name a trained one and run `dvc repro figures`")
    return tabs("cards", sheets)


def _card(out: Outputs, name: str, card: Part, heard: set[str], paint: Colours) -> str:
    labels = "".join(_bar(label, card["labels"][label], paint[label]) for label in card["labels"].keys)
    title = f"Cluster {escape(card['cluster'].text)}"
    played = "".join(f"<li>{_track(track, heard)}</li>" for track in card["exemplars"])
    return (
        f'<article class="cluster" aria-label="{title}"><header><h3>{title}</h3>'
        f"<p>{number(card['size'], 0)} tracks{_stability(out, name, card)}</p></header>"
        f'<p class="sound">{_sound(card)}</p>{labels}{_terms(card)}'
        f'<h4>To hear it</h4><ul class="tracks">{played}</ul></article>'
    )


def _stability(out: Outputs, name: str, card: Part) -> str:
    """How much of the cluster comes back when a part of the tracks is left out."""
    try:
        row = out("stability.csv").first(representation=name, cluster=card["cluster"].text)
    except Missing:
        return ""
    if row is None or row["jaccard"].number is None:
        return ""
    word = "stable" if row["jaccard"].number >= 0.75 else "wavering" if row["jaccard"].number >= 0.5 else "unstable"
    return f' · <span title="Jaccard, mean over subsamples">{word}, {number(row["jaccard"])}</span>'


def _sound(card: Part) -> str:
    """What it is more than the corpus, in words."""
    words = [f"{escape(one[0].text)} ({number(one[1], 1, signed=True)})" for one in card["sound"]]
    return f"Beside the corpus: {', '.join(words)}." if words else "Sounds like the corpus as a whole."


def colours(cards: Part) -> Colours:
    """The commonest values of a label have a colour of their own."""
    counts: dict[str, Counter[str]] = {}
    for card in cards:
        for label in card["labels"].keys:
            for one in card["labels"][label]:
                counts.setdefault(label, Counter())[one[0].text] += int(one[1].number or 0)
    return {
        label: {value: place for place, (value, _) in enumerate(known.most_common(COLOURS), start=1)}
        for label, known in counts.items()
    }


def _bar(label: str, counts: Part, paint: Mapping[str, int]) -> str:
    """The shares of a label as a bar, the commonest named."""
    ordered = sorted(counts, key=lambda one: paint.get(one[0].text, COLOURS + 1))
    parts = [
        f'<span class="share share-{paint.get(one[0].text, "rest")}" style="flex-grow:{one[1].number or 0:g}"></span>'
        for one in ordered
    ]
    named = [
        f'<span class="key key-{paint.get(one[0].text, "rest")}">'
        f"{_value(label, one[0].text)} {number(one[1], 0)}</span>"
        for one in list(counts)[:SHOWN]
    ]
    left = sum(one[1].number or 0 for one in list(counts)[SHOWN:])
    named += [f"others {left:g}"] if left else []
    return (
        f'<div class="label"><h4>{escape(label)}</h4><div class="shares" aria-hidden="true">{"".join(parts)}</div>'
        f"<p>{' '.join(named)}</p></div>"
    )


def _value(label: str, value: str) -> str:
    return escape(LANGUAGES.get(value, value) if label == "language" else value)


def _terms(card: Part) -> str:
    lines = []
    for language in card["terms"].keys:
        words = [escape(word.text) for word in card["terms"][language]]
        if words:
            lines.append(
                f'<dt>{_value("language", language)}</dt><dd lang="{escape(language)}">{", ".join(words)}</dd>'
            )
    return f"<h4>Words it has more of</h4><dl>{''.join(lines)}</dl>" if lines else ""


def _track(track: Part, heard: set[str]) -> str:
    """A track, and a link to its preview, which the page's script makes a play button."""
    id_ = track["id"].text
    lang = f' lang="{escape(track["language"].text)}"' if track["language"].text else ""
    named = f"<span{lang}>{escape(track['title'].text or id_)}</span>"
    artist = f' <span class="artist">{escape(track["artist"].text)}</span>' if track["artist"].text else ""
    if id_ not in heard:
        return f"{named}{artist}"
    return f'<a class="play" href="figures/previews/{quote(id_)}.mp3">{named}</a>{artist}'
