"""The four questions on planted trials: what is there is found, what is not is `not shown`, sentences tell numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import questions
from pipeline.core import store
from pipeline.core.store import Array
from pipeline.learn.plan import Train
from pipeline.score.labels import ABSENT, Labels
from pipeline.score.verdicts import Judgement, Verdict, groups
from pipeline.trials.answers import (
    QuestionData,
    better_than_pca,
    influence_of_lyrics,
    language_apart,
    stability,
    within_one_source,
)
from pipeline.trials.claims import Claim, JudgedClaim, claim, judged
from pipeline.trials.designs import Condition, Questions, designs
from pipeline.trials.measures import ami
from pipeline.trials.sentences import compared, overall
from pipeline.trials.trials import Trial

TRACKS, SEEDS = 120, 4
CLUSTERERS = ("kmeans", "consensus")
GENRE = np.array(["folk", "pop", "rap"] * 40, dtype=object)
THEME = np.array((["rain"] * 3 + ["love"] * 3) * 20, dtype=object)
LANGUAGE = np.repeat(["bn", "en"], 60).astype(object)
ARTISTS = np.array([f"artist {number // 6}" for number in range(TRACKS)], dtype=object)
GROUP = groups(list(ARTISTS), 40, seed=0)
PARAMS = Questions(
    seeds=SEEDS, sound="genre", words="theme", language="language", missing=(0.5, 1.0), betas=(0.5, 1.0, 4.0),
    strength=4.0, hidden=(8,), latent=4, epochs=1, dropout=0.3,
)  # fmt: skip


def numbered(labels: Array) -> Labels:
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def blurred(labels: Array, share: float, rng: np.random.Generator) -> Labels:
    """Clusters that are the labels but for a share of the tracks, which lie anywhere."""
    found = numbered(labels)
    anywhere = rng.random(len(found)) < share
    return np.where(anywhere, rng.integers(0, found.max() + 1, len(found)), found).astype(np.int64)


CONDITIONS = {
    condition.name: condition
    for condition in (
        Condition("vae", "dense"),
        Condition("vae cross", "dense", crossed=True),
        Condition("beta 0.5", "dense", beta=0.5),
        Condition("beta 4", "dense", beta=4.0),
        Condition("tc 4", "dense", objective="tc"),
        Condition("dip 4", "dense", objective="dip"),
        Condition("pca", "pca", dimensions=4),
        Condition("track_lda", "track_lda"),
        Condition("audio", "fused"),
        Condition("audio + tfidf_svd", "fused", text="tfidf_svd"),
        Condition("audio + bert", "fused", text="bert"),
        Condition("audio + bert shuffled", "fused", text="bert", shuffled=True),
        Condition("audio + bert, 50% missing", "fused", text="bert", missing=0.5),
        Condition("audio + bert, 100% missing", "fused", text="bert", missing=1.0),
        *(Condition(text, "lyrics", text=text) for text in ("tfidf", "word2vec", "bert")),
    )
}


def named(name: str) -> Condition:
    return CONDITIONS.get(name, Condition(name, "dense"))


def trial(name: str, labels: Sequence[Labels], active: float | None = None, points: Array | None = None) -> Trial:
    """A trial with these clusters under every clusterer."""
    where = np.random.default_rng(0).standard_normal((TRACKS, 4)) if points is None else points
    again: dict[str, list[float]] = {key: [0.5] * len(labels) for key in CLUSTERERS}
    return Trial(named(name), [where] * len(labels), {key: list(labels) for key in CLUSTERERS}, again, active)


def seeds(labels: Array, share: float, rng: np.random.Generator) -> list[Labels]:
    return [blurred(labels, share, rng) for _ in range(SEEDS)]


def data(trials: Sequence[Trial], truths: Mapping[str, Array] | None = None) -> QuestionData:
    known = {"genre": GENRE, "theme": THEME, "language": LANGUAGE} if truths is None else truths
    script = np.where(LANGUAGE == "bn", "Bengali", "Latin").astype(object)
    kept = {share: np.random.default_rng(1).random(TRACKS) >= share for share in PARAMS.missing}
    return QuestionData(
        {each.name: each for each in trials},
        known,
        ARTISTS,
        np.full(TRACKS, "one", dtype=object),
        script,
        kept,
        GROUP,
        PARAMS,
        collapsed=0.25,
        smallest=5,
        small="",
    )


def with_verdict(claim: Claim, verdict: Verdict) -> JudgedClaim:
    return JudgedClaim(claim, Judgement(verdict, "", {}, {}))


def one_claim(model: Trial, against: Trial) -> JudgedClaim:
    (found,) = judged([claim(model, against, "AMI genre", lambda each: ami(each, GENRE, GROUP), 2)])
    return found


def test_a_planted_difference_is_found_and_its_mirror_too(rng: np.random.Generator) -> None:
    good, bad = trial("good", seeds(GENRE, 0.1, rng)), trial("bad", seeds(GENRE, 0.9, rng))
    assert one_claim(good, bad).verdict == "better"
    assert one_claim(bad, good).verdict == "worse"
    assert one_claim(good, bad).main.mean == pytest.approx(-one_claim(bad, good).main.mean)


def test_a_trial_is_no_better_than_itself(rng: np.random.Generator) -> None:
    same = trial("same", seeds(GENRE, 0.3, rng))
    found = one_claim(same, same)
    assert found.verdict == "not shown"
    assert found.main.mean == 0


def test_a_win_under_one_clusterer_alone_is_not_shown(rng: np.random.Generator) -> None:
    good, bad = seeds(GENRE, 0.1, rng), seeds(GENRE, 0.9, rng)
    mixed = Trial(named("mixed"), [np.zeros((TRACKS, 1))] * SEEDS, {"kmeans": good, "consensus": bad}, {})
    found = one_claim(mixed, trial("bad", bad))
    assert found.verdict == "not shown"
    assert "better under kmeans only" in found.judgement.note
    assert "could have been detected" in compared(found)


def test_a_vae_that_is_better_than_pca_is_said_to_be(rng: np.random.Generator) -> None:
    found = better_than_pca(
        data(
            [
                trial("vae", seeds(GENRE, 0.1, rng), active=4.0),
                trial("vae cross", seeds(GENRE, 0.1, rng), active=4.0),
                trial("pca", seeds(GENRE, 0.8, rng)),
                trial("track_lda", seeds(GENRE, 0.8, rng)),
            ]
        )
    )
    assert found.answer == "yes"
    assert found.verdict.startswith("Yes. AMI genre: vae against pca +")
    assert {row["against"] for row in found.comparisons} == {"pca", "track_lda"}
    assert {row["name"] for row in found.rows} == {"vae", "vae cross", "pca", "track_lda"}
    assert {row["seeds"] for row in found.rows} == {SEEDS}


def lyrical(rng: np.random.Generator, **blur: float) -> QuestionData:
    """Audio that tells the genre; fused trials tell the theme, but for a share of the tracks."""
    rest = seeds(GENRE, 0.2, rng)
    names = ("tfidf_svd", "bert", "bert shuffled", "bert, 50% missing", "bert, 100% missing")
    return data(
        [
            trial("audio", rest, active=4.0),
            *(trial(f"audio + {name}", seeds(THEME, blur[name], rng) if name in blur else rest, 4.0) for name in names),
            *(trial(name, seeds(LANGUAGE, 0.1, rng)) for name in ("tfidf", "word2vec", "bert")),
        ]
    )


def test_lyrics_that_help_are_told_from_shuffled_ones_and_how_much_is_left_without(rng: np.random.Generator) -> None:
    found = influence_of_lyrics(lyrical(rng, **{"bert": 0.1, "bert, 50% missing": 0.4}))
    assert found.answer == "mixed"  # they bring the theme and cost the genre
    assert "AMI theme: audio + bert against audio +" in found.verdict
    assert "AMI theme: audio + bert against audio + bert shuffled +" in found.verdict
    left = float(found.verdict.split("With 50% of the lyrics missing, songs that keep theirs keep ")[1].split("%")[0])
    assert 10 < left < 90


def test_language_is_separated_by_text_and_not_by_sound(rng: np.random.Generator) -> None:
    found = language_apart(lyrical(rng, bert=0.1))
    assert found.answer == "not shown"
    assert "Sound alone: audio not shown" in found.verdict
    assert "tfidf separated" in found.verdict
    assert "The script of the lyrics gives 1.000 with no model" in found.verdict


def test_clusters_that_come_again_are_told_from_those_that_do_not(rng: np.random.Generator) -> None:
    stable, loose = [blurred(GENRE, 0.3, rng)] * SEEDS, seeds(GENRE, 0.6, rng)
    found = stability(
        data(
            [
                replace(trial("vae", loose, active=4.0), errors=[0.2, 0.3, 0.2, 0.3]),
                trial("beta 0.5", loose, active=4.0),
                trial("dip 4", stable, active=0.5),
                trial("beta 4", stable, active=4.0),
                trial("tc 4", loose, active=4.0),
                trial("pca", loose),
            ]
        )
    )
    assert found.answer == "yes"
    assert "stability over seeds: beta 4 against vae +" in found.verdict
    assert "tc 4 against vae" not in found.verdict
    assert "dip 4 is collapsed (0.5 of 4 units active) and left out" in found.verdict
    assert {row["model"] for row in found.comparisons} == {"vae", "beta 4", "tc 4", "dip 4"}
    assert "beta 0.5" in {row["name"] for row in found.rows}
    errors = {row["name"]: row["mean"] for row in found.rows if row["score"] == "squared error"}
    assert errors == {"vae": 0.25}  # the only one of these trials that tells one


def test_stability_that_fewer_dimensions_alone_would_give_is_no_merit(rng: np.random.Generator) -> None:
    stable, loose = [blurred(GENRE, 0.3, rng)] * SEEDS, seeds(GENRE, 0.6, rng)
    found = stability(data([trial("vae", loose, 4.0), trial("beta 4", stable, 4.0), trial("pca", stable)]))
    assert found.answer == "not shown"
    assert "The gain does not exceed PCA of the same size" in found.verdict
    assert "Against PCA with as many dimensions as they have active units, " in found.verdict


@pytest.mark.parametrize(("consensus", "answer"), [(0.9, "yes"), (0.5, "not shown")])
def test_stability_under_subsamples_must_be_seen_under_both_clusterers(
    consensus: float, answer: str, rng: np.random.Generator
) -> None:
    loose = seeds(GENRE, 0.6, rng)
    again = {"kmeans": [0.9, 0.91, 0.92, 0.91], "consensus": [consensus + 0.01 * seed for seed in range(SEEDS)]}
    firm = replace(trial("beta 4", loose, 4.0), subsamples=again)
    assert stability(data([trial("vae", loose, 4.0), firm, trial("pca", loose)])).answer == answer


def test_a_collapsed_model_is_no_answer_to_the_first_question(rng: np.random.Generator) -> None:
    bad = [trial(name, seeds(GENRE, 0.8, rng)) for name in ("pca", "track_lda")]
    found = better_than_pca(data([trial("vae", seeds(GENRE, 0.0, rng), active=0.5), *bad]))
    assert found.answer == "not shown"
    assert "vae is collapsed" in found.verdict


def test_a_gain_that_lyrics_of_other_songs_give_too_is_none_of_their_words(rng: np.random.Generator) -> None:
    found = influence_of_lyrics(lyrical(rng, **{"bert": 0.1, "bert shuffled": 0.1, "bert, 50% missing": 0.1}))
    assert "AMI theme: audio + bert against audio +" in found.verdict
    assert "is not credited to the lyrics" in found.verdict
    assert "songs that keep theirs" not in found.verdict
    assert found.answer == "no"  # what is left is what it costs: the genre


def test_without_lyrics_that_is_why_it_is_not_asked(rng: np.random.Generator) -> None:
    found = influence_of_lyrics(data([trial("audio", seeds(GENRE, 0.1, rng), 4.0)]))
    assert (found.answer, found.verdict) == ("not asked", "Not asked: no track has lyrics.")


def test_without_clusters_nothing_is_said_to_be_not_shown(rng: np.random.Generator) -> None:
    """As of more tracks than the consensus takes."""
    none = {"kmeans": seeds(GENRE, 0.1, rng), "consensus": [np.full(TRACKS, ABSENT)] * SEEDS}
    trials = [replace(trial(name, none["kmeans"]), labels=none) for name in ("vae", "pca", "track_lda")]
    found = better_than_pca(replace(data(trials), artists=np.full(TRACKS, "")))
    assert found.answer == "not asked"
    assert "no score is defined under every clusterer" in found.verdict


def test_one_language_with_lyrics_is_told_by_no_script(rng: np.random.Generator) -> None:
    known = lyrical(rng, bert=0.1)
    script = np.where(LANGUAGE == "bn", "Bengali", "").astype(object)
    assert "The script of the lyrics" not in language_apart(replace(known, script=script)).verdict


def test_the_least_that_could_be_detected_is_that_of_the_weaker_clusterer(rng: np.random.Generator) -> None:
    found = one_claim(trial("a", seeds(GENRE, 0.5, rng)), trial("b", seeds(GENRE, 0.5, rng)))
    weak = replace(found.main, smallest=1.7)
    odd = with_verdict(Claim("a", "b", "AMI genre", {"kmeans": found.main, "consensus": weak}), "not shown")
    assert odd.smallest == 1.7
    # no two AMI lie more than 1 apart
    assert compared(odd).endswith("no difference within the score's range could have been detected.")


def test_language_is_asked_within_one_source() -> None:
    sources = np.array(["radio"] * 50 + ["studio"] * 70, dtype=object)  # radio is Bangla alone, studio both
    truth, told = within_one_source(LANGUAGE, sources)
    assert set(truth[:50]) == {""}
    assert truth[50:].tolist() == LANGUAGE[50:].tolist()
    assert told == "Based on 70 of 120 tracks, within one production source (studio)."
    truth, told = within_one_source(LANGUAGE, LANGUAGE)
    assert truth.tolist() == LANGUAGE.tolist()
    assert "cannot be separated" in told


def test_what_cannot_be_asked_is_said(rng: np.random.Generator) -> None:
    alone = data([trial("vae", seeds(GENRE, 0.1, rng), 4.0), trial("pca", seeds(GENRE, 0.1, rng))], truths={})
    bare = replace(alone, artists=np.full(TRACKS, ""))
    for question, column in ((better_than_pca, "genre"), (language_apart, "language")):
        found = question(bare)
        assert (found.answer, found.verdict) == ("not asked", f"Not asked: too few tracks have a {column!r}.")
    unnamed = replace(bare, params=replace(PARAMS, sound="", language=""))
    assert "no column says what the sound should show" in better_than_pca(unnamed).verdict
    assert language_apart(unnamed).verdict == "Not asked: no column names the languages."


def test_without_a_genre_artists_are_asked_for(rng: np.random.Generator) -> None:
    names = ("vae", "vae cross", "pca", "track_lda")
    found = better_than_pca(data([trial(name, seeds(GENRE, 0.1, rng)) for name in names], truths={}))
    assert {row["score"] for row in found.rows} == {"artist hit@5"}
    assert found.answer != "not asked"


def test_a_corpus_that_is_too_small_is_why_nothing_is_asked(rng: np.random.Generator) -> None:
    none = {name: [np.full(TRACKS, ABSENT)] * SEEDS for name in CLUSTERERS}
    trials = [replace(trial(name, seeds(GENRE, 0.1, rng)), labels=none) for name in ("vae", "pca", "track_lda")]
    small = replace(data(trials), artists=np.full(TRACKS, ""), small="3 songs are too few.")
    assert better_than_pca(small).verdict == "Not asked: 3 songs are too few."


def test_scripts_that_languages_share_are_not_spoken_of(rng: np.random.Generator) -> None:
    known = lyrical(rng, bert=0.1)
    mixed = np.array(["Cyrillic", "Latin"] * (TRACKS // 2), dtype=object)  # both languages are written in both
    for script in (mixed, np.full(TRACKS, "Latin", dtype=object)):
        assert "The script of the lyrics" not in language_apart(replace(known, script=script)).verdict


def test_without_a_model_that_is_active_no_comparison_is_counted(rng: np.random.Generator) -> None:
    collapsed = dict.fromkeys(("beta 4", "tc 4", "dip 4"), 0.0)
    names = ("vae", "vae cross", "pca", *collapsed)
    found = stability(data([trial(name, seeds(GENRE, 0.1, rng), collapsed.get(name, 4.0)) for name in names]))
    assert "0 comparisons" not in found.verdict
    assert "left out" in found.verdict


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (["better", "not shown"], "yes"),
        (["worse", "not shown"], "no"),
        (["better", "worse"], "mixed"),
        (["not shown"], "not shown"),
        ([], "not shown"),
    ],
)
def test_one_word_for_many_verdicts(said: list[Any], answer: str, rng: np.random.Generator) -> None:
    some = one_claim(trial("a", seeds(GENRE, 0.5, rng)), trial("b", seeds(GENRE, 0.5, rng)))
    assert overall([with_verdict(some.claim, verdict) for verdict in said]) == answer


def test_designs_differ_in_one_thing_and_have_a_name_each() -> None:
    train = Train(8, 0.003, 0.3, "cross", "tc", 9.0, "fp32", 1)
    found = list(designs(PARAMS, train, texts=("tfidf_svd", "bert"), halves=True))
    names = [design.model.name for design in found]
    assert len(set(names)) == len(names)
    assert {"vae", "vae cross", "audio", "audio + bert", "audio + bert shuffled", "beta 0.5", "beta 4"} <= set(names)
    assert "beta 1" not in names  # which is `vae`
    views = {design.model.name for design in found if design.train.view == "cross"}
    assert views == {"vae cross"}  # whatever params.yaml says of the models
    assert {design.model.name for design in found if design.train.objective != "beta"} == {"tc 4", "dip 4"}
    assert {design.model.source.missing for design in found} == {0.0, 0.5, 1.0}


def test_without_lyrics_nothing_is_trained_on_them() -> None:
    train = Train(8, 0.003, 0.3, "self", "beta", 9.0, "fp32", 1)
    assert all(design.model.source.lyrics is None for design in designs(PARAMS, train, texts=(), halves=True))


def test_tracks_of_one_segment_have_no_other_half() -> None:
    train = Train(8, 0.003, 0.3, "self", "beta", 9.0, "fp32", 1)
    assert {design.train.view for design in designs(PARAMS, train, texts=(), halves=False)} == {"self"}


def test_without_track_lda_a_vae_is_still_held_against_pca(rng: np.random.Generator) -> None:
    found = better_than_pca(data([trial("vae", seeds(GENRE, 0.1, rng), 4.0), trial("pca", seeds(GENRE, 0.8, rng))]))
    assert {row["against"] for row in found.comparisons} == {"pca"}


def test_tracks_without_lyrics_have_no_script(workspace: Path) -> None:
    table = workspace / "build" / "lyrics" / "scripts.csv"
    table.parent.mkdir(parents=True)
    table.write_text("id,script\na,Bengali\nb,Latin\n", encoding="utf-8")
    assert questions.scripts(("b", "none", "a")).tolist() == ["Latin", "", "Bengali"]
    assert store.read_table(table)["id"].tolist() == ["a", "b"]
