"""The segments of stage ears as the networks of views read them, and the recipe of these networks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pipeline.core import store
from pipeline.core.params import Count, NotNegative
from pipeline.core.store import Array, Rows
from pipeline.learn import heldout, linear
from pipeline.learn.heldout import ALL, HeldOut
from pipeline.learn.heldout import Rows as Selection
from pipeline.learn.length import unseen
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


def views_without(rows: Rows, power: float, hidden: HeldOut) -> Views:
    """The views of stage ears as the tracks that are left give them."""
    seen = heldout.rest(rows.ids, hidden)
    return Views(linear.suppression(rows["sound"][seen], np.array(rows["valid"])[seen], power), hidden)


def views_without_folds(rows: Rows, power: float, folds: int) -> list[Views | None]:
    """The views without each fold; None where too few tracks are left that can be halved."""
    return [
        views_without(rows, power, part) if can_be_learnt(rows["valid"], heldout.rest(rows.ids, part)) else None
        for part in heldout.held_out(rows.ids, folds)
    ]


def can_be_learnt(valid: Array, tracks: Selection = ALL) -> bool:
    """Whether enough of these tracks can be halved for a network of views."""
    return bool(linear.halvable(np.array(valid)[tracks]).sum() >= MIN_HALVABLE)


def too_few(valid: Array) -> str:
    """Why a network of views cannot be trained on these tracks."""
    tracks = linear.halvable(np.array(valid)).sum()
    return f"{tracks} of {len(valid)} tracks have two segments or more, and it needs {MIN_HALVABLE}"


def unseen_views(ids: Sequence[str], valid: Array) -> HeldOut | None:
    """The songs on which lengths of a training on views are compared; None if there are too few."""
    hidden = unseen(ids)
    left = heldout.rest(ids, hidden)
    return hidden if can_be_learnt(valid, left) and can_be_learnt(valid, ~left) else None


def projection(metric: Metric) -> Projection:
    """The metric as a part of a network, so that the file of weights holds it."""
    return Projection(torch.from_numpy(metric.mean), torch.from_numpy(metric.matrix))
