"""What the library reads of params.yaml.

Sections of stages are written down again with the fields alone that matter: scikit-learn and gensim, which the stages
need for the rest, take seconds to import, and a question to the library should not.
"""

from dataclasses import dataclass
from typing import Annotated

from pipeline.core.params import Count, Seeds, Within


@dataclass(frozen=True)
class Cluster:
    """As pipeline.score.clusterers.Cluster."""

    k: Annotated[int, Within(2)]
    neighbours: Count
    curve: Count
    clusterers: tuple[str, ...]


@dataclass(frozen=True)
class Questions:
    """What is needed where no new song is placed."""

    seeds: Seeds
    cluster: Cluster
