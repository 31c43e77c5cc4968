"""Stage `hard`: a conditional beta-VAE, audio and lyrics as experts, told a label so that the rest is what it learns.

The only reader of `beta`. Writes build/hard: model `hard`, and how audio alone (`hard_audio`) and lyrics alone
(`hard_lyrics`) see the tracks.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from models.families import experts
from pipeline import params, stage, store, training
from pipeline.params import Count, NotNegative, Within
from pipeline.training import Device, Setup, Train


@dataclass(frozen=True)
class Hard:
    condition: str
    lyrics: Literal["none", "tfidf"]
    dropout: Annotated[float, Within(0, 0.9)]
    hidden: tuple[Count, ...]
    latent: Count
    epochs: Count


@dataclass(frozen=True)
class Params:
    beta: NotNegative
    seeds: tuple[int, ...]
    device: Device
    train: Train
    hard: Hard


def main() -> None:
    p = params.load(Params)
    setup = Setup(p.seeds, p.train, p.device)
    lyrics = None if p.hard.lyrics == "none" else p.hard.lyrics
    made = training.corpus("stats", lyrics, p.hard.condition)
    training.learn(
        store.BUILD / "hard", "hard", made,
        lambda: experts(
            made.shapes, made.scales, hidden=p.hard.hidden, latent=p.hard.latent, labels=len(made.labels),
            dropout=p.hard.dropout,
        ),
        setup.recipe(p.hard.epochs, p.beta), setup,
        {"family": "conditional beta-VAE", "input": "stats", "lyrics": p.hard.lyrics, "condition": p.hard.condition},
        alone=("audio", "lyrics") if lyrics else (),
    )  # fmt: skip


if __name__ == "__main__":
    stage.run(main, __doc__, Params)
