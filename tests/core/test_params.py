"""params.yaml: what is meant gets through, and every slip is told with its cure."""

import dataclasses
import importlib
import json
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core import params
from pipeline.core.command import Problem
from pipeline.core.params import Count, NotNegative, Within

ROOT = Path(__file__).parents[2]
STAGES = list(yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"])


@dataclass(frozen=True)
class Train:
    epochs: Count
    rate: Annotated[float, Within(0, 1)]
    kind: Literal["auto", "cpu"]
    sizes: tuple[Count, ...]
    shuffle: bool
    name: str
    limit: int | None


@dataclass(frozen=True)
class Params:
    beta: NotNegative
    train: Train


TRAIN: dict[str, object] = {
    "epochs": 3, "rate": 0.5, "kind": "cpu", "sizes": [4, 2], "shuffle": True, "name": "a", "limit": None,
}  # fmt: skip


def load(text: str) -> Params:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "params.yaml"
        file.write_text(text, encoding="utf-8")
        return params.load(Params, file)


def told(**changes: object) -> str:
    """A params.yaml with some parameters of `train` changed."""
    return yaml.safe_dump({"beta": 1.0, "train": TRAIN | changes})


def without(name: str) -> str:
    return yaml.safe_dump({"beta": 1.0, "train": {key: value for key, value in TRAIN.items() if key != name}})


def test_what_is_written_is_what_is_read() -> None:
    assert load(told()) == Params(1.0, Train(3, 0.5, "cpu", (4, 2), True, "a", None))


@pytest.mark.parametrize(
    ("written", "meant"),
    [("4", 4.0), ("1e-3", 0.001), ("1E3", 1000.0), ("'0.5'", 0.5), ("0", 0.0), ("2.5", 2.5)],
)
def test_every_way_to_write_a_number_gives_a_float(written: str, meant: float) -> None:
    beta = load(f"beta: {written}\ntrain: {json.dumps(TRAIN)}").beta
    assert beta == meant
    assert isinstance(beta, float)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epoch": 3}, r"unknown parameter train\.epoch; did you mean train\.epochs\?"),
        ({"zzzzzz": 3}, r"unknown parameter train\.zzzzzz; known are epochs, kind"),
        ({7: 3}, r"unknown parameter train\.7; known are"),
        ({"epochs": "three"}, r"train\.epochs is 'three' in params\.yaml; it must be a whole number"),
        ({"epochs": 3.0}, r"train\.epochs is 3\.0 .* a whole number"),
        ({"epochs": True}, r"train\.epochs is True .* a whole number"),
        ({"epochs": None}, r"train\.epochs is None .* a whole number"),
        ({"epochs": 0}, r"train\.epochs is 0 .* at least 1$"),
        ({"epochs": [1]}, r"train\.epochs is \[1\] .* a whole number"),
        ({"rate": "fast"}, r"train\.rate is 'fast' .* a number"),
        ({"rate": False}, r"train\.rate is False .* a number"),
        ({"rate": 1.5}, r"train\.rate is 1\.5 .* at least 0 and at most 1$"),
        ({"rate": -1}, r"train\.rate is -1\.0 .* at least 0"),
        ({"rate": math.nan}, r"train\.rate is nan .* at least 0"),
        ({"rate": "nan"}, r"train\.rate is nan .* at least 0"),
        ({"kind": "gpu"}, r"train\.kind is 'gpu' .* one of auto, cpu"),
        ({"kind": ["cpu"]}, r"train\.kind is \['cpu'\] .* one of auto, cpu"),
        ({"sizes": 4}, r"train\.sizes is 4 .* a list"),
        ({"sizes": "42"}, r"train\.sizes is '42' .* a list"),
        ({"sizes": [4, "x"]}, r"train\.sizes\[1\] is 'x' .* a whole number"),
        ({"sizes": [4, 0]}, r"train\.sizes\[1\] is 0 .* at least 1"),
        ({"shuffle": 1}, r"train\.shuffle is 1 .* true or false"),
        ({"shuffle": "yes"}, r"train\.shuffle is 'yes' .* true or false"),
        ({"name": 5}, r"train\.name is 5 .* text"),
        ({"limit": "x"}, r"train\.limit is 'x' .* a whole number"),
    ],
    ids=lambda value: next(iter(f"{k}={v}" for k, v in value.items())) if isinstance(value, dict) else "",
)
def test_a_slip_is_told_with_its_cure(changes: dict[str, object], message: str) -> None:
    with pytest.raises(Problem, match=message) as caught:
        load(told(**changes) if all(isinstance(key, str) for key in changes) else told() + "  7: 3\n")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", TRAIN)
def test_a_missing_parameter_is_named(name: str) -> None:
    with pytest.raises(Problem, match=rf"parameter train\.{name} is missing in params\.yaml"):
        load(without(name))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"betta: 2\ntrain: {json.dumps(TRAIN)}", r"parameter beta is missing .*; did you mean it by betta\?"),
        (f"train: {json.dumps(TRAIN)}", r"parameter beta is missing in params\.yaml; `git diff"),
        ("beta: 1\n", r"parameter train is missing"),
        ("beta: 1\ntrain: 5\n", r"train is 5 in params\.yaml; it must be a section"),
        ("beta: 1\ntrain:\n", r"train is None in params\.yaml; it must be a section"),
        ("beta: 1\ntrain: [1, 2]\n", r"train is \[1, 2\] .* a section"),
        ("", r"holds no parameters: run `git checkout"),
        ("# only a comment\n", r"holds no parameters"),
        ("- 1\n- 2\n", r"holds no parameters"),
        ("just words\n", r"holds no parameters"),
        ("beta: 1\n train: [\n", r"line \d+ is not YAML: .*: mend it"),
        ("beta: 'open\n", r"line \d+ is not YAML"),
        ("beta: \tx: 1\n", r"line 1 is not YAML"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused(text: str, message: str) -> None:
    with pytest.raises(Problem, match=message) as caught:
        load(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("written", [".inf", "inf", "1e999"])
def test_no_number_is_infinite(written: str) -> None:
    with pytest.raises(Problem, match="beta is inf"):
        load(f"beta: {written}\ntrain: {json.dumps(TRAIN)}")


@pytest.mark.parametrize("raw", [b"beta: \xff\xfe\n", b"beta: 1\x00\n"], ids=["not UTF-8", "a control character"])
def test_a_file_that_is_no_text_is_refused(raw: bytes, tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_bytes(raw)
    with pytest.raises(Problem, match=r"params\.yaml") as caught:
        params.load(Params, tmp_path / "params.yaml")
    assert "\n" not in str(caught.value)


def test_a_missing_file_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"params\.yaml is missing: .* `git checkout"):
        params.load(Params, tmp_path / "params.yaml")


def test_sections_of_other_stages_are_known_from_dvc_yaml(tmp_path: Path) -> None:
    raw = {"beta": 1, "train": TRAIN, "other": {"a": 1}}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(raw), encoding="utf-8")
    stages = {"stages": {"one": {"params": ["beta", "train"]}, "two": {"params": ["other"]}, "three": {}}}
    (tmp_path / "dvc.yaml").write_text(yaml.safe_dump(stages), encoding="utf-8")
    assert params.load(Params, tmp_path / "params.yaml").beta == 1
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(raw | {"othe": 1}), encoding="utf-8")
    with pytest.raises(Problem, match=r"unknown parameter othe; did you mean other\?"):
        params.load(Params, tmp_path / "params.yaml")


finite = st.floats(0, 1e6, allow_nan=False)
trains = st.builds(
    Train,
    epochs=st.integers(1, 10**9),
    rate=st.floats(0, 1),
    kind=st.sampled_from(["auto", "cpu"]),
    sizes=st.lists(st.integers(1, 999)).map(tuple),
    shuffle=st.booleans(),
    name=st.text(st.characters(codec="utf-8")),
    limit=st.none() | st.integers(),
)


@given(st.builds(Params, beta=finite, train=trains))
def test_any_parameters_survive_the_file(some: Params) -> None:
    assert load(yaml.safe_dump(dataclasses.asdict(some), allow_unicode=True)) == some


def listed(value: Any) -> Any:
    """Tuples as lists: what YAML knows."""
    if isinstance(value, dict):
        return {key: listed(item) for key, item in value.items()}
    return [listed(item) for item in value] if isinstance(value, tuple) else value


@pytest.mark.parametrize("stage", STAGES)
def test_the_real_file_suits_every_stage(stage: str) -> None:
    kind = getattr(importlib.import_module(f"pipeline.{stage}"), "Params", None)
    if kind is None:
        assert "params" not in yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"][stage]
        return
    raw = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    loaded = dataclasses.asdict(params.load(kind, ROOT / "params.yaml"))
    assert listed(loaded) == {name: raw[name] for name in loaded}
