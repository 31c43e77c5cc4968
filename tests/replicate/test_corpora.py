"""Replicates run the same code and stages as the released corpus, with fewer fits."""

import shutil
from pathlib import Path

import pytest
import yaml

from pipeline.core.command import Problem
from pipeline.replicate import corpora

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(workspace: Path) -> Path:
    """A project of its own, with the code as it is."""
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(ROOT / name, workspace / name)
    shutil.copytree(ROOT / "pipeline", workspace / "pipeline", ignore=shutil.ignore_patterns("__pycache__"))
    return workspace


def test_a_replicate_has_the_code_and_the_parameters_but_for_fewer_fits(project: Path) -> None:
    made = corpora.prepared(301, 180)
    params = yaml.safe_load((made.folder / "params.yaml").read_text(encoding="utf-8"))
    whole = yaml.safe_load((project / "params.yaml").read_text(encoding="utf-8"))
    changed = {name for name in params if params[name] != whole[name]}
    assert changed == {name.split(".")[0] for name in corpora.FEWER}
    assert (made.folder / "pipeline" / "evaluate.py").read_bytes() == (project / "pipeline/evaluate.py").read_bytes()


def test_stages_that_draw_do_not_run(project: Path) -> None:  # noqa: ARG001
    assert {"figures", "pages"}.isdisjoint(corpora.stages()["stages"])
    assert set(corpora.SCORED) <= set(corpora.stages()["stages"])


def test_every_parameter_that_is_left_is_read(project: Path) -> None:  # noqa: ARG001
    read = {name for stage in corpora.stages()["stages"].values() for name in stage.get("params", [])}
    assert set(corpora.parameters()) == read


def test_songs_and_results_of_an_earlier_run_stay(project: Path) -> None:  # noqa: ARG001
    song = corpora.prepared(301, 180).folder / "data" / "tracks.csv"
    song.parent.mkdir()
    song.write_text("id,audio\n", encoding="utf-8")
    corpora.prepared(301, 180).sing()  # does nothing: the songs are there
    assert song.read_text(encoding="utf-8") == "id,audio\n"


def test_the_digest_of_the_code_changes_with_the_code(project: Path) -> None:
    before = corpora.code()
    assert corpora.code() == before
    file = project / "pipeline" / "evaluate.py"
    file.write_text(file.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert corpora.code() != before


def test_a_command_that_fails_is_named(project: Path) -> None:  # noqa: ARG001
    with pytest.raises(Problem, match=r"`python3? .*` in build/replicates/9 returned 3|returned 3"):
        corpora.run(corpora.prepared(9, 20).folder, "python", "-c", "raise SystemExit(3)")
