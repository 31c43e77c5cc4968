"""What is trained for the questions: small dense models on the statistics of the sound, alike but for one thing."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated

from pipeline.core import store
from pipeline.core.params import Count, Layers, NonEmpty, NotNegative, Number, Share, Within
from pipeline.learn.plan import Model, Train
from pipeline.learn.songs import Source
from pipeline.nets.families import experts, joined


@dataclass(frozen=True)
class Questions:
    seeds: Annotated[int, Within(2)]
    sound: str  # the column that the sound should tell
    words: str  # the column that the lyrics should tell
    language: str
    missing: Annotated[tuple[Share, ...], NonEmpty()]
    betas: Annotated[tuple[NotNegative, ...], NonEmpty()]
    strength: NotNegative
    hidden: Layers
    latent: Count
    epochs: Count
    dropout: Annotated[Number, Within(0, 0.9)]


@dataclass(frozen=True)
class Design:
    """A model and how it is trained."""

    model: Model
    train: Train


def designs(q: Questions, train: Train, *, texts: tuple[str, ...], halves: bool) -> Iterator[Design]:
    """All that the four questions need, a name each; `texts` are the tables of lyrics that are there.

    `halves`: the tracks have two segments or more; of one segment the other half is itself.
    """
    plain = replace(train, view="self", objective="beta")
    yield _dense(q, "vae", plain)
    if halves:
        yield _dense(q, "vae cross", replace(plain, view="cross"))
    yield _fused(q, "audio", Source("stats"), plain)
    for text in texts:
        yield _fused(q, f"audio + {text}", Source("stats", text), plain)
    if texts:
        best = texts[-1]
        yield _fused(q, f"audio + {best} shuffled", Source("stats", best, shuffled=True), plain)
        for share in q.missing:
            if share > 0:
                yield _fused(q, f"audio + {best}, {share:.0%} missing", Source("stats", best, missing=share), plain)
    for beta in q.betas:
        if beta != 1:  # which is `vae`
            yield _dense(q, f"beta {beta:g}", plain, beta)
    yield _dense(q, f"tc {q.strength:g}", replace(plain, objective="tc", strength=q.strength))
    yield _dense(q, f"dip {q.strength:g}", replace(plain, objective="dip", strength=q.strength))


def _dense(q: Questions, name: str, train: Train, beta: float = 1.0) -> Design:
    build = partial(joined, hidden=q.hidden, latent=q.latent)
    return Design(Model(store.BUILD / "questions", name, "dense VAE", Source("stats"), build, q.epochs, beta), train)


def _fused(q: Questions, name: str, source: Source, train: Train) -> Design:
    build = partial(experts, hidden=q.hidden, latent=q.latent, dropout=q.dropout)
    return Design(Model(store.BUILD / "questions", name, "experts VAE", source, build, q.epochs, 1.0), train)
