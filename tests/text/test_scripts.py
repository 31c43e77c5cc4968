"""The script of a text, and which runs of letters have no spaces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text.scripts import UNSPACED, grouped, of_letter, of_text


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("twinkle little star", "Latin"), ("ami tomake bhalobashi", "Latin"), ("বৃষ্টি পড়ে", "Bengali"),
        ("हिन्दी गीत", "Devanagari"),
        ("さくら 桜", "Japanese"), ("桜 咲く 野山も里も", "Japanese"), ("床前明月光", "Chinese"), ("아리랑", "Korean"),
        ("Подмосковные вечера", "Cyrillic"), ("يا ليل", "Arabic"), ("שלום", "Hebrew"), ("ไทย", "Thai"),
        ("မြန်မာ", "Burmese"),
        ("আমার heart", "Latin"), ("আমার সোনার বাংলা love", "Bengali"), ("ｌｏｖｅ", "Latin"), ("ﾗﾌﾞ", "Japanese"),
        ("", ""), ("1 2 3 ... 🎵", ""),
    ],
)  # fmt: skip
def test_a_text_has_the_script_of_most_letters(text: str, script: str) -> None:
    assert of_text(text) == script


def test_chinese_characters_beside_kana_are_japanese() -> None:
    assert grouped(["桜", "さくら", "love", "12"]) == {"HIRAGANA": ["さくら", "桜"], "LATIN": ["love"]}
    assert grouped(["明月", "love"]) == {"CJK": ["明月"], "LATIN": ["love"]}


@given(st.text(max_size=30))
def test_any_text_has_a_script_if_it_has_a_letter(text: str) -> None:
    assert bool(of_text(text)) == any(map(of_letter, text))


def test_runs_without_spaces() -> None:
    assert UNSPACED.findall("love君が代ไทย and 아리랑 ラーメン") == ["君が代", "ไทย", "ラーメン"]
