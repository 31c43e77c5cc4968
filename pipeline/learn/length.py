"""How long to train: each length is tried without a fifth of the artists; the best for their songs stays.

A fixed number of epochs is wrong at other sizes of the corpus. No label is read.
"""

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from pipeline.learn.heldout import HeldOut, held_out
from pipeline.nets.loop import Recipe

log = logging.getLogger(__name__)

PARTS = 5  # of the artists, of which one is left out
J = TypeVar("J")


@dataclass(frozen=True)
class Length:
    """The epochs to train for, and the error on unseen songs under each number that was tried (none: nothing was)."""

    epochs: int
    errors: Mapping[int, float]

    def about(self) -> dict[str, object]:
        tried = {str(epochs): round(error, 4) for epochs, error in self.errors.items()}
        return {"epochs": self.epochs} | ({"unseen_error": tried} if tried else {})


def candidates(epochs: int, shares: Sequence[float]) -> list[int]:
    return sorted({max(1, round(share * epochs)) for share in shares})


def unseen(ids: Sequence[str]) -> HeldOut:
    """The songs on which lengths are compared."""
    return replace(held_out(ids, PARTS)[0], fold=None)


def best_length(
    name: str, recipe: Recipe, shares: Sequence[float], errors: Callable[[list[Recipe]], Sequence[float | None]] | None
) -> Length:
    """The length to take: that of `recipe` where there is one candidate, or an error is undefined.

    `errors` is None where no song can be left out to measure them.
    """
    epochs = candidates(recipe.epochs, shares)
    if len(epochs) == 1:
        return Length(epochs[0], {})
    if not errors:
        return Length(recipe.epochs, {})
    tried = errors([replace(recipe, epochs=each) for each in epochs])
    errors_of = {each: error for each, error in zip(epochs, tried, strict=True) if error is not None}
    if len(errors_of) < len(epochs) or not all(map(math.isfinite, errors_of.values())):
        return Length(recipe.epochs, {})
    best = min(errors_of, key=lambda each: errors_of[each])  # the shortest, if several are as good
    log.info("%s: %d epochs, the best of %s on unseen songs", name, best, ", ".join(map(str, epochs)))
    return Length(best, errors_of)
