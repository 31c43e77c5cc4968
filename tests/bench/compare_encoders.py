"""Which ears and which words group songs best: the measurements behind audio.hears, audio.musicnn, lyrics.language.

A script, not a test: `PYTHONPATH=. python tests/bench/compare_encoders.py FOLDER... [--replicates FOLDER...] [--cross]`
reads folders like data/; `python -m pipeline.sample --seed N --out FOLDER` writes replicates of the sample. It prints a
Markdown table per score: a row per representation, a column per corpus, one for all replicates. Labels are read for
scoring alone; scores named label-free read none. --cross trains model `cross` as well. 4 CPU-minutes per 180 songs.
"""

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.decomposition import PCA

from pipeline import audio, crossview
from pipeline.core import cache, params, workers
from pipeline.core.store import Array
from pipeline.learn import linear
from pipeline.nets.crossview import FirstStage, two_stages, view_songs
from pipeline.nets.fit import embed
from pipeline.nets.views import Segments
from pipeline.score import heldout, jackknife, neighbours, stability
from pipeline.score.agreement import agreements
from pipeline.score.kmeans import kmeans
from pipeline.score.verdicts import GROUPS, groups
from pipeline.sound import features, waves
from pipeline.sound.musicnn import Musicnn
from pipeline.sound.settings import Audio
from pipeline.text import centre, clean, e5, language

DIMS, SEEDS, CROSS_SEEDS = 16, range(5), range(2)
WAYS: tuple[centre.Way, ...] = ("keep", "mean", "cov")
LABEL_IN = {"sound": ("instrument", "genre"), "words": ("theme", "genre")}  # the first column that the table has
LARGE = 0.25  # of the tracks: nobody with more of them is left out as an artist, for example a poet whom all sing
SPACES = {"": 0.0, ", metric .3": 0.3, ", track-LDA": 1.0}  # power of the metric, before PCA
LAYERS = {"": "vectors", " tags": "tags", " pooled": "pooled"}
EARS: dict[str, tuple[str, ...]] = {
    "stats": ("stats",), "msd": ("msd",), "msd and stats": ("stats", "msd"),
    "mtt": ("mtt",), "mtt and stats": ("stats", "mtt"),
}  # fmt: skip
LAYERED = {f"{name}{layer}": (f"{name}{layer}",) for name in ("msd", "mtt") for layer in LAYERS if layer}

Score = tuple[float | None, float | None, float | None]  # the mean, and its 95 % interval over artists
Cells = dict[tuple[str, str], Score]  # of one corpus, by the names of score and representation


@dataclass(frozen=True)
class Songs:
    """A corpus: its table, what each segment is to each ear, and what the lyrics say."""

    tracks: pd.DataFrame
    valid: Array  # [track, segment]
    sounds: Mapping[str, Array]  # [track, segment, number]
    has_lyrics: Array
    words: Mapping[centre.Way, Array]  # [track with lyrics, number], by lyrics.language
    halves: Mapping[centre.Way, Array]  # the same for first halves of lyrics, and below them second ones

    def column(self, kind: str) -> Array:
        """The label that is in the sound or the words, or a column by its name."""
        name = next(name for name in LABEL_IN.get(kind, (kind,)) if name in self.tracks)
        return self.tracks[name].to_numpy(dtype=object)


def read(folder: Path, p: Audio) -> Songs:
    tracks = pd.read_csv(folder / "tracks.csv", dtype=str, keep_default_na=False)
    files = features.sound_files([folder / path for path in tracks["audio"]])
    tables = list(features.all_features(files, p, cache.Cache("audio", cache.place())))
    whole = [track for track in tables if isinstance(track, features.Features)]
    if len(whole) < len(tables):
        raise SystemExit(f"{folder}: {len(tables) - len(whole)} tracks cannot be decoded: take them out")
    sounds = {"stats": np.stack([track.stats for track in whole])}
    for name, encoder in {"msd": Musicnn("msd"), "mtt": Musicnn("mtt")}.items():
        heard = [hear(file, encoder, p) for file in files]
        for layer, key in LAYERS.items():
            rows = [track[key][: p.segments] for track in heard]
            sounds[f"{name}{layer}"] = np.stack([np.pad(row, ((0, p.segments - len(row)), (0, 0))) for row in rows])
    has_lyrics = (tracks["lyrics"] != "").to_numpy()
    texts = [clean.read((folder / file).read_bytes()).words for file in tracks["lyrics"][has_lyrics]]
    lines = [text.splitlines() for text in texts]
    split = [text[: len(text) // 2] for text in lines] + [text[len(text) // 2 :] for text in lines]
    _, shares = centre.table([language.of_track(text) for text in texts])
    words = {way: reduced(centre.freed(e5.vectors(texts), shares, way)) for way in WAYS}
    parts, twice = e5.vectors(["\n".join(half) for half in split]), np.vstack([shares, shares])
    halves = {way: reduced(centre.freed(parts, twice, way)) for way in WAYS}
    return Songs(tracks, np.stack([track.valid for track in whole]), sounds, has_lyrics, words, halves)


def hear(file: features.SoundFile, encoder: Musicnn, p: Audio) -> cache.Arrays:
    """What the encoder hears in the clip, from the cache where it is there."""
    kept = cache.Cache("compare", cache.place())
    key = cache.key(file=file.sha256, encoder=encoder.identity, seconds=p.clip_seconds)
    if (heard := kept.get(key)) is None:
        heard = vars(encoder.hear(waves.middle(file.path, p.clip_seconds, encoder.rate)))
        kept.put(key, heard)
    return heard


def reduced(points: Array) -> Array:
    return linear.pca(points.astype(np.float64), DIMS, seed=0)


def in_metric(songs: Songs, kinds: tuple[str, ...], power: float) -> Array:
    """The segments, as stage ears gives them to the models, in the metric of stage crossview."""
    values = np.concatenate([songs.sounds[kind] for kind in kinds], axis=2)
    return linear.suppression(values, songs.valid, power)(values)


def views(values: Array, valid: Array) -> tuple[Array, Array, Array]:
    """PCA of the tracks, and of their first and second halves in the same directions."""
    first = valid & (valid.cumsum(1) <= valid.sum(1, keepdims=True) // 2)
    whole, rows = linear.track_means(values, valid), linear.halvable(valid)
    reducer = PCA(min(DIMS, *whole.shape), svd_solver="full").fit(whole)
    halves = [linear.track_means(values[rows], part[rows]) for part in (first, valid & ~first)]
    return reducer.transform(whole), reducer.transform(halves[0]), reducer.transform(halves[1])


def together(sound: Array, said: Array, has_lyrics: Array, weight: float) -> Array:
    """Sound beside words, which have `weight` times its spread; a track without lyrics has their mean."""
    spread = np.zeros((len(sound), said.shape[1]))
    spread[has_lyrics] = weight * said / np.linalg.norm(said) * len(said) ** 0.5
    return np.hstack([sound / np.linalg.norm(sound) * len(sound) ** 0.5, spread])


class Scorer:
    """Scores one representation, that is embeddings (one, or one per seed) of all tracks or a subset, into `cells`."""

    def __init__(self, songs: Songs, cells: Cells, row: str, subset: Array | None = None) -> None:
        self.songs, self.cells, self.row = songs, cells, row
        self.subset = np.ones(len(songs.tracks), dtype=bool) if subset is None else subset
        names = songs.tracks["artist"].to_numpy(dtype=object)[self.subset]
        largest = max(pd.Series(names[names != ""]).value_counts(), default=len(names))
        self.artists = names if largest <= LARGE * len(names) else None
        self.group = groups(["" for _ in names] if self.artists is None else list(names), GROUPS, seed=0)

    def put(self, score: str, mean: float | None, low: float | None = None, high: float | None = None) -> None:
        self.cells[score, self.row] = mean, low, high

    def agreement(self, points: list[Array], kind: str, k: int, name: str = "ami") -> None:
        truth = self.songs.column(kind)[self.subset]
        clusterings = [kmeans(points[seed % len(points)], k, seed) for seed in SEEDS]
        ends = jackknife.ends(jackknife.agreement_scores(name, truth, clusterings, self.group))
        scores = [score or 0.0 for score in agreements(name, truth, clusterings)]
        self.put(f"{kind}, {name.upper()} k {k}", float(np.mean(scores)), *ends)

    def precision(self, points: list[Array], kind: str) -> None:
        """The share of the ten nearest tracks of other artists that have the same label."""
        truth = self.songs.column(kind)[self.subset]
        artist, known = neighbours.artist_numbers(self.artists, len(truth)), truth != ""

        def alike(embedding: Array) -> Array:
            near, exists = neighbours.nearest(embedding[known], 10, artist[known])
            shares = np.full(len(truth), np.nan)
            same = ((truth[known][near] == truth[known, None]) & exists).sum(axis=1)
            shares[known] = np.where(exists.any(axis=1), same / np.maximum(exists.sum(axis=1), 1), np.nan)
            return shares

        scores = heldout.share(np.stack([alike(embedding) for embedding in points]), self.group)
        self.put(f"{kind}, P@10", float(scores.whole.mean()) if scores else None, *jackknife.ends(scores))

    def labels(self, points: list[Array], *kinds: str) -> None:
        for kind in kinds:
            self.agreement(points, kind, 6)
            self.precision(points, kind)
        if "words" in kinds:
            for k, name in ((6, "nmi"), (7, "ami")):
                self.agreement(points, "words", k, name)
        self.agreement(points, "language", 2)
        spoken = self.songs.column("language")[self.subset]
        scores = heldout.balanced(heldout.knn_correct(points[0], spoken, None), spoken, np.arange(len(spoken)))
        self.put("language, kNN", float(scores.whole.mean()) if scores else None)
        if self.artists is not None:
            hits = [np.nanmean(heldout.hits(each, self.artists)) for each in points]
            self.put("artist, hit@5", float(np.mean(hits)))

    def own_half(self, first: Array, second: Array) -> None:
        nearest = ((first[:, None] - second[None]) ** 2).sum(2).argmin(axis=1)
        self.put("label-free: own other half nearest", float((nearest == np.arange(len(first))).mean()))


def of_sound(songs: Songs, cells: Cells) -> None:
    for name, kinds in {**EARS, **LAYERED}.items():
        for suffix, power in SPACES.items():
            points, first, second = views(in_metric(songs, kinds, power), songs.valid)
            scorer = Scorer(songs, cells, f"{name}{suffix}")
            scorer.put("label-free: clusters of halves, AMI", crossview.cross_half(first, second, (4, 8, 16)))
            scorer.own_half(first, second)
            stable = stability.subsampled(points, lambda part, seed: kmeans(part, 6, seed), kmeans(points, 6, 0))
            scorer.put("label-free: 80 % subsamples, ARI", stable.ari if stable else None)
            scorer.labels([points], "sound")


def of_words(songs: Songs, cells: Cells) -> None:
    for way, said in songs.words.items():
        scorer = Scorer(songs, cells, f"words {way}", songs.has_lyrics)
        scorer.own_half(*np.split(songs.halves[way], 2))
        scorer.labels([said], "words")
        for name, kinds in EARS.items():
            sound, _, _ = views(in_metric(songs, kinds, 0.3), songs.valid)
            for suffix, weight in {"": 1.0, " at half": 0.5}.items():
                scorer = Scorer(songs, cells, f"{name}, metric .3 | words {way}{suffix}")
                scorer.labels([together(sound, said, songs.has_lyrics, weight)], "sound", "words")


def of_cross(songs: Songs, cells: Cells, settings: crossview.CrossView) -> None:
    """Model `cross`, the candidate that params.yaml prefers, on each ear."""
    best, first = crossview.candidates(settings)[0], FirstStage(**asdict(settings.first))
    sizes = {"hidden": settings.hidden, "latent": settings.latent}
    for name, kinds in EARS.items():
        mapped = np.where(songs.valid[..., None], in_metric(songs, kinds, best.power), 0).astype(np.float32)
        segments, points, halves = Segments(torch.from_numpy(mapped), torch.from_numpy(songs.valid)), [], []
        for seed in CROSS_SEEDS:
            torch.manual_seed(seed)
            vae, _ = two_stages(segments, settings.cross_recipe(), **sizes, first=first, share=best.neighbours)
            points.append(embed(vae, view_songs(segments.whole())).mean.double().numpy())
            halves.append(crossview.half_agreement(vae, segments, settings.clusters))
        scorer = Scorer(songs, cells, f"cross on {name}")
        scorer.put("label-free: clusters of halves, AMI", float(np.mean(halves)))
        scorer.labels(points, "sound")


def tables(alone: Mapping[str, Cells], replicates: list[Cells]) -> Iterator[str]:
    """A table per score; the replicates share a column of means, with the lowest and the highest."""
    columns = [*alone, *([f"{len(replicates)} replicates"] if replicates else [])]
    keys = dict.fromkeys(key for cells in (*alone.values(), *replicates) for key in cells)
    for score in dict.fromkeys(score for score, _ in keys):
        yield f"\n### {score}\n\n| | {' | '.join(columns)} |\n|---|{'---:|' * len(columns)}"
        for row in (row for name, row in keys if name == score):
            shown = []
            for mean, low, high in (cells.get((score, row), (None, None, None)) for cells in alone.values()):
                ends = "" if low is None else f" ({low:.2f} to {high:.2f})"
                shown.append("-" if mean is None else f"{mean:.3f}{ends}")
            many = [mean for cells in replicates if (mean := cells.get((score, row), (None,))[0]) is not None]
            shown += [f"{np.mean(many):.3f} [{min(many):.2f}, {max(many):.2f}]"] if many else ["-"] * bool(replicates)
            yield f"| {row} | {' | '.join(shown)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--replicates", nargs="*", default=[], type=Path)
    parser.add_argument("--cross", action="store_true")
    arguments = parser.parse_args()
    workers.one_thread()
    torch.set_num_threads(1)

    def scored(folder: Path) -> Cells:
        songs, cells = read(folder, params.load(audio.Params).audio), Cells()
        of_sound(songs, cells)
        of_words(songs, cells)
        if arguments.cross:
            of_cross(songs, cells, params.load(crossview.Params).crossview)
        return cells

    alone = {str(folder): scored(folder) for folder in arguments.folders}
    print("\n".join(tables(alone, [scored(folder) for folder in arguments.replicates])))


if __name__ == "__main__":
    main()
