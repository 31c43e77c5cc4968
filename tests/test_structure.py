"""The house keeps its shape: files are stages, folders are rooms, dvc.yaml lists what a stage imports."""

import ast
import dataclasses
import importlib
import re
import statistics
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
STAGES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]


def module_file(name: str) -> Path | None:
    """The file of one of our own modules."""
    path = ROOT / (name.replace(".", "/") + ".py")
    return path if path.exists() else None


def imported(file: Path) -> set[Path]:
    """Our own files that `file` imports, also inside functions."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {found for name in names if (found := module_file(name))}


def closure(file: Path) -> set[Path]:
    """`file` and all of our own files that it leads to."""
    seen, ahead = set(), {file}
    while ahead:
        here = ahead.pop()
        seen.add(here)
        ahead |= imported(here) - seen
    return seen


@pytest.mark.parametrize("name", STAGES)
def test_code_deps_cover_the_import_closure_and_nothing_else(name: str) -> None:
    """A dep is a file of the closure, or a room that holds at least one."""
    listed = {dep for dep in STAGES[name]["deps"] if dep.startswith("pipeline/") and not dep.endswith(".txt")}
    needed = {path.relative_to(ROOT).as_posix() for path in closure(ROOT / "pipeline" / f"{name}.py")}
    covers = {dep: {path for path in needed if path == dep or path.startswith(f"{dep}/")} for dep in listed}
    assert set().union(*covers.values()) == needed
    assert [dep for dep, paths in covers.items() if not paths] == []


def test_the_files_of_pipeline_are_the_stages() -> None:
    assert {path.stem for path in (ROOT / "pipeline").glob("*.py")} == set(STAGES)
    assert not list((ROOT / "models").rglob("*.py"))


@pytest.mark.parametrize("name", STAGES)
def test_params_are_the_fields_of_params(name: str) -> None:
    fields = {field.name for field in dataclasses.fields(importlib.import_module(f"pipeline.{name}").Params)}
    assert set(STAGES[name].get("params", [])) == fields


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_is_run_by_its_own_name(name: str) -> None:
    assert STAGES[name]["cmd"] == f"python -m pipeline.{name}"


def test_every_section_of_params_is_read_by_some_stage() -> None:
    sections = set(yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8")))
    assert sections == {name for stage in STAGES.values() for name in stage.get("params", [])}


def test_only_hard_reads_beta() -> None:
    assert [name for name, stage in STAGES.items() if "beta" in stage.get("params", [])] == ["hard"]


def test_no_stage_writes_where_data_lie() -> None:
    outs = [next(iter(out)) if isinstance(out, dict) else out for stage in STAGES.values() for out in stage["outs"]]
    assert not [out for out in outs if out.startswith("data")]


def room(file: Path) -> str:
    """The folder of pipeline/ that holds `file`, or the name of the stage that it is."""
    return file.relative_to(ROOT / "pipeline").parts[0]


def test_few_arrows_lead_from_room_to_room() -> None:
    files = (ROOT / "pipeline").rglob("*.py")
    arrows = {(room(file), room(target)) for file in files for target in imported(file)}
    limit = 85  # library/, a top floor, uses all rooms; intake/ has four arrows and player/ two
    assert len({(start, end) for start, end in arrows if start != end}) <= limit


def test_a_function_fits_a_screen() -> None:
    lengths = {
        f"{file.relative_to(ROOT)}: {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for file in (ROOT / "pipeline").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    }
    assert {name: length for name, length in lengths.items() if length > 45} == {}
    assert statistics.median(lengths.values()) <= 8


VAGUE = {"found", "one", "other", "own", "some", "here", "there"}


def test_variables_are_named_after_what_they_hold() -> None:
    vague = []
    for file in (ROOT / "pipeline").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.arg | ast.Name):
                name = node.arg if isinstance(node, ast.arg) else node.id
                vague += [f"{file.relative_to(ROOT)}:{node.lineno} {name}"] if name in VAGUE else []
    assert vague == []


def test_people_are_told_little() -> None:
    """The project says `shows`, `predicts`, `names`: a private dialect of `told` and `tells` was hard to read."""
    texts = [*(ROOT / "pipeline").rglob("*.*"), *(ROOT / "reports").glob("*.qmd")]
    texts += [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "params.yaml")]
    words = [
        word
        for file in texts
        if file.is_file() and file.suffix != ".pyc"
        for word in re.findall(r"\b(?:told|tells)\b", file.read_text(encoding="utf-8"))
    ]
    assert len(words) <= 40


def test_models_are_listed_with_type_description_and_labels() -> None:
    described = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
    outs = {
        out for stage in described["stages"].values() for out in stage.get("outs", []) if str(out).startswith("models/")
    }
    assert {artifact["path"] for artifact in described["artifacts"].values()} == outs
    for artifact in described["artifacts"].values():
        assert artifact["type"] == "model"
        assert artifact["desc"]
        assert artifact["labels"]


def test_the_stages_are_read_in_a_minute() -> None:
    assert len((ROOT / "dvc.yaml").read_text(encoding="utf-8").splitlines()) <= 360
    assert all(stage["desc"] for stage in STAGES.values())
