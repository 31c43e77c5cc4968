"""The files of the text encoder that params.yaml names."""

from typing import Final

from pipeline.core import hub
from pipeline.core.hub import EncoderFiles

SETTING: Final = hub.Setting(
    model="lyrics.bert.model",
    revision="lyrics.bert.revision",
    needs=("config.json", "*.safetensors", "tokenizer*"),
    parts="model and tokenizer",
    otherwise="e5",
)


def find(model: str, revision: str) -> EncoderFiles:
    """The files that `lyrics.bert.model` names, complete and without pickled weights."""
    return hub.find(model, revision, SETTING)
