"""The digest of a stage's inputs changes with each of them, and with nothing else."""

from collections.abc import Callable
from pathlib import Path

from pipeline.core.inputs import inputs_digest


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def test_it_changes_with_files_and_parameters_and_with_nothing_else(
    workspace: Path, set_param: Callable[[str, object], None]
) -> None:
    write(workspace / "build" / "cluster" / "labels.npy", "labels")
    write(workspace / "pipeline" / "draw" / "maps.py", "code")
    digests = [inputs_digest("figures")]
    write(workspace / "pipeline" / "draw" / "__pycache__" / "maps.pyc", "compiled")
    write(workspace / "data" / "audio" / "song.ogg", "a song")
    set_param("easy.epochs", 3)
    assert inputs_digest("figures") == digests[0]
    write(workspace / "build" / "cluster" / "labels.npy", "other labels")
    digests.append(inputs_digest("figures"))
    write(workspace / "pipeline" / "draw" / "maps.py", "other code")
    digests.append(inputs_digest("figures"))
    set_param("figures.seed", 1)
    digests.append(inputs_digest("figures"))
    assert len(set(digests)) == 4
