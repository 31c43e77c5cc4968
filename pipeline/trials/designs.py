"""What is fitted for the questions: small dense models on numbers of the sound, alike but for one thing."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Literal

from pipeline.core import corpus, store
from pipeline.core.corpus import AUTO
from pipeline.core.params import Count, Layers, NonEmpty, NotNegative, Number, Share, Within
from pipeline.learn.plan import Model, Train
from pipeline.learn.songs import Source
from pipeline.nets.families import experts, joined


@dataclass(frozen=True)
class Primary:
    """The scores of the claims by which each question is answered."""

    representations: Annotated[tuple[Literal["ami", "ami_curve", "knn"], ...], NonEmpty()]
    lyrics: Annotated[tuple[Literal["ami", "knn"], ...], NonEmpty()]
    language: Annotated[tuple[Literal["ami", "knn", "probe"], ...], NonEmpty()]
    stability: Annotated[tuple[Literal["refits"], ...], NonEmpty()]


@dataclass(frozen=True)
class Questions:
    seeds: Annotated[int, Within(2)]
    primary: Primary
    sound: str  # the column that the sound should predict; auto: what the corpus declares, "" where it has none
    words: str  # the column that the lyrics should predict; auto, as `sound`
    language: str  # the column by which an embedding may fall apart; auto, as `sound`
    missing: Annotated[tuple[Share, ...], NonEmpty()]
    betas: Annotated[tuple[NotNegative, ...], NonEmpty()]
    strength: NotNegative
    hidden: Layers
    latent: Count
    epochs: Count
    dropout: Annotated[Number, Within(0, 0.9)]

    def resolved(self) -> "Questions":
        """With the columns that the corpus declares in place of `auto`."""
        asked = [name for name in ("sound", "words", "language") if getattr(self, name) == AUTO]
        return replace(self, **{name: getattr(corpus.read(), name) for name in asked})


@dataclass(frozen=True)
class Condition:
    """What sets one trial apart from the others. Its name is for display and as a key, and is never parsed."""

    name: str
    kind: Literal["dense", "fused", "linear", "lyrics"]
    objective: Literal["beta", "tc", "dip"] = "beta"
    beta: float = 1.0
    crossed: bool = False  # encodes one half of a track's segments and decodes the other
    text: str = ""  # the array of lyrics that it reads
    shuffled: bool = False  # each track has the lyrics of another
    missing: float = 0.0  # share of the tracks with lyrics whose lyrics are removed
    dimensions: int = 0  # of PCA that is cut to as many

    @property
    def swept_beta(self) -> float | None:
        """The beta of a VAE of the sound in the curve over beta; None for every other trial."""
        return self.beta if self.kind == "dense" and self.objective == "beta" and not self.crossed else None

    @property
    def is_plain(self) -> bool:
        """A VAE of the sound with the plain objective."""
        return self.kind == "dense" and self.objective == "beta" and self.beta == 1

    @property
    def is_disentangled(self) -> bool:
        """A VAE of the sound whose objective presses harder on the latent units than the plain one."""
        return self.kind == "dense" and (self.objective != "beta" or self.beta > 1)

    @property
    def is_relaxed(self) -> bool:
        """A VAE of the sound with beta below 1: it is in the curve over beta, and is no disentangled model."""
        return self.kind == "dense" and self.objective == "beta" and self.beta < 1

    @property
    def has_all_lyrics(self) -> bool:
        """A fused model that reads all lyrics as they are."""
        return self.kind == "fused" and bool(self.text) and not self.shuffled and not self.missing

    @property
    def is_clustered(self) -> bool:
        """Whether a claim is of its clusters of all tracks: else it is not fitted to all of them."""
        return not self.missing and not self.dimensions and (self.kind != "dense" or self.is_plain)

    @property
    def has_curve(self) -> bool:
        """Whether the first question asks for its clusters at every k."""
        return self.is_plain or (self.kind == "linear" and not self.dimensions)

    @property
    def is_refitted(self) -> bool:
        """Whether the last question asks how alike the clusters of its fits are."""
        return bool(self.dimensions) or (self.kind == "dense" and not self.crossed)


@dataclass(frozen=True)
class Design:
    """A condition, and the model that is trained for it."""

    condition: Condition
    model: Model
    train: Train

    def lot(self, number: int) -> Model:
        """The model of one fit: what is done to the lyrics at random is done anew for each."""
        changed = self.condition.shuffled or self.condition.missing
        return replace(self.model, source=replace(self.model.source, lot=number)) if changed else self.model


def designs(q: Questions, train: Train, *, texts: tuple[str, ...], halves: bool) -> Iterator[Design]:
    """The designs that the four questions need, each with a name of its own; `texts` are the arrays of lyrics.

    `halves`: the tracks have two segments or more; with one segment there is no other half to decode.
    """
    yield _dense(q, train, Condition("vae", "dense"))
    if halves:
        yield _dense(q, train, Condition("vae cross", "dense", crossed=True))
    yield _fused(q, train, Condition("audio", "fused"))
    for text in texts:
        yield _fused(q, train, Condition(f"audio + {text}", "fused", text=text))
    if texts:
        best = Condition(f"audio + {texts[-1]}", "fused", text=texts[-1])
        yield _fused(q, train, replace(best, name=f"{best.name} shuffled", shuffled=True))
        for share in q.missing:
            if 0 < share < 1:  # with all of them missing it is `audio`, to the byte
                yield _fused(q, train, replace(best, name=f"{best.name}, {share:.0%} missing", missing=share))
    for beta in q.betas:
        if beta != 1:  # which is `vae`
            yield _dense(q, train, Condition(f"beta {beta:g}", "dense", beta=beta))
    yield _dense(q, train, Condition(f"tc {q.strength:g}", "dense", objective="tc"))
    yield _dense(q, train, Condition(f"dip {q.strength:g}", "dense", objective="dip"))


def _dense(q: Questions, train: Train, condition: Condition) -> Design:
    build = partial(joined, hidden=q.hidden, latent=q.latent)
    model = Model(
        store.BUILD / "questions", condition.name, "dense VAE", Source("sound"), build, q.epochs, condition.beta
    )
    strength = train.strength if condition.objective == "beta" else q.strength
    view: Literal["self", "cross"] = "cross" if condition.crossed else "self"
    return Design(condition, model, replace(train, view=view, objective=condition.objective, strength=strength))


def _fused(q: Questions, train: Train, condition: Condition) -> Design:
    build = partial(experts, hidden=q.hidden, latent=q.latent, dropout=q.dropout)
    source = Source("sound", condition.text or None, shuffled=condition.shuffled, missing=condition.missing)
    model = Model(store.BUILD / "questions", condition.name, "experts VAE", source, build, q.epochs, 1.0)
    return Design(condition, model, replace(train, view="self", objective="beta"))
