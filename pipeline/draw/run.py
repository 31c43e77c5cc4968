"""What the figures are drawn from: the tracks, their labels, where the models put them and how they were clustered."""

from dataclasses import dataclass

import pandas as pd

from pipeline.core import catalog, embeddings, store
from pipeline.core.embeddings import Representation
from pipeline.core.store import Array
from pipeline.draw.style import LeftOut
from pipeline.score.agreement import Labels
from pipeline.score.runs import Runs, read_runs

MAPPED = ("pca", "tfidf")  # of the baselines without a network; the others look alike


@dataclass(frozen=True)
class Run:
    ids: tuple[str, ...]
    tracks: pd.DataFrame  # a row an id, in this order
    columns: tuple[str, ...]  # those of evaluate.labels that the corpus has
    headline: str  # the clusterer
    kinds: tuple[Representation, ...]
    runs: Runs
    scores: pd.DataFrame

    def values(self, column: str) -> list[str]:
        return [str(value) for value in self.tracks[column]]

    def kind(self, name: str) -> Representation:
        for kind in self.kinds:
            if kind.name == name:
                return kind
        raise LeftOut(f"there is no {name}")

    def places(self, name: str) -> Array:
        """[track, seed, dimension]"""
        return self.kind(name).values(self.ids)

    def clusters(self, name: str) -> Labels:
        """What the headline clusterer found on the first seed."""
        if self.headline not in self.runs.clusterers(name):
            raise LeftOut(f"{self.headline} was not run on {name}")
        return self.runs.labels(name, self.headline)

    def ami(self, name: str, label: str) -> pd.DataFrame:
        """A row a seed: the headline clusterer's AMI with a label, where it is defined."""
        s = self.scores
        own = s[(s["representation"] == name) & (s["clusterer"] == self.headline)]
        own = own[(own["label"] == label) & (own["score"] == "ami") & (own["value"] != "")]
        return own.assign(value=own["value"].astype(float))

    def told(self, name: str) -> str:
        """The column that a model was told, or none."""
        return str(self.kind(name).about.get("condition", "none"))


def read_run(labels: tuple[str, ...], headline: str) -> Run:
    """All that the earlier stages left."""
    ids = store.read_rows(store.BUILD / "audio").ids
    tracks = catalog.usable_tracks().loc[list(ids)]
    columns = tuple(label for label in labels if label in tracks and (tracks[label] != "").any())
    scores = store.read_table(store.REPORTS / "scores.csv")
    return Run(ids, tracks, columns, headline, tuple(embeddings.representations()), read_runs(ids), scores)


def models(seen: Run) -> list[Representation]:
    """Those that were trained."""
    return [kind for kind in seen.kinds if "kl_per_unit" in kind.about]


def mapped(seen: Run) -> list[str]:
    """Those that get a map: every model and two plain baselines."""
    trained = {kind.name for kind in models(seen)}
    return [kind.name for kind in seen.kinds if kind.name in trained or kind.name in MAPPED]
