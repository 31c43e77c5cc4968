"""A project whose stages have run: twelve songs of two languages and what small models made of them."""

import importlib
import shutil
from pathlib import Path

import pytest

from pipeline.core import workers

STAGES = ("tracks", "audio", "ears", "lyrics", "hard", "crossview")


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the outputs of the stages are kept between the tests of a session."""
    return tmp_path_factory.mktemp("library") / "made"


@pytest.fixture
def project(request: pytest.FixtureRequest, workspace: Path, _made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder, which is the current one."""
    monkeypatch.setattr(workers, "cores", lambda: 1)
    if _made.exists():
        shutil.copytree(_made, workspace, dirs_exist_ok=True)
        return workspace
    request.getfixturevalue("tiny_corpus")
    set_param = request.getfixturevalue("set_param")
    for name, value in {"seeds": [0], "crossview.tried": 1, "cluster.k": 2}.items():
        set_param(name, value)
    for stage in STAGES:
        importlib.import_module(f"pipeline.{stage}").main()
    shutil.copytree(workspace, _made)
    return workspace
