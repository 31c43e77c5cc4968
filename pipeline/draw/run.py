"""What the figures are drawn from: the tracks, their labels, their embeddings and their clusters."""

from dataclasses import dataclass

import pandas as pd

from pipeline.core import catalog, embeddings, languages, store
from pipeline.core.embeddings import Representation
from pipeline.core.store import Array
from pipeline.draw.style import LeftOut
from pipeline.draw.tags import Tags, read_tags
from pipeline.score.labels import Labels
from pipeline.score.runs import Runs, read_runs

MAPPED = ("pca", "tfidf")  # of the baselines without a network; the others look alike


@dataclass(frozen=True)
class Run:
    ids: tuple[str, ...]
    tracks: pd.DataFrame  # one row per id, in this order
    columns: tuple[str, ...]  # those of evaluate.labels that the corpus has
    headline: str  # the clusterer
    embeddings: tuple[Representation, ...]
    runs: Runs
    scores: pd.DataFrame
    spectrum: tuple[int, int] | None  # mel bands, and MFCC frames of a segment; None where there are no frames
    tags: Tags | None = None  # what a pretrained tagger hears

    def values(self, column: str) -> list[str]:
        return [str(value) for value in self.tracks[column]]

    def shown(self, column: str) -> list[str]:
        """The values as readers see them: a language by its name."""
        values = self.values(column)
        return [languages.name(languages.code(value) or value) for value in values] if column == "language" else values

    def embedding(self, name: str) -> Representation:
        for embedding in self.embeddings:
            if embedding.name == name:
                return embedding
        raise LeftOut(f"there is no {name}")

    def places(self, name: str) -> Array:
        """[track, seed, dimension]"""
        return self.embedding(name).values(self.ids)

    def clusters(self, name: str) -> Labels:
        """The clusters that the headline clusterer found on the first seed."""
        if self.headline not in self.runs.clusterers(name):
            raise LeftOut(f"{self.headline} was not run on {name}")
        return self.runs.labels(name, self.headline)

    def ami(self, name: str, label: str) -> pd.DataFrame:
        """One row per seed: the headline clusterer's AMI with a label, where it is defined."""
        wanted = {"representation": name, "clusterer": self.headline, "label": label, "score": "ami"}
        rows = self.scores[(self.scores[list(wanted)] == pd.Series(wanted)).all(axis=1) & (self.scores["value"] != "")]
        return rows.assign(value=rows["value"].astype(float))

    def condition(self, name: str) -> str:
        """The label that a model gets as input, or `none`."""
        return str(self.embedding(name).about.get("condition", "none"))

    @property
    def trained(self) -> list[Representation]:
        return [embedding for embedding in self.embeddings if embedding.is_trained]

    @property
    def mapped(self) -> list[str]:
        """What gets a map: every trained network and two plain baselines."""
        return [embedding.name for embedding in self.embeddings if embedding.is_trained or embedding.name in MAPPED]


def read_run(labels: tuple[str, ...], headline: str, spectrum: tuple[int, int] | None) -> Run:
    """The outputs of the earlier stages."""
    tracks = catalog.heard_tracks()
    ids = tuple(tracks.index)
    columns = tuple(label for label in labels if label in tracks and (tracks[label] != "").any())
    scores = store.read_table(store.REPORTS / "scores.csv")
    known = tuple(embeddings.representations())
    return Run(ids, tracks, columns, headline, known, read_runs(ids), scores, spectrum, read_tags(ids))
