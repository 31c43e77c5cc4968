"""Stop words of many languages, as the tokens of lyrics are written."""

import pytest

from pipeline.text.clean import clean, tokens
from pipeline.text.stopwords import among, everywhere, is_one, of


@pytest.mark.parametrize(
    ("code", "words", "others"),
    [
        ("en", "the of by don't i'm ain't you'll gonna oh yeah la", "fire home love rain world cry dear forever"),
        ("de", "nicht ganz mich und der ich na", "liebe nacht herz regen"),
        ("fr", "le dans c'est j'ai qu'il et", "amour nuit l'amour coeur"),
        ("es", "no que de la", "amor noche corazón"),
        ("bn", "আমি তোমার কেন নয় এই", "বৃষ্টি নদী ভালোবাসা আকাশ"),
        ("bn-Latn", "ami tomake keno ei", "brishti nodi bhalobasha akash"),
        ("hi", "मैं तेरा है नहीं और", "प्यार दिल रात"),
        ("hi-Latn", "main tera hai nahin aur", "pyaar dil raat"),
        ("ru", "я не и что", "любовь сердце дождь"),
        ("ja", "から この", "さく 君が"),
        ("ta", "oh", "அன்பு"),
        ("no code", "oh", "the"),
    ],
)
def test_function_words_are_in_and_what_songs_speak_of_is_not(code: str, words: str, others: str) -> None:
    assert [word for word in words.split() if not is_one(word, code)] == []
    assert [word for word in others.split() if is_one(word, code)] == []


@pytest.mark.parametrize("code", ["en", "de", "bn", "hi", "bn-Latn", "hi-Latn", "ja", "ar", "ko", "tr", "fa", "th"])
def test_lists_are_written_as_tokens_are(code: str) -> None:
    assert len(of(code)) > 80
    assert all(tokens(clean(word)) == [word] for word in of(code))


def test_words_of_a_corpus() -> None:
    words = ["", "love", "nicht", "regen", "the", "ஒரு", "அன்பு"]
    tamil = [f"ஒரு {word}" for word in ["அன்பு", "பாட்டு", "மழை", "நதி", "இரவு", "காற்று", "வானம்", "நிலா", "கடல்", "பூ"]]
    assert among(words, {"en": ["the love"], "de": ["nicht"], "ta": tamil}) == ["nicht", "the", "ஒரு"]
    assert among(words, {"en": ["the love"]}) == ["the"]
    assert among(words, {}) == []
    assert everywhere(tamil[:9]) == set()
