"""What a pretrained tagger hears in the tracks: its opinion, shown beside its name, and never a label."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.core import store
from pipeline.core.store import Array

EARS = store.BUILD / "ears"
OF_TRACK, OF_CLUSTER = 3, 5  # tags that are shown
CLEAR = 0.5  # standard deviations of the tracks, by which a tag of a cluster must be above the other tracks
LEAST = 0.05  # mean probability below which a tag is not shown, however rare it is elsewhere


@dataclass(frozen=True)
class Tags:
    tagger: str  # its name
    names: Sequence[str]
    values: Array  # [track, tag]: mean probability over the segments

    def of_track(self, row: int) -> list[tuple[str, float]]:
        """The strongest tags of a track, each with its probability."""
        strongest = np.argsort(-self.values[row], kind="stable")[:OF_TRACK]
        return [(self.names[tag], round(float(self.values[row, tag]), 3)) for tag in strongest]

    def of_cluster(self, members: Array) -> list[tuple[str, float, float]]:
        """Tags that are higher in the cluster than in the other tracks, the clearest first.

        Each with the difference in standard deviations of the tracks, and with its mean probability in the cluster.
        """
        if members.all():
            return []
        inside = self.values[members].mean(axis=0)
        lift = (inside - self.values[~members].mean(axis=0)) / np.maximum(self.values.std(axis=0), 1e-9)
        shown = [tag for tag in np.argsort(-lift, kind="stable") if lift[tag] >= CLEAR and inside[tag] >= LEAST]
        return [
            (self.names[tag], round(float(lift[tag]), 2), round(float(inside[tag]), 3)) for tag in shown[:OF_CLUSTER]
        ]


def read_tags(ids: Sequence[str]) -> Tags | None:
    """The tags of these tracks; None where the encoder of stage ears has none."""
    tagger = str(store.read_json(EARS / "about.json").get("tagger", ""))
    file = EARS / "tags.json"
    names = store.read_json(file)["tags"] if tagger and file.exists() else []
    if not names:
        return None
    return Tags(tagger, names, np.asarray(store.read_rows(EARS, "tags").at(ids)["tags"], dtype=np.float64))
