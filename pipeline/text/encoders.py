"""The files of a text encoder: a folder, or a name on the Hugging Face hub, which is downloaded once."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from huggingface_hub import HfApi, constants, errors, snapshot_download
from huggingface_hub.utils import disable_progress_bars, httpx  # type: ignore[attr-defined]

from pipeline.core import cache
from pipeline.core.command import Problem

log = logging.getLogger(__name__)

EMBEDDED: Final = "models/sample-bert"
FILES: Final = ("*.json", "*.safetensors", "*.txt", "*.model")  # never pickled weights, which can run code
SECONDS: Final = 4  # to wait for the hub's first answer


@dataclass(frozen=True)
class EncoderFiles:
    """The folder of an encoder, and a text that differs for each encoder and version."""

    folder: Path
    identity: str


def find(model: str, revision: str) -> EncoderFiles:
    """The files that `lyrics.bert.model` names, complete and without pickled weights."""
    folder = Path(model).expanduser()
    if folder.is_dir():
        if revision:
            raise Problem(f"lyrics.bert.revision is {revision!r}, but {model} is a folder: leave the revision empty")
        _complete(folder, model)
        return EncoderFiles(folder, cache.key(files={file.name: cache.digest(file) for file in _files(folder)}))
    if model.startswith((".", "/", "~")) or folder.is_file() or ("/" in model and folder.parent.is_dir()):
        cure = "run `dvc pull`" if model == EMBEDDED else f"correct lyrics.bert.model, or set it to {EMBEDDED}"
        raise Problem(f"lyrics.bert.model is {model}, and there is no such folder: {cure}")
    folder = _fetched(model, revision)
    _complete(folder, model)
    if folder.name != revision:
        log.warning("%s changes with its branch: lyrics.bert.revision: %s pins this version", model, folder.name)
    return EncoderFiles(folder, f"{model}@{folder.name}")


def _files(folder: Path) -> list[Path]:
    return sorted({file for pattern in FILES for file in folder.glob(pattern)})


def _complete(folder: Path, model: str) -> None:
    for pattern in ("config.json", "*.safetensors", "tokenizer*"):
        if not any(folder.glob(pattern)):
            raise Problem(
                f"lyrics.bert.model is {model}, which holds no {pattern}: take a folder that `save_pretrained` wrote "
                f"(model and tokenizer), or {EMBEDDED}"
            )


def _fetched(name: str, revision: str) -> Path:
    """The snapshot of a hub name, in a folder named after its commit; from the hub's own cache where it has it."""
    _quiet()
    asked = f"lyrics.bert.model is {name}, revision {revision or 'main'}"
    try:
        commit = HfApi().model_info(name, revision=revision or None, timeout=SECONDS).sha
        log.info("%s: commit %s", name, commit)
        return _snapshot(name, commit, kept=False)
    except errors.HFValidationError:
        raise Problem(f"lyrics.bert.model is {name!r}: neither a folder nor a name on the hub; correct it") from None
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
            f"{asked}: {why}, and no earlier run has kept it: set lyrics.bert.model to a folder with it, "
            f"or to the embedded {EMBEDDED}"
        ) from None


def _snapshot(name: str, revision: str | None, *, kept: bool) -> Path:
    """The files of one version of a hub name, all of them or an error."""
    return Path(
        snapshot_download(
            name, revision=revision, allow_patterns=list(FILES), ignore_patterns="*/*", local_files_only=kept
        )
    )


def _quiet() -> None:
    """Leaves the log to the lines of the stage."""
    disable_progress_bars()
    for name in ("httpx", "httpx2", "huggingface_hub"):
        logging.getLogger(name).setLevel(logging.ERROR)
