"""The files of the text encoder that params.yaml names."""

from pathlib import Path
from typing import Final

from pipeline.core import hub
from pipeline.core.command import Problem
from pipeline.core.hub import EncoderFiles

EMBEDDED: Final = "models/sample-bert"
SETTING: Final = hub.Setting(
    model="lyrics.bert.model",
    revision="lyrics.bert.revision",
    needs=("config.json", "*.safetensors", "tokenizer*"),
    parts="model and tokenizer",
    otherwise=EMBEDDED,
)


def find(model: str, revision: str) -> EncoderFiles:
    """The files that `lyrics.bert.model` names, complete and without pickled weights."""
    if model == EMBEDDED and not Path(model).is_dir():
        raise Problem(f"lyrics.bert.model is {model}, and there is no such folder: run `dvc pull`")
    return hub.find(model, revision, SETTING)
