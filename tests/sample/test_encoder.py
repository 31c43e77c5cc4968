"""The sample's encoder: what it reads, how it learns, and that the folder it writes is a BERT like any other."""

import math
import sys
import unicodedata
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.command import Problem
from pipeline.sample import encoder, encoder_text, lyrics, plan
from pipeline.sample.encoder import Settings, Trained
from pipeline.sample.frames import grammar
from pipeline.sample.lexicon import TOKEN, romanise, words

from transformers import AutoModel, AutoTokenizer, BertTokenizer  # isort: skip  # the encoder made it importable

TINY = Settings(documents=80, width=16, depth=1, heads=2, inner=16, positions=64, steps=6, batch=4, warmup=2)
SEEDS = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module")
def documents() -> list[str]:
    return encoder_text.documents(1500, 1)


@pytest.fixture(scope="module")
def tokenizer(documents: list[str]) -> BertTokenizer:
    return encoder.learn_tokenizer(documents, Settings())


@pytest.fixture(scope="module")
def trained() -> Trained:
    return tiny()


def tiny(seed: int = 1) -> Trained:
    return encoder.pretrain(encoder_text.documents(TINY.documents, seed), replace(TINY, seed=seed))


def scripts(text: str) -> set[str]:
    """The languages of its words."""
    return {word.language for line in text.splitlines() for word in words(line)}


def test_documents_depend_on_their_seed_alone(documents: list[str]) -> None:
    assert encoder_text.documents(20, 1) == documents[:20]
    assert encoder_text.documents(20, 2) != documents[:20]


def test_documents_hold_words_of_the_grammar_in_one_unicode_form(documents: list[str]) -> None:
    low, high = encoder_text.LINES
    for text in documents:
        assert unicodedata.is_normalized("NFC", text)
        assert low <= len(text.splitlines()) <= high
        assert all(words(line) for line in text.splitlines())  # an unknown word raises


def test_nearly_every_document_is_in_both_languages_and_holds_bangla_in_latin_letters(documents: list[str]) -> None:
    assert np.mean([scripts(text) == {"en", "bn"} for text in documents]) > 0.97
    spellings = {romanise(word) for line in grammar("bn").frames["river"] for word in TOKEN.findall(line)}
    assert spellings & {word for text in documents for word in TOKEN.findall(text)}


def test_no_document_is_a_song_of_the_sample(documents: list[str]) -> None:
    used: set[str] = set()
    for track in plan.tracks(180, 7):
        song = lyrics.compose(
            language=track.language, theme=track.theme, second=track.second_theme, mixing=track.mixing,
            rng=plan.stream(7, 1, track.number), used=used,
        )  # fmt: skip
        lines = {line.text for line in song.lines}
        assert max(len(lines & set(text.splitlines())) for text in documents) <= len(lines) / 3


@given(SEEDS)
def test_a_woven_line_keeps_the_order_of_both_lines(seed: int) -> None:
    rng = np.random.default_rng(seed)
    english, bangla = "a1 a2 a3 a4 a5 a6 a7", "b1 b2 b3 b4 b5"
    said = encoder_text.woven(english, bangla, rng).split()
    assert set(said) <= {*english.split(), *bangla.split()}
    for letter in "ab":
        own = [word for word in said if word.startswith(letter)]
        assert own == sorted(set(own))
    assert max(Counter(word[0] for word in said[i : i + 4]).most_common(1)[0][1] for i in range(4)) <= 4
    assert {word[0] for word in said[:4]} == {"a", "b"}  # a run has at most three words


def test_bangla_words_stay_whole(tokenizer: BertTokenizer) -> None:
    for word in ("নদীর", "বৃষ্টি", "গাড়ি", "ঢেউয়ের", "বাড়ি"):
        assert tokenizer.tokenize(unicodedata.normalize("NFC", word)) == [unicodedata.normalize("NFC", word)]
    assert tokenizer.tokenize("River MAJHI") == ["river", "majhi"]


@given(st.text(st.characters(whitelist_categories=["Lo", "Mn", "Mc"], min_codepoint=0x980, max_codepoint=0x9FF)))
def test_no_bangla_word_is_unknown(tokenizer: BertTokenizer, word: str) -> None:
    word = unicodedata.normalize("NFC", word)
    assert "".join(piece.removeprefix("##") for piece in tokenizer.tokenize(word)) == word


def test_tokens_lose_no_letter(tokenizer: BertTokenizer, documents: list[str]) -> None:
    for text in documents[:300]:
        joined = "".join(piece.removeprefix("##") for piece in tokenizer.tokenize(text))
        assert joined == "".join(text.lower().split())


@given(SEEDS)
def test_only_words_are_masked_and_the_rest_is_shown_as_it_is(tokenizer: BertTokenizer, seed: int) -> None:
    rng = np.random.default_rng(seed)
    tokens = rng.integers(0, len(tokenizer), (4, 12))
    tokens[0, 0] = len(tokenizer) - 1  # a word at least
    shown, chosen = encoder.masked(tokens, tokenizer, rng)
    special = np.isin(tokens, tokenizer.all_special_ids)
    assert chosen.any()
    assert not (chosen & special).any()
    assert (shown == tokens)[~chosen].all()
    assert set(shown[shown != tokens]) & set(tokenizer.all_special_ids) <= {tokenizer.mask_token_id}


def test_as_many_words_are_masked_as_was_said(tokenizer: BertTokenizer, rng: np.random.Generator) -> None:
    tokens = rng.integers(5, len(tokenizer), (200, 200))
    shown, chosen = encoder.masked(tokens, tokenizer, rng)
    assert chosen.mean() == pytest.approx(encoder.CHOSEN_TO_PREDICT, abs=0.01)
    hidden = (shown == tokenizer.mask_token_id).sum() / chosen.sum()
    assert hidden == pytest.approx(1 - encoder.KEPT - encoder.SWAPPED, abs=0.01)
    assert (shown == tokens)[chosen].mean() == pytest.approx(encoder.KEPT, abs=0.01)


def test_it_learns_which_words_are_near() -> None:
    texts = [f"{first} {second}" for first, second in (("red", "apple"), ("blue", "river"))] * 20
    learnt = encoder.pretrain(texts, replace(TINY, steps=150, batch=8, rate=1e-2, warmup=10))
    assert learnt.loss < math.log(4) - 0.6  # what a guess among the four words, as often as they come, would lose


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, trained: Trained) -> None:
    encoder.write(trained, tmp_path / "first", TINY)
    encoder.write(tiny(), tmp_path / "again", TINY)
    encoder.write(tiny(seed=2), tmp_path / "other", TINY)
    for name in encoder.OWN:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "again" / name).read_bytes(), name
    first, other = (tmp_path / name / "model.safetensors" for name in ("first", "other"))
    assert first.read_bytes() != other.read_bytes()


def test_the_folder_is_loaded_like_any_bert(tmp_path: Path, trained: Trained) -> None:
    encoder.write(trained, tmp_path / "bert", TINY)
    assert {path.name for path in (tmp_path / "bert").iterdir()} == encoder.OWN
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "bert", local_files_only=True)
    model, info = AutoModel.from_pretrained(tmp_path / "bert", local_files_only=True, output_loading_info=True)
    assert not any(info.values()), info  # nothing missing, nothing left over
    assert model.dtype == torch.float32
    text = "নদীর কূলে\nDown by the river"
    ids = tokenizer(text, return_tensors="pt")
    assert ids["input_ids"].tolist() == trained.tokenizer(text, return_tensors="pt")["input_ids"].tolist()
    with torch.no_grad():
        found, expected = (net.eval()(**ids).last_hidden_state for net in (model, trained.bert))
    torch.testing.assert_close(found, expected, atol=2e-2, rtol=0)
    assert not model.pooler.dense.weight.any()


def test_the_weights_are_stored_in_half_precision(tmp_path: Path, trained: Trained) -> None:
    encoder.write(trained, tmp_path / "bert", TINY)
    weights = trained.bert.num_parameters()
    size = (tmp_path / "bert" / "model.safetensors").stat().st_size
    assert 2 * weights <= size <= 2 * weights + 10_000
    assert trained.bert.dtype == torch.float32  # writing changes nothing


def test_the_card_tells_what_was_made(tmp_path: Path, trained: Trained) -> None:
    encoder.write(trained, tmp_path / "bert", replace(TINY, seed=41))
    card = (tmp_path / "bert" / "README.md").read_text(encoding="utf-8")
    assert "--seed 41" in card
    assert "80 documents" in card
    assert f"{trained.loss:.2f} nats" in card


def test_an_earlier_encoder_is_replaced_and_survives_a_failure(tmp_path: Path, trained: Trained) -> None:
    out = tmp_path / "bert"
    encoder.write(trained, out, TINY)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    with pytest.raises(ValueError, match="format code"):
        encoder.write(replace(trained, loss="none"), out, TINY)  # type: ignore[arg-type]
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    encoder.write(trained, out, replace(TINY, seed=5))
    assert (out / "README.md").read_bytes() != before["README.md"]
    assert [path.name for path in tmp_path.iterdir()] == ["bert"]


def test_a_folder_with_other_things_is_refused_before_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "thesis.txt").write_text("all of it", encoding="utf-8")
    with pytest.raises(Problem, match=r"thesis\.txt"):
        encoder.refuse_foreign(tmp_path)
    with pytest.raises(Problem, match="is a file"):
        encoder.refuse_foreign(tmp_path / "thesis.txt")
    monkeypatch.setattr(sys, "argv", ["encoder", "--out", str(tmp_path)])
    with pytest.raises(SystemExit, match=r"error: .* holds thesis\.txt: choose an empty folder"):
        encoder.main()
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
