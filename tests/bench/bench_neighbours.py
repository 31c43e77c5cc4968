"""How good and how quick the neighbours in another language are.

A script, not a test: `PYTHONPATH=. python tests/bench/bench_neighbours.py` in the folder of a project. It prints the
share of the ten nearest songs in another language (precision@10) that have the theme (words) or the genre (sound) of
the asking song, with 95 % intervals of a bootstrap over the asking artists: with the language taken out (bert_free_svd,
which `neighbours` uses, and hard_words), left in (bert_svd, bert) and in a random order; and how unevenly songs are
listed (hubness, the skewness of how often each is a neighbour). Songs of the same artist are left out. Then differences
with their intervals, and the time of a question in a library of 50,000 made-up songs.
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
PAIRS = (
    ("theme", "bert_free_svd", "bert_svd"),
    ("theme", "bert_free_svd", "hard_words"),
    ("theme", "hard_words", "bert_svd"),
    ("genre", "sound + words", "hard"),
    ("theme", "sound + words", "hard"),
)


def spaces(songs: Library) -> Iterator[tuple[str, str, Array]]:
    """Label, name, points."""
    build, ids = store.BUILD, songs.ids
    named = {
        "theme": (("lyrics", "bert_free_svd"), ("hard", "hard_words"), ("lyrics", "bert_svd"), ("hard", "hard")),
        "genre": (("crossview", "cross"), ("hard", "hard_sound"), ("hard", "hard")),
    }
    for label, embeddings in named.items():
        for folder, name in embeddings:
            if (build / folder / f"{name}.npy").exists():
                values = np.asarray(store.read_rows(build / folder, name).at(ids)[name], np.float64)
                points = values[:, 0] if values.ndim == 3 else values
                points[~points.any(axis=1)] = np.nan  # no lyrics
                yield label, name, points
        if "both" in songs.facets:
            yield label, "sound + words", songs.comparison("both").points
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


def hits(near: dict[int, Array], label: Array) -> dict[int, float]:
    """The share of the neighbours that have the label of the asking song."""
    return {row: float((label[rows] == label[row]).mean()) for row, rows in near.items() if label[row]}


def interval(values: dict[int, float], artist: Array) -> tuple[float, float, float]:
    """The mean over the songs, and its interval."""
    rows, each = np.array(list(values)), np.array(list(values.values()))
    artists = np.unique(artist[rows])
    sums = np.array([each[artist[rows] == name].sum() for name in artists])
    counts = np.array([(artist[rows] == name).sum() for name in artists])
    drawn = np.random.default_rng(1).integers(0, len(artists), (DRAWS, len(artists)))
    low, high = np.quantile(sums[drawn].sum(1) / counts[drawn].sum(1), [0.025, 0.975])
    return float(each.mean()), float(low), float(high)


def quality(songs: Library) -> None:
    artist = np.array([name or id_ for name, id_ in zip(songs.column("artist"), songs.ids, strict=True)], dtype=object)
    known: dict[tuple[str, str, bool], dict[int, float]] = {}
    for label, name, points in spaces(songs):
        values = np.array(songs.column(label), dtype=object)
        if not values.astype(bool).any():
            continue
        for scaled in (False, True):
            near = lists(points, songs.languages, artist, scaled=scaled)
            known[label, name, scaled] = hits(near, values)
            mean, low, high = interval(known[label, name, scaled], artist)
            uneven = float(skew(np.bincount(np.concatenate(list(near.values())), minlength=len(songs))))
            how = "scaled" if scaled else "plain"
            print(
                f"{label:6} {name:13} {how:7} precision@10 {mean:.2f} ({low:.2f} to {high:.2f})  hubness {uneven:.2f}"
            )
    for label, first, second in PAIRS:
        if (label, first, True) in known and (label, second, True) in known:
            one_by_one, rest = known[label, first, True], known[label, second, True]
            gains = {row: one_by_one[row] - rest[row] for row in one_by_one.keys() & rest.keys()}
            mean, low, high = interval(gains, artist)
            print(f"{label:6} {first} less {second}, scaled: {mean:+.3f} ({low:+.3f} to {high:+.3f})")


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
