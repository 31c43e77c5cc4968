"""The card of a corpus: checked in one line that names the key, and resolved to columns that can be scored."""

from pathlib import Path

import pandas as pd
import pytest

from pipeline.core import corpus
from pipeline.core.command import Problem
from pipeline.core.corpus import Card, Corpus, read_card, resolved

TRACKS = pd.DataFrame(
    {
        "id": list("abcd"),
        "language": ["de", "en", "de", "en"],
        "genre": ["rock", "pop", "", "rock"],
        "mood": ["sad", "glad", "sad", "glad"],
        "tempo": ["90", "120", "100", "90"],
        "one": ["x", "x", "", "x"],
    }
)


def card(folder: Path, text: str) -> Card:
    file = folder / "corpus.yaml"
    file.write_text(text, encoding="utf-8")
    return read_card(file)


def test_a_corpus_without_a_card_follows_its_columns(tmp_path: Path) -> None:
    assert resolved(read_card(tmp_path / "corpus.yaml"), TRACKS) == Corpus(
        synthetic=False,
        labels=("language", "genre"),
        factors=(),
        sound="genre",
        words="genre",
        language="language",
        unseen_by=(),
    )


def test_a_card_names_what_is_scored(tmp_path: Path) -> None:
    text = "synthetic: true\nlabels: [mood, one, language]\nfactors: [tempo, mood, one]\nwords: mood\n"
    declared = resolved(card(tmp_path, text + "unseen_by: [musicnn-mtt]\n"), TRACKS)
    assert declared.labels == ("mood", "language")  # `one` has a single value
    assert declared.factors == ("tempo", "mood")
    assert (declared.sound, declared.words, declared.language) == ("genre", "mood", "language")
    assert declared.synthetic
    assert declared.unseen_by == ("musicnn-mtt",)


def test_the_sound_is_asked_for_the_first_label_where_there_is_no_genre(tmp_path: Path) -> None:
    tracks = TRACKS.drop(columns="genre")
    assert resolved(card(tmp_path, "labels: [language, mood]\n"), tracks).sound == "mood"
    assert resolved(card(tmp_path, "labels: [language, mood]\nwords: mood\n"), tracks).sound == ""


def test_a_card_may_name_no_label_and_the_genre_for_both(tmp_path: Path) -> None:
    declared = resolved(card(tmp_path, "labels: []\nwords: genre\n"), TRACKS)
    assert (declared.labels, declared.sound, declared.words) == ((), "genre", "genre")


def test_a_table_without_any_label_asks_nothing() -> None:
    tracks = TRACKS.assign(language="", genre="rock")
    without = resolved(Card(), tracks)
    assert (without.labels, without.sound, without.words, without.language) == ((), "", "", "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("label: [genre]\n", r"corpus\.yaml: unknown key 'label'; known are synthetic, labels"),
        ("synthetic: maybe\n", r'corpus\.yaml: synthetic holds "maybe"; it must be true or false'),
        ("labels: genre\n", r'corpus\.yaml: labels holds "genre"; it must be a list'),
        ("labels: [1]\n", r"corpus\.yaml: labels holds 1; it must be text"),
        ("words: [theme]\n", r'corpus\.yaml: words holds \["theme"\]; it must be text'),
        ("- genre\n", r"corpus\.yaml: it must be keys and values"),
        ("labels: [genre\n", r"corpus\.yaml is not YAML"),
        ("\x00", r"corpus\.yaml is not YAML"),
    ],
)
def test_a_wrong_card_gets_one_line_that_names_the_key(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(Problem, match=message) as caught:
        card(tmp_path, text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", ["labels", "factors", "words"])
def test_a_column_that_the_table_lacks_is_named(key: str, tmp_path: Path) -> None:
    declared = card(tmp_path, f"{key}: {'theme' if key == 'words' else '[theme]'}\n")
    with pytest.raises(Problem, match=rf"{key} names 'theme', which the tracks do not have .*remove the card"):
        resolved(declared, TRACKS)


def test_an_empty_card_declares_nothing(tmp_path: Path) -> None:
    assert card(tmp_path, "# nothing yet\n") == Card()


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    declared = resolved(Card(unseen_by=("musicnn-mtt",)), TRACKS)
    declared.write(tmp_path / "corpus.json")
    assert corpus.read(tmp_path / "corpus.json") == declared


def test_an_encoder_may_know_real_songs_unless_the_card_says_otherwise() -> None:
    declared = resolved(Card(unseen_by=("musicnn-mtt",)), TRACKS)
    assert declared.may_be_known_to("musicnn-msd")
    assert not declared.may_be_known_to("musicnn-mtt")
    assert not resolved(Card(synthetic=True), TRACKS).may_be_known_to("musicnn-msd")
