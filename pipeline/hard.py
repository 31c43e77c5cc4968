"""Stage `hard`: a conditional beta-VAE, audio and lyrics as experts, told a label so that the rest is what it learns.

The only reader of `beta`. Writes build/hard: model `hard`, and how audio alone (`hard_audio`) and lyrics alone
(`hard_lyrics`) see the tracks.
"""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

from pipeline.core import command, params, store
from pipeline.core.params import Count, Layers, NotNegative, Seeds, Within
from pipeline.core.settings import Device
from pipeline.learn import training
from pipeline.learn.plan import Model, Train
from pipeline.learn.songs import Source
from pipeline.nets.families import experts


@dataclass(frozen=True)
class Hard:
    condition: str
    lyrics: Literal["none", "tfidf", "tfidf_svd", "word2vec", "bert", "bert_svd"]
    dropout: Annotated[float, Within(0, 0.9)]
    hidden: Layers
    latent: Count
    epochs: Count


@dataclass(frozen=True)
class Params:
    beta: NotNegative
    seeds: Seeds
    device: Device
    train: Train
    hard: Hard


def main() -> None:
    p = params.load(Params)
    own = p.hard
    lyrics = None if own.lyrics == "none" else own.lyrics
    model = Model(
        store.fresh_folder(store.BUILD / "hard"),
        "hard",
        "conditional beta-VAE",
        Source("stats", lyrics, own.condition),
        partial(experts, hidden=own.hidden, latent=own.latent, dropout=own.dropout),
        own.epochs,
        p.beta,
        alone=("audio", "lyrics") if lyrics else (),
    )
    training.learn(model, p.seeds, p.train, p.device)


if __name__ == "__main__":
    command.run(main, __doc__, Params)
