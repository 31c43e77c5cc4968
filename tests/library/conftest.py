"""A project whose stages have run: twelve songs of two languages and what small models made of them."""

import importlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

STAGES = ("tracks", "audio", "ears", "lyrics", "hard", "crossview")


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the outputs of the stages are kept between the tests of a session."""
    return tmp_path_factory.mktemp("library") / "made"


@pytest.fixture
def project(tiny_corpus: Path, set_param: Callable[[str, object], None], _made: Path) -> Path:
    """The folder, which is the current one."""
    set_param("seeds", [0])
    set_param("crossview.tried", 1)
    set_param("cluster.k", 2)
    if not _made.exists():
        for stage in STAGES:
            importlib.import_module(f"pipeline.{stage}").main()
        for name in ("build", "models"):
            shutil.copytree(tiny_corpus / name, _made / name)
    for name in ("build", "models"):
        shutil.copytree(_made / name, tiny_corpus / name, dirs_exist_ok=True)
    return tiny_corpus
