"""The segments of stage ears as the networks of views read them, and the recipe of these networks."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pipeline.core import store
from pipeline.core.params import Count, NotNegative
from pipeline.core.store import Array
from pipeline.learn import heldout, linear
from pipeline.learn.heldout import HeldOut
from pipeline.learn.linear import Metric
from pipeline.learn.plan import Rate
from pipeline.nets.loop import Recipe
from pipeline.nets.objective import Objective
from pipeline.nets.vae import Projection
from pipeline.nets.views import Segments

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


@dataclass(frozen=True)
class Views:
    """The segments of stage ears in the metric that the seen tracks give."""

    metric: Metric
    hidden: HeldOut | None = None  # tracks that neither the metric nor a network sees

    def all(self) -> Segments:
        """The segments of all tracks, to be embedded."""
        rows = store.read_rows(store.BUILD / "ears", "sound", "valid")
        valid = np.array(rows["valid"])
        values = np.where(valid[..., None], self.metric(rows["sound"]), 0).astype(np.float32)
        return Segments(torch.from_numpy(values), torch.from_numpy(valid))

    def learnt(self) -> Tensor:
        """[track] which of them are learnt from."""
        return torch.from_numpy(heldout.rest(store.read_rows(store.BUILD / "ears").ids, self.hidden))

    def seen(self, segments: Segments) -> Segments:
        """Those of them to learn from."""
        return segments.of(self.learnt().to(segments.valid.device))


def views(sound: Array, valid: Array, power: float) -> Views:
    return Views(linear.suppression(sound, valid, power))


def views_without(ids: tuple[str, ...], sound: Array, valid: Array, power: float, folds: int) -> list[Views | None]:
    """The views without each fold; None where too few tracks are left that can be halved."""
    made: list[Views | None] = []
    for part in heldout.held_out(ids, folds):
        seen = heldout.rest(ids, part)
        enough = linear.halvable(valid[seen]).sum() >= MIN_HALVABLE
        made.append(Views(linear.suppression(sound[seen], valid[seen], power), part) if enough else None)
    return made


def projection(metric: Metric) -> Projection:
    """The metric as a part of a network, so that the file of weights holds it."""
    return Projection(torch.from_numpy(metric.mean), torch.from_numpy(metric.matrix))
