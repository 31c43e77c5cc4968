"""Codes and names of languages, however a table writes them."""

import pytest

from pipeline.core import languages
from pipeline.core.languages import FOLDERS, NAMES, OTHER_NAMES, THREE_LETTERS, code, name


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("de", "de"), ("DE", "de"), ("German", "de"), ("deutsch", "de"), ("ger", "de"), ("deu", "de"), ("de-AT", "de"),
        ("de_DE", "de"), ("Bangla", "bn"), ("bengali", "bn"), (" BENGALI ", "bn"), ("বাংলা", "bn"), ("ben", "bn"),
        ("bn-latn", "bn-Latn"), ("bn_Latn", "bn-Latn"), ("bn_latin", "bn-Latn"), ("bn-BD", "bn"), ("eng", "en"),
        ("English", "en"), ("en-US", "en"), ("pt-BR", "pt"), ("zh-Hans", "zh"), ("zh-Hant-TW", "zh"), ("nb", "no"),
        ("Mandarin", "zh"), ("farsi", "fa"), ("हिन्दी", "hi"), ("hi-Latn", "hi-Latn"), ("Haitian  Creole", "ht"),
        ("", ""), ("odd", ""), ("rock", ""), ("unsure", ""), ("english rock", ""), ("xx-yy", ""),
    ],
)  # fmt: skip
def test_a_language_has_one_code_however_it_is_written(written: str, known: str) -> None:
    assert code(written) == known


def test_every_name_and_code_leads_to_its_code_alone() -> None:
    assert len(NAMES) >= 50
    assert set(THREE_LETTERS) | set(OTHER_NAMES) <= set(NAMES)
    written = [(known, code_) for code_, known in NAMES.items()]
    written += [(other, code_) for code_, others in THREE_LETTERS.items() for other in others.split()]
    written += [(other, code_) for code_, others in OTHER_NAMES.items() for other in others]
    written += [(code_, code_) for code_ in NAMES]
    for text, known in written:
        assert code(text) == known
        assert code(text.upper()) == known


def test_names_are_english_and_unknown_codes_stay() -> None:
    assert name("de") == "German"
    assert name("bn") == "Bangla"
    assert name("bn-Latn") == "Bangla in Latin letters"
    assert name("ru-Latn") == "Russian in Latin letters"
    assert name(languages.UNSURE) == "unsure"
    assert name("odd") == "odd"


def test_a_folder_of_latin_music_names_no_language() -> None:
    assert {"bangla", "en", "german", "hindi"} <= FOLDERS
    assert not {"latin", "rock"} & FOLDERS
