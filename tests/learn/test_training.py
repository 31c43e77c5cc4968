"""The trainer: a seed gives the same model whatever stands beside it, and beta is the parameter's."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import adjusted_mutual_info_score

from pipeline import easy, hard
from pipeline.core import embeddings, store
from pipeline.core.command import Problem
from pipeline.core.params import load
from pipeline.core.store import Array
from pipeline.learn import plan, training
from pipeline.learn.plan import Model
from pipeline.learn.songs import Source
from pipeline.nets.families import experts
from pipeline.score.summary import collapsed
from tests.learn.toys import IDS, STATS, toy, train_all


@pytest.mark.usefixtures("built")
def test_without_any_lyrics_it_is_the_model_of_the_sound_alone() -> None:
    p = load(hard.Params)
    build = partial(experts, hidden=(8,), latent=p.hard.latent, dropout=p.hard.dropout)
    sources = Source("sound", None, "language"), Source("sound", "tfidf", "language", missing=1.0)
    models = [Model(Path("none"), "toy", "toy", source, build, 2, p.beta, ("audio", "lyrics")) for source in sources]
    alone, empty = train_all([job for model in models for job in plan.jobs(model, (0,), p.train, p.device)])
    np.testing.assert_array_equal(empty.means["toy"], alone.means["toy"])
    assert np.isnan(empty.means["toy_lyrics"]).all()
    assert "mse_lyrics" not in empty.curve[-1]


@pytest.mark.usefixtures("built")
def test_models_in_memory_are_those_of_a_stage_and_leave_no_file() -> None:
    p = load(easy.Params)
    models = [toy(p, Path("build/toy"), lyrics) for lyrics in (None, "tfidf")]
    jobs = [job for model in models for job in plan.jobs(model, p.seeds, p.train, p.device)]
    learnt = list(train_all(jobs))
    assert not Path("build/toy").exists()
    parts = {"loss", "kl", "mse_audio"}
    assert [set(seed.curve[-1]) for seed in learnt] == [parts] * 2 + [parts | {"mse_lyrics"}] * 2
    for seed in learnt:
        assert seed.active is not None
        assert len(seed.kl) == p.easy.latent
        assert seed.assignments is None
        assert seed.kept is None
    training.learn(models[1], p.seeds, p.folds, p.train, p.device)
    written = store.read_rows(Path("build/toy"), "toy")["toy"]
    np.testing.assert_array_equal(written, np.stack([seed.means["toy"] for seed in learnt[2:]], axis=1))


@pytest.mark.usefixtures("built")
def test_songs_that_changed_are_read_anew() -> None:
    p = load(easy.Params)
    jobs = plan.jobs(toy(p, Path("none")), (0,), p.train, p.device)
    (before,) = train_all(jobs)
    rows = store.read_rows(Path("build/ears"), "sound", "valid")
    store.write_rows(Path("build/ears"), IDS, sound=np.array(rows["sound"])[::-1], valid=np.array(rows["valid"])[::-1])
    (after,) = train_all(jobs)
    assert not np.array_equal(before.means["toy"], after.means["toy"])


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("view", ["self", "cross"])
def test_a_single_segment_is_said_to_be_its_own_other_half(
    view: str, set_param: Callable[[str, object], None], caplog: pytest.LogCaptureFixture
) -> None:
    set_param("train.view", view)
    with caplog.at_level("INFO"):
        easy.main()
    said = [line for line in caplog.messages if "1 tracks have one segment only" in line]
    assert len(said) == (view == "cross")
    assert store.read_json(Path("build/easy/easy.json"))["view"] == view


@pytest.mark.usefixtures("built")
def test_view_and_objective_change_what_is_learnt_and_are_written_down(
    set_param: Callable[[str, object], None],
) -> None:
    found = {}
    for view in ("self", "cross"):
        for objective in ("beta", "tc", "dip"):
            set_param("train.view", view)
            set_param("train.objective", objective)
            easy.main()
            about = store.read_json(Path("build/easy/easy.json"))
            assert (about["view"], about["objective"]) == (view, objective)
            assert about.get("strength") == (None if objective == "beta" else 4)
            found[view, objective] = np.array(store.read_rows(Path("build/easy"), "easy")["easy"]).tobytes()
    assert len(set(found.values())) == 6


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(("objective", "strength"), [("tc", 1), ("dip", 0)])
def test_an_objective_of_no_strength_is_the_plain_one(
    objective: str, strength: float, set_param: Callable[[str, object], None]
) -> None:
    easy.main()
    plain = np.array(store.read_rows(Path("build/easy"), "easy")["easy"])
    set_param("train.objective", objective)
    set_param("train.strength", strength)
    easy.main()
    np.testing.assert_array_equal(store.read_rows(Path("build/easy"), "easy")["easy"], plain)


@pytest.mark.parametrize("epochs", [1, 2, 3])
@pytest.mark.usefixtures("built")
def test_a_mixture_needs_few_epochs_and_enough_segments(epochs: int, set_param: Callable[[str, object], None]) -> None:
    set_param("easy.prior", "mixture")
    set_param("easy.components", 2)
    set_param("easy.epochs", epochs)
    easy.main()
    assert store.read_rows(Path("build/easy"), "easy_assignments")["easy_assignments"].shape == (8, 2, 2)
    set_param("easy.components", 22)
    with pytest.raises(Problem, match=r"easy\.components is 22.* 21 segments: lower it"):
        easy.main()


def test_a_mixture_finds_planted_groups(small: Path, rng: np.random.Generator) -> None:
    kinds = np.repeat([0, 1, 2], 10)
    centre = 6 * rng.standard_normal((3, STATS))[kinds] + 0.3 * rng.standard_normal((30, STATS))
    stats = (centre[:, None] + 0.3 * rng.standard_normal((30, 3, STATS))).astype(np.float32)
    ids = [f"song {number}" for number in range(30)]
    store.write_rows(small / "build" / "ears", ids, sound=stats, valid=np.ones((30, 3), np.bool_))
    p = load(easy.Params)
    model = replace(toy(p, small), epochs=40, clusters=3)
    (learnt,) = train_all(plan.jobs(model, (0,), p.train, p.device))
    assert learnt.assignments is not None
    assert adjusted_mutual_info_score(kinds, learnt.assignments.argmax(1)) >= 0.95


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("model", ["easy", "hard"])
def test_a_seed_gives_its_embedding_whatever_stands_beside_it(
    model: str, set_param: Callable[[str, object], None]
) -> None:
    main = {"easy": easy.main, "hard": hard.main}[model]

    def embedding(*seeds: int) -> Array:
        set_param("seeds", list(seeds))
        main()
        return np.array(store.read_rows(Path("build") / model, model)[model])

    both = embedding(3, 8)
    assert both.shape == (8, 2, 4)
    np.testing.assert_array_equal(embedding(8)[:, 0], both[:, 1])
    np.testing.assert_array_equal(embedding(8, 3)[:, ::-1], both)
    assert not np.array_equal(both[:, 0], both[:, 1])


@pytest.mark.usefixtures("built")
def test_two_processes_learn_what_one_does(set_param: Callable[[str, object], None]) -> None:
    files = []
    for workers in (1, 2):
        set_param("train.workers", workers)
        hard.main()
        files.append({file.name: file.read_bytes() for file in Path("build/hard").iterdir()})
    assert {name for name, content in files[0].items() if content != files[1][name]} == set()


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(("beta", "active"), [(0, None), (0.001, [4, 4]), (1000, [0, 0])])
def test_hard_learns_with_the_beta_of_the_parameters(
    beta: float, active: list[int] | None, set_param: Callable[[str, object], None]
) -> None:
    set_param("beta", beta)
    set_param("hard.epochs", 40)
    set_param("hard.rate", 0.02)
    hard.main()
    about = store.read_json(Path("build/hard/hard.json"))
    assert about["beta"] == beta
    assert about.get("active_units") == active  # without a KL term any scale of a unit is as good: undefined
    assert about["latent"] == 4  # of the joint facet
    words = store.read_json(Path("build/hard/hard_words.json"))
    assert words.get("active_units") == active
    curve = store.read_table(Path("build/hard/hard_curve.csv"))
    assert len(curve) == 2 * 40


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("beta", [0, 50])
def test_beta_is_of_no_concern_to_easy(beta: int, set_param: Callable[[str, object], None]) -> None:
    set_param("beta", beta)
    easy.main()
    assert store.read_json(Path("build/easy/easy.json"))["beta"] == 1


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("lyrics", ["none", "tfidf"])
@pytest.mark.parametrize("condition", ["none", "language"])
def test_hard_works_without_lyrics_and_without_a_condition(
    lyrics: str, condition: str, set_param: Callable[[str, object], None]
) -> None:
    set_param("hard.lyrics", lyrics)
    set_param("hard.condition", condition)
    hard.main()
    about = store.read_json(Path("build/hard/hard.json"))
    assert about["labels"] == ([] if condition == "none" else ["bn", "en", "hi"])
    alone = {embedding.name for embedding in embeddings.representations()}
    facets = {"hard_sound", "hard_words", "hard_audio", "hard_lyrics"}
    assert alone == ({"hard"} if lyrics == "none" else {"hard"} | facets)
    assert store.read_rows(Path("build/hard"), "hard")["hard"].shape == (8, 2, 4)


@pytest.mark.usefixtures("built")
def test_what_one_modality_sees_is_flagged_when_it_collapses(set_param: Callable[[str, object], None]) -> None:
    set_param("hard.lyrics", "tfidf")
    set_param("beta", 1000)
    set_param("hard.epochs", 20)
    set_param("hard.rate", 0.02)
    hard.main()
    described = {embedding.name: embedding for embedding in embeddings.representations()}
    facets = {"hard_sound", "hard_words", "hard_audio", "hard_lyrics"}
    assert {name for name, embedding in described.items() if collapsed(embedding, 0.25)} == {"hard"} | facets
    assert described["hard_lyrics"].about["latent"] == 4
