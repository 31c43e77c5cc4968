"""Stage `hard`: a conditional beta-VAE of sound and words whose latent space has facets.

One facet predicts the sound, one the words (`hard_sound`, `hard_words`), both given a label so that they learn the
rest; a joint one predicts both (`hard`), also from sound alone or lyrics alone (`hard_audio`, `hard_lyrics`). The only
reader of `beta`. Writes build/hard and models/hard.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from pipeline.core import command, params, store
from pipeline.core.params import Count, NotNegative, Number, Seeds, Share, Within
from pipeline.core.settings import Device
from pipeline.learn import view_training
from pipeline.learn.plan import Train
from pipeline.learn.segments import ViewTraining
from pipeline.learn.songs import Source, available
from pipeline.learn.view_training import ViewModel, ViewSource
from pipeline.nets.facets import JOINT, OWN
from pipeline.nets.families import in_facets
from pipeline.nets.objective import Objective


@dataclass(frozen=True)
class Hard(ViewTraining):
    condition: str
    lyrics: Literal["none", "tfidf", "tfidf_svd", "word2vec", "bert", "bert_svd", "bert_free", "bert_free_svd"]
    dropout: Annotated[Number, Within(0, 0.9)]
    power: Share
    share: Annotated[Number, Within(0.01, 0.99)]
    hidden: Count
    latent: Count
    warmup: Share
    agreement: NotNegative


@dataclass(frozen=True)
class Params:
    beta: NotNegative
    seeds: Seeds
    folds: Count
    device: Device
    train: Train
    hard: Hard


def described(p: Params, folder: Path) -> ViewModel:
    """The model with all that it reads."""
    hard = p.hard
    source = available(Source("sound", None if hard.lyrics == "none" else hard.lyrics, hard.condition))
    facets = (*OWN, JOINT)
    family = "beta-VAE" if source.condition == "none" else "conditional beta-VAE"
    return ViewModel(
        folder,
        "hard",
        {"family": f"{family} in facets", "input": "sound", "lyrics": source.lyrics or "none"}
        | {"condition": source.condition, "beta": p.beta, "power": hard.power},
        ViewSource(hard.power, hard.noise, lyrics=source.lyrics, share=hard.share, condition=source.condition),
        partial(in_facets, facets=facets, hidden=hard.hidden, latent=hard.latent, dropout=hard.dropout),
        hard.recipe(Objective(p.beta, agreement=hard.agreement), hard.warmup),
        facets=facets,
    )


def main() -> None:
    p = params.load(Params)
    model = described(p, store.fresh_folder(store.BUILD / "hard"))
    view_training.learn_views(model, p.seeds, p.folds, p.train, p.device)


if __name__ == "__main__":
    command.run(main, __doc__, Params)
