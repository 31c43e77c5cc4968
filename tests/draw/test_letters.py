"""Letters: every script is drawn or written in Latin letters, with and without fonts, and nothing warns."""

from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib import font_manager
from matplotlib.font_manager import FontEntry

from pipeline.draw import letters, style
from pipeline.draw.letters import PLAIN, choose_letters

TEXTS = [
    "বাংলা গান",
    "हिन्दी में गीत",
    "தமிழ் பாடல்",
    "مرحبا بالعالم (live) 12",
    "שלום עולם",
    "日本語の歌",
    "中文歌曲",
    "한국어 노래",
    "เพลงไทยที่รัก",
    "Русский",
    "Ελληνικά",
    "naïve cafe\N{COMBINING ACUTE ACCENT}",
    "one\N{IDEOGRAPHIC SPACE}two\N{NO-BREAK SPACE}three\tfour",
    "\N{RIGHT-TO-LEFT OVERRIDE}evil\N{POP DIRECTIONAL FORMATTING} so\N{SOFT HYPHEN}ft \N{BELL}",
    "می\N{ZERO WIDTH NON-JOINER}خواهم ক্\N{ZERO WIDTH JOINER}ষ",
    "\N{MULTIPLE MUSICAL NOTES} \N{HEAVY BLACK HEART}\N{VARIATION SELECTOR-16} \ue000 \U000e0100 \U0001fae8",
    "\ud800 alone",
]


@pytest.fixture
def no_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with the font of matplotlib alone."""
    plain = [font for font in font_manager.fontManager.ttflist if font.name == PLAIN]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", plain)
    monkeypatch.setattr(font_manager, "findSystemFonts", list)


def draw(folder: Path) -> bytes:
    """A figure of all the texts; a warning of matplotlib is an error here."""
    chosen = choose_letters(TEXTS)
    with style.use_style(chosen):
        figure = style.canvas(4, 6, "\n".join(TEXTS))
        axes = figure.subplots()
        axes.set_yticks(range(len(TEXTS)), TEXTS)
        style.save(style.Drawn(figure, "", ""), folder / "a.png", chosen)
    return (folder / "a.png").read_bytes()


def test_every_script_is_drawn_without_a_warning_by_the_fonts_of_this_machine(tmp_path: Path) -> None:
    assert draw(tmp_path) == draw(tmp_path)


@pytest.mark.usefixtures("no_fonts")
def test_every_script_is_drawn_without_a_warning_where_there_is_no_font(tmp_path: Path) -> None:
    assert draw(tmp_path)


@pytest.mark.usefixtures("no_fonts")
def test_a_word_that_no_font_has_is_written_in_latin_letters() -> None:
    chosen = choose_letters(TEXTS)
    assert chosen.families == (PLAIN,)
    assert chosen("বাংলা গান").isascii()
    assert chosen("naïve বাংলা Ελληνικά").startswith("naïve ")
    assert chosen("naïve বাংলা Ελληνικά").endswith(" Ελληνικά")
    known = chosen.known | {ord(letter) for letter in "বাংলা"}
    assert replace(chosen, known=known)("বাংলা গান").startswith("বাংলা ")


@pytest.mark.usefixtures("no_fonts")
def test_what_has_no_picture_is_not_drawn_and_lines_stay_lines() -> None:
    chosen = choose_letters(TEXTS)
    assert chosen("\N{RIGHT-TO-LEFT OVERRIDE}evil\N{SOFT HYPHEN}\ue000\na\N{IDEOGRAPHIC SPACE}b") == "evil\na b"
    assert chosen("cafe\N{COMBINING ACUTE ACCENT}") == "café"


def test_noto_is_preferred_and_a_font_that_covers_more_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    have = {
        "Fancy": "বাংলা गीत",
        "Noto Serif Bengali": "বাংলা",
        "Noto Sans Bengali": "বাংলা",
        "Noto Sans Mixed": "ব",
        "Last Resort HE": "বাংলা गीत 日",
        "Wide": "गीत 日",
    }
    fonts = [FontEntry(fname=f"{name}.ttf", name=name, style="normal", weight=400) for name in have]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", fonts)
    monkeypatch.setattr(font_manager, "findSystemFonts", list)
    monkeypatch.setattr(font_manager, "findfont", lambda _: "plain.ttf")
    monkeypatch.setattr(Path, "is_file", lambda _: True)
    monkeypatch.setattr(letters, "_characters", lambda file: frozenset(map(ord, have.get(file[:-4], "abc"))))
    assert choose_letters(["বাংলা গীত", "गीत", "日"]).families[:3] == (PLAIN, "Noto Sans Bengali", "Wide")


def test_a_font_that_was_installed_after_the_list_of_matplotlib_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = next(font for font in font_manager.fontManager.ttflist if font.name == PLAIN)
    monkeypatch.setattr(font_manager.fontManager, "ttflist", [])
    letters.use_files([plain.fname, __file__])  # the second is no font
    assert {font.name for font in font_manager.fontManager.ttflist} == {PLAIN}
