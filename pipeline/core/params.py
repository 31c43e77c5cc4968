"""The one reader of params.yaml: frozen dataclasses out of it, errors with the cure."""

import contextlib
import dataclasses
import difflib
import math
import types
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

import yaml

from pipeline.core.command import Problem

P = TypeVar("P")
FILE = Path("params.yaml")


@dataclass(frozen=True)
class Within:
    """The range that a number must lie in, ends included."""

    low: float = float("-inf")
    high: float = float("inf")


@dataclass(frozen=True)
class NonEmpty:
    """A list that must not be empty."""


Count = Annotated[int, Within(1)]
Share = Annotated[float, Within(0, 1)]
NotNegative = Annotated[float, Within(0)]
Layers = Annotated[tuple[Count, ...], NonEmpty()]
Seeds = Annotated[tuple[Annotated[int, Within(0, 2**32 - 1)], ...], NonEmpty()]


def load(kind: type[P], file: Path = FILE) -> P:
    """The sections of params.yaml that the dataclass `kind` names, checked."""
    raw = _read(file)
    wanted = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]  # P is always a dataclass
    if known := _sections(file):
        _refuse_unknown(raw, known | set(wanted), "")
    return _dataclass(kind, {key: raw[key] for key in wanted if key in raw}, "", near=raw)


def _read(file: Path) -> dict[str, Any]:
    if not file.exists():
        raise Problem(f"{file} is missing: run this in the top folder of the project, or `git checkout {file}`")
    try:
        raw = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        why = " ".join(str(getattr(error, "problem", None) or error).split())
        raise Problem(f"{file}{line} is not YAML: {why}: mend it") from None
    if not isinstance(raw, dict):
        raise Problem(f"{file} holds no parameters: run `git checkout {file}`")
    return raw


def _sections(file: Path) -> set[str]:
    """Every top-level name that some stage reads, from the dvc.yaml beside params.yaml; none if there is none."""
    stages = file.with_name("dvc.yaml")
    if not stages.exists():
        return set()
    described = yaml.safe_load(stages.read_text(encoding="utf-8"))["stages"].values()
    return {name for stage in described for name in stage.get("params", [])}


def _refuse_unknown(raw: dict[str, Any], known: set[str], prefix: str) -> None:
    for key in raw:
        if key not in known:
            guess = difflib.get_close_matches(str(key), sorted(known), n=1, cutoff=0.5)
            hint = f"did you mean {prefix}{guess[0]}?" if guess else f"known are {', '.join(sorted(known))}"
            raise Problem(f"unknown parameter {prefix}{key}; {hint}")


def _dataclass(kind: type[P], raw: Any, prefix: str, near: dict[str, Any]) -> P:
    if not isinstance(raw, dict):
        raise Problem(f"{prefix.rstrip('.')} is {raw!r} in params.yaml; it must be a section")
    hints = typing.get_type_hints(kind, include_extras=True)
    _refuse_unknown(raw, set(hints), prefix)
    for name in hints:
        if name not in raw:
            guess = difflib.get_close_matches(name, [str(key) for key in near if key not in hints], n=1)
            hint = f"did you mean it by {prefix}{guess[0]}? " if guess else ""
            shown = "`git diff params.yaml` shows what changed"
            raise Problem(f"parameter {prefix}{name} is missing in params.yaml; {hint}{shown}")
    return kind(**{name: _value(hint, raw[name], prefix + name) for name, hint in hints.items()})


def _value(hint: Any, value: Any, name: str) -> Any:
    """`value` as the type that `hint` asks for."""
    if dataclasses.is_dataclass(hint):
        return _dataclass(typing.cast(type, hint), value, f"{name}.", near=value if isinstance(value, dict) else {})
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        plain = _value(args[0], value, name)
        if isinstance(args[1], NonEmpty):
            return plain or _wrong(name, value, "a list of at least one")
        return _within(plain, args[1], name)
    if origin is Literal:
        return value if value in args else _wrong(name, value, "one of " + ", ".join(map(str, args)))
    if origin is tuple:
        items = value if isinstance(value, list) else _wrong(name, value, "a list")
        return tuple(_value(args[0], item, f"{name}[{i}]") for i, item in enumerate(items))
    if origin is types.UnionType:  # only `X | None` is used
        return None if value is None else _value(args[0], value, name)
    return _plain(hint, value, name)


def _plain(hint: type, value: Any, name: str) -> Any:
    if hint is float and not isinstance(value, bool):
        with contextlib.suppress(ValueError, TypeError, OverflowError):
            number = float(value)  # YAML reads 1e-3 (no dot) as text, and `-S beta=4` writes a whole number
            return _wrong(name, number, "a finite number") if math.isinf(number) else number
    elif type(value) is hint:
        return value
    return _wrong(name, value, {int: "a whole number", float: "a number", bool: "true or false", str: "text"}[hint])


def _within(value: Any, bounds: Within, name: str) -> Any:
    if not bounds.low <= value <= bounds.high:  # also refuses nan
        high = "" if bounds.high == float("inf") else f" and at most {bounds.high:g}"
        _wrong(name, value, f"at least {bounds.low:g}{high}")
    return value


def _wrong(name: str, value: Any, wanted: str) -> typing.NoReturn:
    raise Problem(f"{name} is {value!r} in params.yaml; it must be {wanted}")
