"""Stage `hard`: a conditional beta-VAE, audio and lyrics as experts, given a label so that it learns the rest.

The only reader of `beta`. Writes build/hard, the embeddings of model `hard` from both, from audio alone (`hard_audio`)
and from lyrics alone (`hard_lyrics`), and models/hard.
"""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

from pipeline.core import command, params, store
from pipeline.core.params import Count, Layers, NotNegative, Number, Seeds, Within
from pipeline.core.settings import Device
from pipeline.learn import training
from pipeline.learn.plan import Model, Train
from pipeline.learn.songs import Source, available
from pipeline.nets.families import experts


@dataclass(frozen=True)
class Hard:
    condition: str
    lyrics: Literal["none", "tfidf", "tfidf_svd", "word2vec", "bert", "bert_svd", "bert_free", "bert_free_svd"]
    dropout: Annotated[Number, Within(0, 0.9)]
    hidden: Layers
    latent: Count
    epochs: Count


@dataclass(frozen=True)
class Params:
    beta: NotNegative
    seeds: Seeds
    folds: Count
    device: Device
    train: Train
    hard: Hard


def main() -> None:
    p = params.load(Params)
    hard = p.hard
    source = available(Source("sound", None if hard.lyrics == "none" else hard.lyrics, hard.condition))
    model = Model(
        store.fresh_folder(store.BUILD / "hard"),
        "hard",
        "beta-VAE" if source.condition == "none" else "conditional beta-VAE",
        source,
        partial(experts, hidden=hard.hidden, latent=hard.latent, dropout=hard.dropout),
        hard.epochs,
        p.beta,
        alone=("audio", "lyrics") if source.lyrics else (),
    )
    training.learn(model, p.seeds, p.folds, p.train, p.device)


if __name__ == "__main__":
    command.run(main, __doc__, Params)
