"""Columns in params.yaml: a list is taken as it is, `auto` follows the corpus, anything else is refused in one line."""

from collections.abc import Callable

import pandas as pd
import pytest

from pipeline import questions
from pipeline.audit import Params
from pipeline.core import corpus, params
from pipeline.core.command import Problem
from pipeline.core.corpus import Card

Change = Callable[[str, object], None]
TRACKS = pd.DataFrame({"id": ["a", "b"], "genre": ["pop", "rock"], "mood": ["sad", "glad"], "language": "de"})


@pytest.mark.usefixtures("workspace")
def test_auto_follows_the_corpus() -> None:
    corpus.resolved(Card(labels=("mood", "genre"), factors=("mood",)), TRACKS).write()
    evaluate = params.load(Params).evaluate
    assert evaluate.label_columns() == ("mood", "genre")
    assert evaluate.factor_columns() == ("mood",)
    asked = params.load(questions.Params).questions.resolved()
    assert (asked.sound, asked.words, asked.language) == ("genre", "genre", "")


@pytest.mark.usefixtures("workspace")
def test_a_column_that_a_person_names_wins_and_needs_no_corpus(set_param: Change) -> None:
    for name, value in {"evaluate.labels": ["mood"], "evaluate.factors": []}.items():
        set_param(name, value)
    for name in ("sound", "words", "language"):
        set_param(f"questions.{name}", "mood")
    evaluate = params.load(Params).evaluate
    assert (evaluate.label_columns(), evaluate.factor_columns()) == (("mood",), ())
    asked = params.load(questions.Params).questions
    assert asked.resolved() == asked


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize("value", ["genre", 5, None, [1]])
def test_what_is_no_list_of_columns_is_refused(value: object, set_param: Change) -> None:
    set_param("evaluate.labels", value)
    with pytest.raises(Problem, match=r"^evaluate\.labels is .*; it must be auto or a list of columns$"):
        params.load(Params)
