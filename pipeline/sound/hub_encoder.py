"""Encoders of sound that transformers can load, from a folder or from the Hugging Face hub.

CLAP, AST and Whisper hear windows of their own length; Wav2Vec2, HuBERT, WavLM and others hear segments, and the vector
of a segment is the mean over time of the last hidden states. No code of an encoder's own is run, and no pickled weights
are read.
"""

import logging
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor
from torch.nn import functional

from pipeline.core import cache, hub
from pipeline.core.command import Problem
from pipeline.core.hub import EncoderFiles, Setting
from pipeline.sound.spectra import F32

log = logging.getLogger(__name__)

SETTING: Final = Setting(
    model="audio.encoder",
    revision="audio.revision",
    needs=("config.json", "*processor_config.json", "*.safetensors"),
    parts="model and feature extractor",
    otherwise="musicnn",
)
ON_GPU: Final = 32  # windows at once; on a CPU one at a time, so that a vector does not depend on its neighbours
RECIPE: Final = 1  # raise it when the numbers change: what was kept is then computed anew
UNUSED: Final = ("masked_spec_embed", "decoder.")  # weights that no vector depends on, so a file may lack them
AST_FRAMES: Final = 100  # per second


@dataclass(frozen=True)
class Heard:
    """What an encoder makes of each window of a wave."""

    vectors: Float32[F32, "window number"]
    tags: Float32[F32, "window tag"]  # probabilities


class HubEncoder:
    """An encoder on a device; its weights are loaded when it first hears something."""

    def __init__(self, model: str, revision: str, segment_seconds: float, device: str = "cpu") -> None:
        files = _found(model, revision)
        self._parts = _prepared(files, model)
        self._files, self._device = files, torch.device(device)
        self._bf16 = self._device.type == "cuda" and torch.cuda.is_bf16_supported()
        self.rate: int = self._parts.extractor.sampling_rate
        self.seconds: float = _own_window(self._parts.extractor) or segment_seconds
        folder = Path(model).expanduser()
        self.name: str = folder.resolve().name if folder.is_dir() else model
        self.revision: str = "" if folder.is_dir() else files.folder.name  # of the hub, which pins this version
        self.trained_on: str = hub.trained_on(files.folder) or "not stated by its files"
        self.tag_names: tuple[str, ...] = self._parts.tags

    @property
    def identity(self) -> str:
        """A text that is another for other weights, or for another way to compute."""
        return cache.key(files=self._files.identity, seconds=self.seconds, bf16=self._bf16, recipe=RECIPE)

    def hear(self, wave: Float32[F32, " time"]) -> Heard:
        """What is heard in each whole window of a wave; a shorter wave is repeated."""
        windows = cut(wave, round(self.seconds * self.rate))
        model = _loaded(self._parts, self._device)
        together = ON_GPU if self._device.type == "cuda" else 1
        heard = [self._hear(model, windows[start : start + together]) for start in range(0, len(windows), together)]
        vectors, tags = (np.concatenate(arrays) for arrays in zip(*heard, strict=True))
        if not np.isfinite(vectors).all():
            raise Problem(f"audio.encoder is {self._parts.model}, which gives numbers that are not finite: {CURE}")
        return Heard(vectors, tags)

    def _hear(self, model: Any, windows: Float32[F32, "window time"]) -> tuple[F32, F32]:
        """Vectors and tags of windows that are computed together."""
        try:
            inputs = self._parts.extractor(list(windows), sampling_rate=self.rate, return_tensors="pt")
            features = inputs[model.main_input_name].to(self._device)
            with torch.inference_mode(), torch.autocast(self._device.type, torch.bfloat16, enabled=self._bf16):
                vectors, tags = self._parts.kind.hear(model, features)
        except Exception as error:  # such as a model that reads texts, or sound together with texts
            raise _problem(self._parts.model, "hears no sound", error) from error
        return vectors.float().cpu().numpy(), tags.float().cpu().numpy()


CURE: Final = "take another folder or revision"


def cut(wave: Float32[F32, " time"], step: int) -> Float32[F32, "window time"]:
    """The whole windows of a wave, one after another."""
    if not len(wave):
        raise ValueError("a wave without samples has no window")
    if len(wave) < step:
        wave = np.resize(wave, step)
    return wave[: len(wave) // step * step].reshape(-1, step)


# --- kinds of encoders ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kind:
    """How encoders of a kind are loaded and heard."""

    load: Callable[[Path, Any], tuple[Any, Mapping[str, Any]]]  # folder, config -> model, what was found in the files
    hear: Callable[[Any, Float[Tensor, "window *sound"]], tuple[Tensor, Tensor]]  # vectors and tags


def _load(folder: Path, kind: Any, config: Any) -> tuple[Any, Mapping[str, Any]]:
    model, report = kind.from_pretrained(
        folder, config=config, local_files_only=True, use_safetensors=True, dtype=torch.float32,
        output_loading_info=True,
        trust_remote_code=False,  # or it would ask the person whether to run the model's own code
    )  # fmt: skip
    return model, report


def _load_clap(folder: Path, config: Any) -> tuple[Any, Mapping[str, Any]]:
    """The half that hears; the other half reads."""
    from transformers import ClapAudioModelWithProjection

    return _load(folder, ClapAudioModelWithProjection, config.audio_config)


def _hear_clap(model: Any, features: Float[Tensor, "window *sound"]) -> tuple[Tensor, Tensor]:
    """What ClapModel.get_audio_features gives: unit length."""
    longer = torch.zeros(len(features), 1, dtype=torch.bool, device=features.device)  # else drawn at random
    vectors = functional.normalize(model(features, is_longer=longer).audio_embeds.float(), dim=-1)
    return vectors, vectors[:, :0]


def _load_ast(folder: Path, config: Any) -> tuple[Any, Mapping[str, Any]]:
    from transformers import ASTForAudioClassification, ASTModel

    return _load(folder, ASTForAudioClassification if _ast_tags(config) else ASTModel, config)


def _hear_ast(model: Any, features: Float[Tensor, "window *sound"]) -> tuple[Tensor, Tensor]:
    """The mean of its two summaries, which is what its classifier reads."""
    base = getattr(model, "audio_spectrogram_transformer", model)
    vectors = base(features).pooler_output
    if base is model:
        return vectors, vectors[:, :0]
    scores = model.classifier(vectors).float()
    one_label = model.config.problem_type == "single_label_classification"
    return vectors, scores.softmax(1) if one_label else scores.sigmoid()


def _ast_tags(config: Any) -> tuple[str, ...]:
    """The labels of an AST that has a classifier."""
    has_classifier = "ASTForAudioClassification" in (config.architectures or ())
    return tuple(config.id2label[number] for number in range(config.num_labels)) if has_classifier else ()


def _load_any(folder: Path, config: Any) -> tuple[Any, Mapping[str, Any]]:
    """The encoder alone of a model that writes, too, such as Whisper."""
    from transformers import AutoModel

    model, report = _load(folder, AutoModel, config)
    return model.get_encoder() if config.is_encoder_decoder else model, report


def _hear_any(model: Any, features: Float[Tensor, "window *sound"]) -> tuple[Tensor, Tensor]:
    """The mean over time. All of it is sound, so that no mask is needed."""
    hidden = model(features).last_hidden_state
    if hidden.ndim != 3:
        raise ValueError(f"its last hidden state has {hidden.ndim} axes, not window, time and number")
    vectors = hidden.float().mean(dim=1)
    return vectors, vectors[:, :0]


KINDS: Final = {
    "clap": Kind(_load_clap, _hear_clap),
    "audio-spectrogram-transformer": Kind(_load_ast, _hear_ast),
}
OTHER: Final = Kind(_load_any, _hear_any)


def _own_window(extractor: Any) -> float | None:
    """The seconds that an encoder hears at once; None where it takes any length."""
    if samples := getattr(extractor, "nb_max_samples", None) or getattr(extractor, "n_samples", None):
        return float(samples / extractor.sampling_rate)  # CLAP, Whisper
    frames = getattr(extractor, "max_length", None)
    return frames / AST_FRAMES if frames and hasattr(extractor, "num_mel_bins") else None  # AST


# --- files ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Parts:
    """An encoder without its weights."""

    model: str  # as params.yaml names it
    files: EncoderFiles
    kind: Kind
    config: Any
    extractor: Any
    tags: tuple[str, ...]


@lru_cache(8)
def _found(model: str, revision: str) -> EncoderFiles:
    """The files; looked for once, so that a branch which moves meanwhile makes no mixture."""
    return hub.find(model, revision, SETTING)


def _prepared(files: EncoderFiles, model: str) -> Parts:
    """The config and the feature extractor of an encoder."""
    if hub.needs_own_code(files.folder):
        raise Problem(
            f"audio.encoder is {model}, which needs Python code of its own, and no such code is run: take an encoder "
            "whose kind is part of transformers, or musicnn"
        )
    hub.quiet_transformers()
    from transformers import AutoConfig, AutoFeatureExtractor

    try:
        with warnings.catch_warnings(action="ignore"):
            config = AutoConfig.from_pretrained(files.folder, local_files_only=True, trust_remote_code=False)
            extractor: Any = AutoFeatureExtractor.from_pretrained(
                files.folder, local_files_only=True, trust_remote_code=False
            )
    except Exception as error:  # whatever transformers raises on a broken file
        raise _problem(model, "cannot be loaded", error) from error
    if not isinstance(getattr(extractor, "sampling_rate", None), int):
        raise Problem(f"audio.encoder is {model}, whose feature extractor has no sampling rate: {CURE}")
    kind = KINDS.get(config.model_type, OTHER)
    tags = _ast_tags(config) if config.model_type == "audio-spectrogram-transformer" else ()
    return Parts(model, files, kind, config, extractor, tags)


def _loaded(parts: Parts, device: torch.device) -> Any:
    """The model of an encoder on a device, read once."""
    key = (parts.files.folder, parts.files.identity, device)
    if key not in _models:
        _models.clear()
        _models[key] = _read(parts).eval().to(device)
    return _models[key]


_models: dict[tuple[Path, str, torch.device], Any] = {}


def _read(parts: Parts) -> Any:
    """The weights; those that do not fit the config are refused."""
    try:
        with warnings.catch_warnings(action="ignore"):
            model, report = parts.kind.load(parts.files.folder, parts.config)
    except Exception as error:  # whatever transformers raises on a broken file
        raise _problem(parts.model, "cannot be loaded", error) from error
    absent = sorted(name for name in report["missing_keys"] if not name.startswith(UNUSED))
    if absent:
        raise Problem(f"audio.encoder is {parts.model}, whose weights lack {absent[0]} ({len(absent)}): {CURE}")
    weights = sum(weight.numel() for weight in model.parameters())
    log.info("%s: %.1f million weights", parts.model, weights / 1e6)
    return model


def _problem(model: str, fails: str, error: Exception) -> Problem:
    return Problem(f"audio.encoder is {model}, which {fails} ({hub.brief(error)}): {CURE}")
