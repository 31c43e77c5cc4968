"""The segments of stage ears as the networks of views read them, and the recipe of these networks."""

from dataclasses import dataclass

import numpy as np
import torch

from pipeline.core import store
from pipeline.core.params import Count, NotNegative
from pipeline.learn.linear import Metric
from pipeline.learn.plan import Rate
from pipeline.nets.crossview import Segments
from pipeline.nets.loop import Recipe
from pipeline.nets.objective import Objective
from pipeline.nets.vae import Projection

MIN_HALVABLE = 3  # tracks of two segments or more that a network of views needs


@dataclass(frozen=True)
class ViewTraining:
    """The parameters that the networks of views have in common."""

    epochs: Count
    batch: Count
    rate: Rate
    decay: NotNegative
    noise: NotNegative

    def recipe(self, objective: Objective, warmup: float = 0.0) -> Recipe:
        return Recipe(
            self.epochs, self.batch, self.rate, warmup, objective, "one_cycle", self.decay, self.noise, even=True
        )


def read_segments(metric: Metric) -> Segments:
    """All segments of build/ears in this metric."""
    rows = store.read_rows(store.BUILD / "ears", "sound", "valid")
    valid = np.array(rows["valid"])
    values = np.where(valid[..., None], metric(rows["sound"]), 0).astype(np.float32)
    return Segments(torch.from_numpy(values), torch.from_numpy(valid))


def projection(metric: Metric) -> Projection:
    """The metric as a part of a network, so that the file of weights holds it."""
    return Projection(torch.from_numpy(metric.mean), torch.from_numpy(metric.matrix))
