"""How good and how quick the neighbours in another language are.

A script, not a test: `PYTHONPATH=. python tests/bench/bench_neighbours.py` in the folder of a project. It prints the
share of the ten nearest songs in another language that have the theme (words) or the genre (sound) of the asking song,
with 95 % intervals of a bootstrap over the asking artists: with the language taken out (hard_words, bert_free), left in
(bert) and in a random order; and how unevenly songs are listed (skewness of how often each is a neighbour, hubness).
Songs of the same artist are left out. Then the time of a question in a library of 50,000 made-up songs.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.stats import skew

from pipeline.core import store
from pipeline.core.store import Array
from pipeline.library import Library, relatives
from pipeline.library.distances import distances

MANY, DRAWS, LARGE = 10, 2_000, 50_000
RANDOM = "random order"


def spaces(ids: tuple[str, ...]) -> Iterator[tuple[str, str, Array]]:
    """Label, name, points."""
    build = store.BUILD
    named = {
        "theme": (("hard", "hard_words"), ("lyrics", "bert_free"), ("lyrics", "bert")),
        "genre": (("crossview", "cross"), ("hard", "hard_sound"), ("hard", "hard")),
    }
    for label, embeddings in named.items():
        for folder, name in embeddings:
            if (build / folder / f"{name}.npy").exists():
                values = np.asarray(store.read_rows(build / folder, name).at(ids)[name], np.float64)
                points = values[:, 0] if values.ndim == 3 else values
                points[~points.any(axis=1)] = np.nan  # no lyrics
                yield label, name, points
        yield label, RANDOM, np.random.default_rng(0).standard_normal((len(ids), 16))


def lists(points: Array, language: Array, artist: Array, *, scaled: bool) -> dict[int, Array]:
    """The rows of the neighbours of each song that has a place."""
    known = np.isfinite(points).all(axis=1)
    near = {}
    for row in np.flatnonzero(known & (language != "")).tolist():
        allowed = known & (language != language[row]) & (language != "") & (artist != artist[row])
        if allowed.sum() < MANY:
            continue
        if scaled:
            reference = known & (language == language[row])
            near[row] = relatives.relatives(points[row], points, allowed, reference, MANY, row).rows
        else:
            rows = np.flatnonzero(allowed)
            near[row] = rows[np.argsort(distances(points[row][None], points[rows])[0], kind="stable")[:MANY]]
    return near


def precision(near: dict[int, Array], label: Array, artist: Array) -> tuple[float, float, float, float]:
    """The mean over the songs, its interval, and the skewness of how often a song is listed."""
    asked = np.array([row for row in near if label[row]])
    hits = np.array([(label[near[row]] == label[row]).mean() for row in asked])
    artists = np.unique(artist[asked])
    by_artist = [hits[artist[asked] == name] for name in artists]
    sums, counts = np.array([each.sum() for each in by_artist]), np.array([len(each) for each in by_artist])
    drawn = np.random.default_rng(1).integers(0, len(artists), (DRAWS, len(artists)))
    means = sums[drawn].sum(1) / counts[drawn].sum(1)
    times = np.bincount(np.concatenate(list(near.values())), minlength=len(label))
    return float(hits.mean()), *np.quantile(means, [0.025, 0.975]), float(skew(times))


def quality(songs: Library) -> None:
    artist = np.array([name or id_ for name, id_ in zip(songs.column("artist"), songs.ids, strict=True)], dtype=object)
    for label, name, points in spaces(songs.ids):
        values = np.array(songs.column(label), dtype=object)
        if not values.astype(bool).any():
            continue
        for scaled in (False, True):
            mean, low, high, uneven = precision(lists(points, songs.languages, artist, scaled=scaled), values, artist)
            how = "scaled" if scaled else "plain"
            print(
                f"{label:6} {name:13} {how:7} precision@10 {mean:.2f} ({low:.2f} to {high:.2f})  hubness {uneven:.2f}"
            )


def speed() -> None:
    rng = np.random.default_rng(0)
    points = (rng.standard_normal((60, 16))[rng.integers(0, 60, LARGE)] * 3 + rng.standard_normal((LARGE, 16))).astype(
        np.float32
    )
    language = rng.integers(0, 2, LARGE)
    spent = []
    for row in range(10):
        start = time.perf_counter()
        near = relatives.relatives(points[row], points, language != language[row], language == language[row], MANY, row)
        spent.append(time.perf_counter() - start)
        assert len(near.rows) == MANY
    print(f"{LARGE} songs: {np.median(spent):.2f} s a question (the slowest of ten {max(spent):.2f} s)")


if __name__ == "__main__":
    if Path("params.yaml").exists():
        quality(Library.open())
    speed()
