"""The one reader of params.yaml: a stage declares its sections as dataclasses, pydantic checks them.

All errors come in one list, each with its cure: once a section is wrong, those of all other stages are checked as well.
"""

import difflib
import importlib
import json
import typing
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo, create_model
from pydantic_core import ErrorDetails

from pipeline.core.command import Problem

P = TypeVar("P")
Place = tuple[int | str, ...]  # of a value in the file
FILE = Path("params.yaml")
CONFIG = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
WANTED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "text",
    "tuple_type": "a list",
    "too_short": "a list of at least one",
    "dataclass_type": "a section",
    "literal_error": "one of {expected}",
    "greater_than_equal": "at least {ge:.12g}",
    "less_than_equal": "at most {le:.12g}",
    "value_error": "{error}",
}
UNREADABLE = (yaml.YAMLError, ValueError, LookupError, TypeError, AttributeError, RecursionError)  # `!!int x`, [[[...
UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
LONGEST = 60  # characters of a value in a message


def Within(low: float, high: float | None = None) -> Any:
    """The range that a number must lie in, ends included."""
    return Field(ge=low, le=high)


def NonEmpty() -> Any:
    """A list that must not be empty."""
    return Field(min_length=1)


def Rule(holds: Callable[[Any, Mapping[str, Any]], bool], wanted: str) -> AfterValidator:
    """A condition on a value and the fields above it, by name; `wanted` may show one of them as {name}."""

    def check(value: Any, info: ValidationInfo) -> Any:
        with suppress(KeyError):  # a field above is wrong itself
            if not holds(value, info.data):
                raise ValueError(wanted.format(**info.data))
        return value

    return AfterValidator(check)


def _number(value: Any) -> Any:
    """YAML reads 1e-3 (no dot) as text."""
    if isinstance(value, str):
        with suppress(ValueError):
            return float(value)
    return value


Number = Annotated[float, BeforeValidator(_number)]
Count = Annotated[int, Within(1)]
Share = Annotated[Number, Within(0, 1)]
NotNegative = Annotated[Number, Within(0)]
Layers = Annotated[tuple[Count, ...], NonEmpty()]
Seeds = Annotated[tuple[Annotated[int, Within(0, 2**32 - 1)], ...], NonEmpty()]


def load(kind: type[P], file: Path = FILE) -> P:
    """The sections of params.yaml that the dataclass `kind` names, checked."""
    raw, stages, sections = _read(file), _stages(file), _sections(kind)
    known = {name for stage in stages.values() for name in stage.get("params", [])} if stages else set(raw)
    with suppress(ValidationError):
        return kind(**_checked(raw, sections, known))
    for stage in stages:  # this imports torch, so it waits for an error
        with suppress(ImportError):  # a broken stage says so when it runs
            sections |= _sections(importlib.import_module(f"pipeline.{stage}").Params)
    lines = _errors(raw, sections, known)
    raise Problem(lines[0] if len(lines) == 1 else "\n  ".join([f"{file} has {len(lines)} errors:", *lines]))


def _sections(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind, include_extras=True)


def _checked(raw: dict[str, Any], sections: dict[str, Any], known: set[str]) -> dict[str, Any]:
    """The sections as objects; a name that is not known is an error.

    They are checked as JSON, where a list may be a strict tuple and a mapping a section.
    """
    fields: dict[str, Any] = {name: (hint, ...) for name, hint in sections.items()}
    model = create_model("Parameters", __config__=CONFIG, **fields)
    read = {name: value for name, value in raw.items() if name in sections or name not in known}
    return dict(model.model_validate_json(json.dumps(read)))


def _errors(raw: dict[str, Any], sections: dict[str, Any], known: set[str]) -> list[str]:
    """One line per error. A misspelt name is one error, not an unknown name and a missing one."""
    try:
        _checked(raw, sections, known)
    except ValidationError as error:
        details = error.errors(include_url=False)
        guesses = {item["loc"]: _guess(item["loc"], sections) for item in details if item["type"] in UNKNOWN}
        return [line for item in details if (line := _line(item, guesses))]
    return []


def _read(file: Path) -> dict[str, Any]:
    """The file as JSON knows it: keys are text, and so is a date."""
    if not file.exists():
        raise Problem(f"{file} is missing: run this in the top folder of the project, or `git checkout {file}`")
    try:
        raw = json.loads(json.dumps(yaml.safe_load(file.read_bytes()), default=str))
    except UNREADABLE as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        why = " ".join(str(getattr(error, "problem", None) or error).split())
        raise Problem(f"{file}{line} is not YAML: {why}: fix it, or run `git checkout {file}`") from None
    if not isinstance(raw, dict):
        raise Problem(f"{file} holds no parameters: run `git checkout {file}`")
    return raw


def _stages(file: Path) -> dict[str, Any]:
    """The stages of the dvc.yaml beside params.yaml; none if there is none."""
    stages = file.with_name("dvc.yaml")
    return yaml.safe_load(stages.read_text(encoding="utf-8"))["stages"] if stages.exists() else {}


def _line(error: ErrorDetails, guesses: dict[Place, tuple[Place, str]]) -> str | None:
    """What is wrong, with the cure; None where another line says it."""
    name, kind, value = _name(error["loc"]), error["type"], error["input"]
    if kind == "json_invalid":
        return f"{FILE} cannot be read ({error['ctx']['error']}): fix it, or run `git checkout {FILE}`"
    if kind in UNKNOWN:
        return f"unknown parameter {name}; {guesses[error['loc']][1]}"
    if kind == "missing":
        misspelt = error["loc"] in [meant for meant, _ in guesses.values()]
        return None if misspelt else f"parameter {name} is missing in {FILE}; `git diff {FILE}` shows what changed"
    if kind == "too_short" and value:  # the items are wrong, and each has its line
        return None
    wanted = WANTED.get(kind, "{msg}").format(msg=error["msg"], **error.get("ctx", {}))
    return f"{name} is {_shown(value)} in {FILE}; it must be {wanted}"


def _guess(place: Place, sections: dict[str, Any]) -> tuple[Place, str]:
    """The place that a misspelt one may mean, and the words for it."""
    *parents, name = place
    for parent in parents:
        sections = _sections(sections[str(parent)])
    if close := difflib.get_close_matches(str(name), sorted(sections), n=1, cutoff=0.5):
        meant = (*parents, close[0])
        return meant, f"did you mean {_name(meant)}?"
    return place, f"known are {', '.join(sorted(sections))}"


def _name(place: Place) -> str:
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return _printable("".join(parts).removeprefix("."))


def _shown(value: Any) -> str:
    text = _printable(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def _printable(text: str) -> str:
    return text if text.isprintable() else repr(text)[1:-1]
