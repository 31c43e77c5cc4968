"""The files of a pretrained encoder: a folder, or a name on the Hugging Face hub, which is downloaded once."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from huggingface_hub import HfApi, constants, errors, snapshot_download
from huggingface_hub.utils import disable_progress_bars, httpx  # type: ignore[attr-defined]

from pipeline.core import cache, torchaudio_cpu
from pipeline.core.command import Problem

log = logging.getLogger(__name__)

FILES: Final = ("*.json", "*.safetensors", "*.txt", "*.model")  # never pickled weights, which can run code
CARD: Final = "README.md"  # says what an encoder was trained on; no change of it changes a vector
SECONDS: Final = 4  # to wait for the hub's first answer


@dataclass(frozen=True)
class Setting:
    """The parameters that name an encoder, and what its folder has to hold."""

    model: str  # the name of the parameter
    revision: str  # of the other parameter
    needs: tuple[str, ...]  # patterns, each of at least one file
    parts: str  # what `save_pretrained` wrote, in words
    otherwise: str  # a value of the parameter that needs no hub


@dataclass(frozen=True)
class EncoderFiles:
    """The folder of an encoder, and a text that differs for each encoder and version."""

    folder: Path
    identity: str


def find(model: str, revision: str, setting: Setting) -> EncoderFiles:
    """The files that the parameter names, complete and without pickled weights."""
    folder = Path(model).expanduser()
    if folder.is_dir():
        if revision:
            raise Problem(f"{setting.revision} is {revision!r}, but {model} is a folder: leave the revision empty")
        _complete(folder, model, setting, "")
        return EncoderFiles(folder, cache.key(files={file.name: cache.digest(file) for file in _files(folder)}))
    if model.startswith((".", "/", "~")) or folder.is_file() or ("/" in model and folder.parent.is_dir()):
        cure = f"correct {setting.model}, or set it to {setting.otherwise}"
        raise Problem(f"{setting.model} is {model}, and there is no such folder: {cure}")
    folder = _fetched(model, revision, setting)
    _complete(folder, model, setting, "a revision with it (often refs/pr/ and a number), ")
    if folder.name != revision:
        log.warning("%s changes with its branch: %s: %s pins this version", model, setting.revision, folder.name)
    return EncoderFiles(folder, f"{model}@{folder.name}")


def trained_on(folder: Path) -> str:
    """The data sets that the encoder's card names, and the encoder that it was made from; "" where it names none."""
    try:
        _, head, _ = (folder / CARD).read_text(encoding="utf-8").split("---", 2)
        card = yaml.safe_load(head)
    except (OSError, ValueError, yaml.YAMLError):  # no card, or none with a head
        return ""
    if not isinstance(card, Mapping):
        return ""
    data, base = _named(card.get("datasets")), _named(card.get("base_model"))
    return ", on top of ".join(part for part in (data, base) if part) if data else (base and f"as {base}")


def _named(value: Any) -> str:
    """A name or a list of names as one line."""
    names = value if isinstance(value, list) else [value]
    return ", ".join(" ".join(name.split()) for name in names if isinstance(name, str))


def needs_own_code(folder: Path) -> bool:
    """Whether a config asks to run Python code that lies beside the weights."""
    for file in folder.glob("*config.json"):
        try:
            config = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue  # whatever loads it says what is wrong
        if isinstance(config, dict) and config.get("auto_map"):
            return True
    return False


def quiet_transformers() -> None:
    """Silences transformers, which logs every step of loading; torchaudio has to be importable before it."""
    torchaudio_cpu.transforms()
    from transformers.utils import logging as chatter  # imported late: it takes seconds, which a full cache saves

    chatter.set_verbosity_error()
    chatter.disable_progress_bar()


def brief(error: Exception) -> str:
    """The beginning of the message of a library, in one line."""
    return " ".join(str(error).split())[:160] or type(error).__name__


def _files(folder: Path) -> list[Path]:
    return sorted({file for pattern in FILES for file in folder.glob(pattern)})


def _complete(folder: Path, model: str, setting: Setting, elsewhere: str) -> None:
    for pattern in setting.needs:
        if not any(folder.glob(pattern)):
            raise Problem(
                f"{setting.model} is {model}, which holds no {pattern}: take {elsewhere}a folder that "
                f"`save_pretrained` wrote ({setting.parts}), or {setting.otherwise}"
            )


def _fetched(name: str, revision: str, setting: Setting) -> Path:
    """The snapshot of a hub name, in a folder named after its commit; from the hub's own cache where it has it."""
    _quiet()
    asked = f"{setting.model} is {name}, revision {revision or 'main'}"
    try:
        commit = HfApi().model_info(name, revision=revision or None, timeout=SECONDS).sha
        log.info("%s: commit %s", name, commit)
        return _snapshot(name, commit, kept=False)
    except errors.HFValidationError:
        raise Problem(f"{setting.model} is {name!r}: neither a folder nor a name on the hub; correct it") from None
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError) as error:
        what = "revision" if isinstance(error, errors.RevisionNotFoundError) else "model, or none without a token"
        raise Problem(f"{asked}, and the hub has no such {what}: correct it in params.yaml") from None
    except (errors.OfflineModeIsEnabled, httpx.HTTPError, OSError):
        pass
    try:
        return _snapshot(name, revision or None, kept=True)
    except OSError:
        why = "HF_HUB_OFFLINE forbids asking the hub" if constants.is_offline_mode() else "the hub was not reachable"
        raise Problem(
            f"{asked}: {why}, and no earlier run has kept it: set {setting.model} to a folder with it, "
            f"or to {setting.otherwise}"
        ) from None


def _snapshot(name: str, revision: str | None, *, kept: bool) -> Path:
    """The files of one version of a hub name, all of them or an error."""
    return Path(
        snapshot_download(
            name, revision=revision, allow_patterns=[*FILES, CARD], ignore_patterns="*/*", local_files_only=kept
        )
    )


def _quiet() -> None:
    """Leaves the log to the lines of the stage."""
    disable_progress_bars()
    for name in ("httpx", "httpx2", "huggingface_hub"):
        logging.getLogger(name).setLevel(logging.ERROR)
