"""dvc.yaml lists what each stage reads and writes: held by watching every file that a run opens."""

import importlib
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest
import soundfile
import yaml

ROOT = Path(__file__).parents[1]
STAGES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
# Written beside the outputs, and no output: pictures differ by a pixel from one machine to the next.
UNTRACKED = {"figures": ("reports/figures",), "pages": ("reports/_generated", "reports/shipped")}
STANDS_FOR = {"build/figures": "reports/figures"}

opened: set[str] = set()
watching = False


def watch(event: str, arguments: tuple[object, ...]) -> None:
    if watching and event == "open" and isinstance(arguments[0], str | Path):
        opened.add(str(arguments[0]))


sys.addaudithook(watch)


@pytest.fixture
def _decoders_are_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Libraries in C open sound files without Python's knowledge."""
    for module, name in ((soundfile.SoundFile, "__init__"), (av, "open")):
        original = getattr(module, name)

        def announced(*arguments: Any, original: Callable[..., Any] = original, **named: Any) -> Any:
            for argument in arguments[:2]:
                if isinstance(argument, str | Path):
                    sys.audit("open", str(argument), "r", 0)
            return original(*arguments, **named)

        monkeypatch.setattr(module, name, announced)


def outs(stage: str) -> set[str]:
    listed = [*STAGES[stage].get("outs", []), *STAGES[stage].get("metrics", [])]
    return {next(iter(out)) if isinstance(out, dict) else out for out in listed}


def inside(path: str, folders: set[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def states(root: Path) -> dict[str, int]:
    return {
        file.relative_to(root).as_posix(): file.stat().st_mtime_ns
        for top in ("build", "models", "reports", "data")
        for file in (root / top).rglob("*")
        if file.is_file()
    }


def run(stage: str, root: Path) -> tuple[set[str], set[str]]:
    """The files that a stage read and did not write, and those that it wrote, relative to the project."""
    global watching  # an audit hook has no other way to learn of it
    before = states(root)
    opened.clear()
    watching = True
    try:
        importlib.import_module(f"pipeline.{stage}").main()
    finally:
        watching = False
    after = states(root)
    written = {path for path, time in after.items() if before.get(path) != time}
    paths = {Path(path) if Path(path).is_absolute() else root / path for path in opened}
    relative = {path.relative_to(root).as_posix() for path in paths if path.is_relative_to(root)}
    return {
        path for path in relative if path.split("/")[0] in ("build", "models", "reports", "data")
    } - written, written


@pytest.fixture
def runs(
    tiny_corpus: Path,
    set_param: Callable[[str, object], None],
    monkeypatch: pytest.MonkeyPatch,
    _decoders_are_watched: None,
) -> dict[str, tuple[set[str], set[str]]]:
    monkeypatch.setattr("pipeline.core.workers.cores", lambda: 1)  # this process is the one that is watched
    (tiny_corpus / "data" / "README.md").write_text("# The card of this corpus\n", encoding="utf-8")
    (tiny_corpus / "reports").mkdir(exist_ok=True)
    for name in ("replicated.csv", "calibration.csv", "published.csv"):  # which commands write, not stages
        shutil.copy(ROOT / "reports" / name, tiny_corpus / "reports" / name)
    set_param("easy.input", "mfcc")  # reads the frames, which only some parameters do
    set_param("figures.maps", ["tsne"])  # UMAP compiles for long
    set_param("cluster.clusterers", ["kmeans", "consensus"])  # what is read and written does not depend on how many
    quick = {"seeds": [0], "crossview.tried": 1, "evaluate.shuffles": 5}
    for name, value in {**quick, "questions.betas": [1], "questions.missing": [1.0]}.items():
        set_param(name, value)
    runs = {}
    for stage in STAGES:
        monkeypatch.setenv("SURBANI_CACHE", str(tiny_corpus / "caches" / stage))  # a cached frame needs no sound file
        if stage == "ears":
            set_param("audio.encoder", "musicnn")  # an encoder listens to the files, which nothing else of ears does
            set_param("audio.hears", "both")  # and its part and ours are baselines
        runs[stage] = run(stage, tiny_corpus)
    return runs


def test_deps_and_outs_are_what_a_run_reads_and_writes(runs: dict[str, tuple[set[str], set[str]]]) -> None:
    for stage, (read, written) in runs.items():
        deps = {STANDS_FOR.get(dep, dep) for dep in STAGES[stage]["deps"] if not dep.startswith("pipeline/")}
        assert {path for path in read if not inside(path, deps)} == set(), f"{stage} reads what its deps do not list"
        idle = {dep for dep in deps if not any(inside(path, {dep}) for path in read)}
        assert idle == set(), f"{stage} does not read these deps"
        allowed = outs(stage) | set(UNTRACKED.get(stage, ()))
        assert {path for path in written if not inside(path, allowed)} == set(), f"{stage} writes what is no output"
        silent = {out for out in outs(stage) if not any(inside(path, {out}) for path in written)}
        assert silent == set(), f"{stage} does not write these outputs"
