"""The sample lyrics: everything that the grammar can write can be sung, and says what was planted."""

import unicodedata
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from pipeline.sample import frames, guards, lexicon
from pipeline.sample.frames import CHOICE, SLOT, grammar
from pipeline.sample.lexicon import TOKEN, pronounce, romanise, words
from pipeline.sample.lyrics import Lyrics, compose
from pipeline.sample.phonemes import PHONES, is_vowel
from pipeline.sample.plan import THEMES, Track, stream, tracks

LANGUAGES = ("en", "bn")


def song(language: str = "en", mixing: str = "plain", seed: int = 0, theme: str = "river") -> Lyrics:
    rng = np.random.default_rng(seed)
    return compose(language=language, theme=theme, second="city", mixing=mixing, rng=rng, used=set())


def writable(language: str) -> list[str]:
    """Every frame and every word of a slot of that language."""
    own = grammar(language)
    return [text for texts in (*own.frames.values(), *own.slots.values()) for text in texts]


@pytest.fixture(scope="module")
def corpus() -> list[tuple[Track, Lyrics]]:
    used: set[str] = set()
    return [(track, write(track, used)) for track in tracks(180, 7)]


def write(track: Track, used: set[str]) -> Lyrics:
    return compose(
        language=track.language, theme=track.theme, second=track.second_theme, mixing=track.mixing,
        rng=stream(7, 1, track.number), used=used,
    )  # fmt: skip


def test_the_singer_knows_every_phoneme_of_the_lexicon() -> None:
    tables = lexicon.lexicon()
    entries = [*tables.english.values(), *tables.bangla.values()]
    used = {phone for word in entries for syllable in word.syllables for phone in syllable}
    assert set(PHONES) >= used


def test_each_language_keeps_to_its_own_consonants() -> None:
    tables = lexicon.lexicon()
    english = {"t", "d", "f", "v", "th", "dh", "z", "zh"}  # alveolar t and d, thin, this
    bangla = {"T", "Th", "D", "Dh", "tt", "tth", "dd", "ddh", "R", "ph", "bh", "kh", "gh", "chh", "jh"}
    nasals = {phone for phone in PHONES if phone.endswith("~")}
    for table, foreign in ((tables.english, bangla | nasals), (tables.bangla, english)):
        assert [word.text for word in table.values() if foreign & {p for s in word.syllables for p in s}] == []


def test_every_syllable_has_exactly_one_vowel() -> None:
    tables = lexicon.lexicon()
    for word in (*tables.english.values(), *tables.bangla.values()):
        for syllable in word.syllables:
            assert sum(map(is_vowel, syllable)) == 1, word


def test_latin_letters_never_mean_an_english_and_a_bangla_word() -> None:
    tables = lexicon.lexicon()
    assert not set(tables.english) & set(tables.roman)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_writable_word_can_be_sung(language: str) -> None:
    for text in writable(language):
        assert words(SLOT.sub(" ", text)) or SLOT.search(text), text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_line_holds_nothing_but_words_slots_and_commas(language: str) -> None:
    for text in writable(language):
        assert TOKEN.sub("", SLOT.sub("", text)).strip(" ,") == "", text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_slot_is_filled_and_every_choice_is_used(language: str) -> None:
    own = grammar(language)
    asked = {name for texts in own.frames.values() for text in texts for name in SLOT.findall(text)}
    assert asked == set(own.slots)
    assert all(len(set(choice)) == len(choice) for choice in own.slots.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_theme_has_enough_lines_of_each_kind(language: str) -> None:
    own = grammar(language).frames
    for theme in (*THEMES, "generic"):
        assert len(set(own[theme])) == len(own[theme]) >= 25, theme
        assert len(own[f"{theme} mixed"]) >= 6, theme
    for theme in THEMES:
        assert len(own[f"{theme} chorus"]) >= 8, theme
        assert len(own[f"{theme} titles"]) >= 5, theme


@pytest.mark.parametrize("language", LANGUAGES)
def test_mixed_lines_hold_both_languages_and_the_others_one(language: str) -> None:
    own = grammar(language)
    for section, texts in own.frames.items():
        for text in texts:
            line = own.fill(text, np.random.default_rng(0))
            spoken = {word.language for word in words(line)}
            assert spoken == ({"en", "bn"} if section.endswith("mixed") else {language}), line


@pytest.mark.parametrize("path", [*lexicon.FOLDER.glob("*.tsv"), *frames.FOLDER.glob("*.txt")], ids=lambda p: p.name)
def test_the_tables_are_stored_in_one_unicode_form(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert unicodedata.is_normalized("NFC", text)


def test_a_slot_list_is_never_read_as_a_line() -> None:
    for language in LANGUAGES:
        assert not [text for texts in grammar(language).frames.values() for text in texts if CHOICE.match(text)]


def test_pronounce_finds_a_word_by_each_of_its_spellings() -> None:
    assert pronounce("নদী") == pronounce("nodi") == pronounce("Nodi")
    assert pronounce("নদী").syllables == (("n", "o"), ("D", "i"))
    assert pronounce("River").language == "en"
    decomposed = unicodedata.normalize("NFD", "গাড়ি")
    assert pronounce(decomposed) == pronounce("gari")


def test_pronounce_names_the_word_it_does_not_know() -> None:
    with pytest.raises(KeyError, match="zeppelin"):
        pronounce("zeppelin")


def test_romanise_leaves_only_latin_letters() -> None:
    assert romanise("ও মাঝি, নদী ডাকে") == "o majhi, nodi dake"
    assert romanise("city-র ভিড়ে I am alone") == "city-r bhire I am alone"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("seed", range(40))
def test_a_song_has_10_to_24_lines_and_verses_of_its_theme(language: str, seed: int) -> None:
    made = song(language, "mixed" if seed % 4 == 0 else "plain", seed)
    assert 10 <= len(made.lines) <= 24
    assert all(line.theme == "river" for section in made.sections if section.name == "chorus" for line in section.lines)
    assert len({section.lines for section in made.sections if section.name == "chorus"}) == 1
    assert made.title


@pytest.mark.parametrize("mixing", ["plain", "mixed", "roman"])
def test_the_same_numbers_give_the_same_song(mixing: str) -> None:
    assert song("bn", mixing, 3) == song("bn", mixing, 3)
    assert song("bn", mixing, 3) != song("bn", mixing, 4)


def test_the_text_is_the_sung_lines_and_perhaps_marks() -> None:
    for seed in range(12):
        made = song("bn", seed=seed)
        blocks = [block.splitlines() for block in made.text.strip().split("\n\n")]
        unmarked = [tuple(line for line in block if line[0] not in "[(") for block in blocks]
        assert unmarked == [tuple(line.text for line in section.lines) for section in made.sections]
    assert {bool(song("en", seed=seed).marks) for seed in range(12)} == {True, False}


def test_roman_songs_are_in_latin_letters_wholly_or_in_their_verses() -> None:
    wholly = 0
    for seed in range(30):
        made = song("bn", "roman", seed)
        in_latin = {section.name: all(line.text.isascii() for line in section.lines) for section in made.sections}
        assert in_latin["verse"]
        assert in_latin["chorus"] == made.title.isascii()
        wholly += in_latin["chorus"]
        assert all(word.language == "bn" for line in made.lines for word in line.words)
    assert 4 < wholly < 20


def test_a_roman_song_is_sung_as_if_it_were_in_bengali_script() -> None:
    for seed in range(10):
        plain, roman = song("bn", "plain", seed), song("bn", "roman", seed)
        assert [line.words for line in plain.lines] == [line.words for line in roman.lines]


def test_a_quarter_to_two_fifths_of_a_mixed_song_is_mixed() -> None:
    for seed in range(30):
        lines = song("en", "mixed", seed).lines
        assert 0.25 <= sum(line.mixed for line in lines) / len(lines) <= 0.40
    assert not any(line.mixed for line in song("en").lines)


def test_no_two_songs_share_a_line(corpus: list[tuple[Track, Lyrics]]) -> None:
    distinct = [text for _, made in corpus for text in {line.text for line in made.lines}]
    repeated = [text for text, count in Counter(distinct).items() if count > 1]
    assert len(repeated) <= 0.02 * len(distinct)
    assert len({made.text for _, made in corpus}) == len(corpus)


def test_the_shares_of_the_themes_are_those_that_were_planned(corpus: list[tuple[Track, Lyrics]]) -> None:
    counts: Counter[str] = Counter()
    for track, made in corpus:
        for line in set(made.lines):
            counts["main" if line.theme == track.theme else "generic" if line.theme == "generic" else "second"] += 1
    shares = {kind: count / counts.total() for kind, count in counts.items()}
    assert shares == pytest.approx({"main": 0.43, "second": 0.32, "generic": 0.25}, abs=0.02)


def test_the_words_show_the_theme_within_a_language_only(corpus: list[tuple[Track, Lyrics]]) -> None:
    languages, themes = [track.language for track, _ in corpus], [track.theme for track, _ in corpus]
    for guard in guards.lyrics_guards([made.text for _, made in corpus], languages, themes):
        assert guard.holds, guard
