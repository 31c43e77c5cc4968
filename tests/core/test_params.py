"""params.yaml: right values are read, and each error comes with its cure."""

import dataclasses
import importlib
import json
import math
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BeforeValidator

from pipeline import tracks
from pipeline.core import params
from pipeline.core.command import Problem, guarded
from pipeline.core.params import Count, Layers, NotNegative, Number, Rule, Within

ROOT = Path(__file__).parents[2]
AT_MOST = "at most train.epochs ({epochs})"
STAGES = list(yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"])


@dataclass(frozen=True)
class Train:
    epochs: Count
    rate: Annotated[Number, Within(0, 1)]
    kind: Literal["auto", "cpu"]
    sizes: Layers
    shuffle: bool
    name: str
    limit: Annotated[int | None, Rule(lambda limit, train: limit is None or limit <= train["epochs"], AT_MOST)]


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


def written(**changes: object) -> str:
    """A params.yaml with some parameters of `train` changed."""
    return yaml.safe_dump({"beta": 1.0, "train": TRAIN | changes})


def without(name: str) -> str:
    return yaml.safe_dump({"beta": 1.0, "train": {key: value for key, value in TRAIN.items() if key != name}})


def test_what_is_written_is_what_is_read() -> None:
    assert load(written()) == Params(1.0, Train(3, 0.5, "cpu", (4, 2), True, "a", None))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("4", 4.0), ("1e-3", 0.001), ("1E3", 1000.0), ("'0.5'", 0.5), ("0", 0.0), ("2.5", 2.5)],
)
def test_every_way_to_write_a_number_gives_a_float(text: str, expected: float) -> None:
    beta = load(f"beta: {text}\ntrain: {json.dumps(TRAIN)}").beta
    assert beta == expected
    assert isinstance(beta, float)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epoch": 3}, r"unknown parameter train\.epoch; did you mean train\.epochs\?"),
        ({"zzzzzz": 3}, r"unknown parameter train\.zzzzzz; known are epochs, kind"),
        ({7: 3}, r"unknown parameter train\.7; known are"),
        ({"a\nb": 3}, r"unknown parameter train\.a\\nb; known are"),
        ({"epochs": "three"}, r'train\.epochs is "three" in params\.yaml; it must be a whole number'),
        ({"epochs": "5"}, r'train\.epochs is "5" .* a whole number'),
        ({"epochs": 3.0}, r"train\.epochs is 3\.0 .* a whole number"),
        ({"epochs": True}, r"train\.epochs is true .* a whole number"),
        ({"epochs": None}, r"train\.epochs is null .* a whole number"),
        ({"epochs": 0}, r"train\.epochs is 0 .* at least 1$"),
        ({"epochs": [1]}, r"train\.epochs is \[1\] .* a whole number"),
        ({"epochs": {"a": 1}}, r'train\.epochs is \{"a": 1\} .* a whole number'),
        ({"rate": "fast"}, r'train\.rate is "fast" .* a number'),
        ({"rate": False}, r"train\.rate is false .* a number"),
        ({"rate": 1.5}, r"train\.rate is 1\.5 .* at most 1$"),
        ({"rate": -1}, r"train\.rate is -1 .* at least 0$"),
        ({"rate": math.nan}, r"train\.rate is NaN .* a finite number"),
        ({"rate": "nan"}, r"train\.rate is NaN .* a finite number"),
        ({"kind": "gpu"}, r"train\.kind is \"gpu\" .* one of 'auto' or 'cpu'"),
        ({"kind": ["cpu"]}, r"train\.kind is \[\"cpu\"\] .* one of 'auto' or 'cpu'"),
        ({"sizes": 4}, r"train\.sizes is 4 .* a list"),
        ({"sizes": []}, r"train\.sizes is \[\] .* a list of at least one$"),
        ({"sizes": "42"}, r'train\.sizes is "42" .* a list'),
        ({"sizes": [4, "x"]}, r'train\.sizes\[1\] is "x" .* a whole number'),
        ({"sizes": [0]}, r"train\.sizes\[0\] is 0 .* at least 1"),
        ({"shuffle": 1}, r"train\.shuffle is 1 .* true or false"),
        ({"shuffle": "yes"}, r'train\.shuffle is "yes" .* true or false'),
        ({"name": 5}, r"train\.name is 5 .* text"),
        ({"limit": "x"}, r'train\.limit is "x" .* a whole number'),
        ({"limit": 4}, r"train\.limit is 4 in params\.yaml; it must be at most train\.epochs \(3\)"),
    ],
    ids=lambda value: next(iter(f"{k}={v}" for k, v in value.items())) if isinstance(value, dict) else "",
)
def test_a_wrong_value_is_named_with_its_cure(changes: dict[str, object], message: str) -> None:
    with pytest.raises(Problem, match=message) as caught:
        load(written(**changes) if all(isinstance(key, str) for key in changes) else written() + "  7: 3\n")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", TRAIN)
def test_a_missing_parameter_is_named(name: str) -> None:
    with pytest.raises(Problem, match=rf"parameter train\.{name} is missing in params\.yaml"):
        load(without(name))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"train: {json.dumps(TRAIN)}", r"parameter beta is missing in params\.yaml; `git diff"),
        ("beta: 1\n", r"parameter train is missing"),
        ("beta: 1\ntrain: 5\n", r"train is 5 in params\.yaml; it must be a section"),
        ("beta: 1\ntrain:\n", r"train is null in params\.yaml; it must be a section"),
        ("beta: 1\ntrain: [1, 2]\n", r"train is \[1, 2\] .* a section"),
        ("", r"holds no parameters: run `git checkout"),
        ("# only a comment\n", r"holds no parameters"),
        ("- 1\n- 2\n", r"holds no parameters"),
        ("just words\n", r"holds no parameters"),
        ("beta: 1\n train: [\n", r"line \d+ is not YAML: .*: fix it, or run `git checkout"),
        ("beta: 'open\n", r"line \d+ is not YAML"),
        ("beta: \tx: 1\n", r"line 1 is not YAML"),
        ("beta: !!int x\n", r"params\.yaml is not YAML: invalid literal"),
        ("beta: !!bool x\n", r"params\.yaml is not YAML"),
        ("beta: !!float ''\n", r"params\.yaml is not YAML"),
        ("beta: !!timestamp x\n", r"params\.yaml is not YAML"),
        ("beta: 2001-99-99\n", r"params\.yaml is not YAML: month must be in"),
        ("beta: " + "[" * 3000, r"params\.yaml is not YAML"),
        ("beta: " + "[" * 250 + "]" * 250, r"params\.yaml cannot be read \(recursion limit exceeded"),
        ("beta: &a [*a]\n", r"params\.yaml is not YAML"),
        ("beta: " + "9" * 5000, r"params\.yaml is not YAML"),
        ("? [1, 2]\n: 3\n", r"params\.yaml line 1 is not YAML"),
    ],
)
def test_a_file_that_is_no_mapping_is_refused(text: str, message: str) -> None:
    with pytest.raises(Problem, match=message) as caught:
        load(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", [".inf", "inf", "1e999"])
def test_no_number_is_infinite(text: str) -> None:
    with pytest.raises(Problem, match=r"beta is Infinity in params\.yaml; it must be a finite number"):
        load(f"beta: {text}\ntrain: {json.dumps(TRAIN)}")


@pytest.mark.parametrize("raw", [b"beta: \xff\xfe\n", b"beta: 1\x00\n"], ids=["not UTF-8", "a control character"])
def test_a_file_that_is_no_text_is_refused(raw: bytes, tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_bytes(raw)
    with pytest.raises(Problem, match=r"params\.yaml") as caught:
        params.load(Params, tmp_path / "params.yaml")
    assert "\n" not in str(caught.value)


def test_a_missing_file_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"params\.yaml is missing: .* `git checkout"):
        params.load(Params, tmp_path / "params.yaml")


def test_a_section_of_another_stage_is_known_and_a_misspelt_one_is_not(workspace: Path) -> None:
    text = (workspace / "params.yaml").read_text(encoding="utf-8")
    assert params.load(tracks.Params).tracks.min_seconds == 3
    (workspace / "params.yaml").write_text(text.replace("\nmedium:", "\nmedum:"), encoding="utf-8")
    with pytest.raises(Problem) as caught:
        params.load(tracks.Params)
    assert str(caught.value) == "unknown parameter medum; did you mean medium?"


def test_a_stage_does_not_end_for_a_wrong_value_that_it_does_not_read(set_param: Callable[[str, object], None]) -> None:
    set_param("figures.colours", 70)
    assert params.load(tracks.Params).tracks.min_seconds == 3


TWELVE: dict[str, tuple[object, str]] = {
    "tracks.min_seconds": ("long", 'is "long" in params.yaml; it must be a number'),
    "audio.segment_seconds": (31, "is 31 in params.yaml; it must be at most audio.clip_seconds"),
    "audio.mel_pool": (7, "is 7 in params.yaml; it must be a divisor of audio.frames (300)"),
    "lyrics.tfidf": ([1], "is [1] in params.yaml; it must be a section"),
    "train.batch": (True, "is true in params.yaml; it must be a whole number"),
    "train.rate": (None, "is null in params.yaml; it must be a number"),
    "train.view": ("both", "is \"both\" in params.yaml; it must be one of 'self' or 'cross'"),
    "medium.models": ([], "is [] in params.yaml; it must be a list of at least one"),
    "cluster.k": ([6], "is [6] in params.yaml; it must be a whole number"),
    "hard.dropout": (0.95, "is 0.95 in params.yaml; it must be at most 0.9"),
    "beta": (-1, "is -1 in params.yaml; it must be at least 0"),
}


def test_all_errors_of_all_sections_come_in_one_list(workspace: Path, set_param: Callable[[str, object], None]) -> None:
    for name, (value, _) in TWELVE.items():
        set_param(name, value)
    file = workspace / "params.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("\n  epochs:", "\n  epoch:", 1), encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        guarded(tracks.main)
    first, *lines = str(ended.value.code).splitlines()
    assert first == "error: params.yaml has 12 errors:"
    misspelt = "unknown parameter baselines.epoch; did you mean baselines.epochs?"
    assert sorted(lines) == sorted(["  " + misspelt, *(f"  {name} {words}" for name, (_, words) in TWELVE.items())])


finite = st.floats(0, 1e6, allow_nan=False)
trains = st.builds(
    Train,
    epochs=st.integers(1, 10**9),
    rate=st.floats(0, 1),
    kind=st.sampled_from(["auto", "cpu"]),
    sizes=st.lists(st.integers(1, 999), min_size=1).map(tuple),
    shuffle=st.booleans(),
    name=st.text(st.characters(codec="utf-8")),
    limit=st.none() | st.integers(max_value=1),
)


@given(st.builds(Params, beta=finite, train=trains))
def test_parameters_are_read_as_written(written_params: Params) -> None:
    assert load(yaml.safe_dump(dataclasses.asdict(written_params), allow_unicode=True)) == written_params


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


def plain_floats(hint: Any, name: str) -> Iterator[str]:
    """The fields below a type that are declared float in place of Number, which also reads 1e-3."""
    if dataclasses.is_dataclass(hint):
        for field, inner in get_type_hints(hint, include_extras=True).items():
            yield from plain_floats(inner, f"{name}.{field}")
    elif hint is float:
        yield name
    elif get_origin(hint) is not Annotated:
        for inner in get_args(hint):
            yield from plain_floats(inner, name)
    elif not any(isinstance(item, BeforeValidator) for item in hint.__metadata__):
        yield from plain_floats(hint.__origin__, name)


@pytest.mark.parametrize("stage", STAGES)
def test_every_number_may_be_written_in_every_way(stage: str) -> None:
    assert list(plain_floats(importlib.import_module(f"pipeline.{stage}").Params, stage)) == []
