"""Style: letters, groups and cuts of texts."""

from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib import font_manager

from pipeline.draw import style
from pipeline.draw.style import Letters


def test_rare_values_become_other_and_empty_ones_unknown() -> None:
    values = ["a", "a", "b", "b", "c", "d", ""]
    assert style.grouped(values, 4) == [*values[:-1], "unknown"]
    assert style.grouped(values, 3) == ["a", "a", "b", "b", "other", "other", "unknown"]


def test_letters_of_no_font_are_written_in_latin(monkeypatch: pytest.MonkeyPatch) -> None:
    font_manager.findfont("DejaVu Sans")  # kept by matplotlib, also when no font is left below
    monkeypatch.setattr(font_manager.fontManager, "ttflist", [])
    letters = style.choose_letters(["বাংলা গান", "naïve"])
    assert letters.families == ("DejaVu Sans",)
    assert letters("বাংলা গান").isascii()
    assert letters("naïve") == "naïve"
    assert replace(letters, known=letters.known | {ord(letter) for letter in "বাংলা"})("বাংলা") == "বাংলা"


def test_the_font_of_boxes_is_never_taken() -> None:
    assert not any(name.startswith("Last Resort") for name in style.choose_letters(["বাংলা", "日本", "ไทย"]).families)


def test_a_text_is_cut_between_words() -> None:
    assert style.brief("বৃষ্টি পড়ে টাপুর টুপুর", 12) == "বৃষ্টি পড়ে …"
    assert style.brief("short", 12) == "short"


def test_letters_are_spelled_on_every_part_of_a_figure(tmp_path: Path) -> None:
    figure = style.canvas(4, 3, "গান")
    axes = figure.subplots()
    axes.plot([0, 1], label="গান")
    axes.set(title="গান", xlabel="গান")
    axes.set_xticks([0, 1], ["গান", "বান"])
    axes.legend()
    latin = Letters(("DejaVu Sans",), frozenset(range(128)))
    style.save(style.Drawn(figure, "গান", ""), tmp_path / "x.png", latin)
    assert [label.get_text() for label in axes.get_xticklabels()] == ["gan", "ban"]
