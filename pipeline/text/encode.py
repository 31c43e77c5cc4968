"""Texts as vectors of the encoder that params.yaml names: e5, or another one by transformers."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.core import hub
from pipeline.core.settings import Device
from pipeline.text import bert, e5, encoders
from pipeline.text.bert import BertParams

E5: Final = "e5"


@dataclass(frozen=True)
class About:
    """What is known of an encoder."""

    encoder: str
    trained_on: str  # "" where its card does not say
    may_know: bool  # whether it may have seen labels of the songs


@dataclass(frozen=True)
class Encoded:
    vectors: NDArray[np.float32]  # [text, number]
    about: About


def encoded(texts: list[str], p: BertParams, device: Device) -> Encoded:
    """The vectors of the texts; without texts no encoder is looked for."""
    if not texts:
        return Encoded(np.zeros((0, 1), np.float32), About("none", "", may_know=False))
    if p.model == E5:
        return Encoded(e5.vectors(texts, revision=p.revision), About(e5.NAME, e5.TRAINED_ON, may_know=False))
    files = encoders.find(p.model, p.revision)
    about = About(p.model, hub.trained_on(files.folder), may_know=False)
    return Encoded(bert.vectors(texts, p, device, files), about)
