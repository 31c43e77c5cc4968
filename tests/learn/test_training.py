"""From feature files to embeddings: rows stay with their ids, weights on disk are the model, beta is what was asked."""

import importlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from sklearn.metrics import adjusted_mutual_info_score

from pipeline import baselines, easy, hard, medium
from pipeline.core import embeddings, store
from pipeline.core.command import Problem
from pipeline.core.params import load
from pipeline.core.store import Array
from pipeline.learn import plan, songs, training
from pipeline.learn.plan import Model
from pipeline.learn.songs import Source
from pipeline.nets.families import experts, joined
from pipeline.nets.fit import embed, standardised
from pipeline.nets.objective import Objective
from pipeline.nets.prior import Mixture
from pipeline.score.summary import collapsed

IDS = ("z", "007", "a", "NA", "m", "b", "k", "c")
STATS, WORDS = 6, 5


@pytest.fixture
def built(small: Path, rng: np.random.Generator) -> Path:
    """Features of eight tracks of up to three segments; lyrics of six of them, in another order."""
    valid = np.ones((8, 3), np.bool_)
    valid[1, 2] = valid[4, 1] = valid[4, 2] = False
    centre = rng.standard_normal((8, 1, STATS))
    stats = (centre + 0.3 * rng.standard_normal((8, 3, STATS))).astype(np.float32)
    mfcc = rng.standard_normal((8, 3, 4, 16)).astype(np.float32)
    logmel = rng.standard_normal((8, 3, 16, 16)).astype(np.float32)
    for array in (stats, mfcc, logmel):
        array[~valid] = 99.0
    store.write_rows(Path("build/audio"), IDS, stats=stats, mfcc=mfcc, logmel=logmel, valid=valid)
    there = np.array([True, True, False, True, True, False, True, True])
    tfidf = np.where(there[:, None], rng.random((8, WORDS)), 0).astype(np.float32)
    few = tfidf[:, :3]
    store.write_rows(Path("build/lyrics"), IDS[::-1], tfidf=tfidf, tfidf_svd=few, bert_svd=few, has_lyrics=there)
    table = pd.DataFrame({"id": sorted(IDS), "language": ["bn", "en", "", "bn", "en", "hi", "bn", "en"], "reason": ""})
    store.write_table(Path("build/tracks/tracks.csv"), table)
    return small


@pytest.mark.usefixtures("built")
def test_lyrics_and_condition_find_their_track_by_id() -> None:
    made = songs.corpus(Source("stats", "tfidf", "language"))
    written = store.read_rows(Path("build/lyrics"), "tfidf", "has_lyrics")
    languages = dict(zip(sorted(IDS), ["bn", "en", "", "bn", "en", "hi", "bn", "en"], strict=True))
    assert made.ids == IDS
    assert made.labels == ("bn", "en", "hi")
    assert made.songs.lyrics is not None
    for row, id_ in enumerate(IDS):
        other = written.ids.index(id_)
        np.testing.assert_array_equal(made.songs.lyrics[row], written["tfidf"][other])
        assert made.songs.has_lyrics[row] == written["has_lyrics"][other]
        assert made.songs.condition[row].tolist() == [float(languages[id_] == label) for label in made.labels]


def given(source: Source) -> tuple[Array, Array]:
    """The lyrics that a model is shown, and which of them are there."""
    tensors = songs.corpus(source).songs
    assert tensors.lyrics is not None
    return tensors.lyrics.numpy(), tensors.has_lyrics.numpy()


@pytest.mark.usefixtures("built")
def test_shuffled_lyrics_change_hands_among_those_who_have_some() -> None:
    words, there = given(Source("stats", "tfidf"))
    mixed, still = given(Source("stats", "tfidf", shuffled=True))
    np.testing.assert_array_equal(still, there)
    assert sorted(map(tuple, mixed[there])) == sorted(map(tuple, words[there]))
    assert (mixed[there] != words[there]).any(1).sum() >= 4
    assert (mixed[~there] == words[~there]).all()
    np.testing.assert_array_equal(given(Source("stats", "tfidf", shuffled=True))[0], mixed)


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("shuffled", [False, True])
def test_missing_lyrics_are_taken_from_a_share_of_those_who_have_some(shuffled: bool) -> None:
    whole, had = given(Source("stats", "tfidf", shuffled=shuffled))
    before = had
    for missing, left in ((0.0, 6), (0.25, 4), (0.5, 3), (0.75, 2)):
        words, there = given(Source("stats", "tfidf", shuffled=shuffled, missing=missing))
        assert there.sum() == left
        assert not (there & ~before).any()  # a larger share takes the smaller one along
        np.testing.assert_array_equal(words[there], whole[there])
        assert not words[had & ~there].any()
        before = there


@pytest.mark.usefixtures("built")
def test_without_any_lyrics_it_is_the_model_of_the_sound_alone() -> None:
    p = load(hard.Params)
    build = partial(experts, hidden=p.hard.hidden, latent=p.hard.latent, dropout=p.hard.dropout)
    sources = Source("stats", None, "language"), Source("stats", "tfidf", "language", missing=1.0)
    models = [Model(Path("none"), "toy", "toy", source, build, 2, p.beta, ("audio", "lyrics")) for source in sources]
    alone, robbed = training.learn_all(
        [job for model in models for job in plan.jobs(model, (0,), p.train, p.device)], 1
    )
    np.testing.assert_array_equal(robbed.means["toy"], alone.means["toy"])
    assert np.isnan(robbed.means["toy_lyrics"]).all()
    assert set(robbed.mse) == {"audio"}


def toy(p: easy.Params, folder: Path, lyrics: str | None = None, beta: float = 1.0) -> Model:
    build = partial(joined, hidden=p.easy.hidden, latent=p.easy.latent)
    return Model(folder, "toy", "toy family", Source("stats", lyrics), build, epochs=3, beta=beta)


@pytest.mark.usefixtures("built")
def test_models_in_memory_are_those_of_a_stage_and_leave_no_file() -> None:
    p = load(easy.Params)
    models = [toy(p, Path("build/toy"), lyrics) for lyrics in (None, "tfidf")]
    jobs = [job for model in models for job in plan.jobs(model, p.seeds, p.train, p.device)]
    learnt = list(training.learn_all(jobs, 1))
    assert not Path("build/toy").exists()
    assert [set(one.mse) for one in learnt] == [{"audio"}] * 2 + [{"audio", "lyrics"}] * 2
    for one in learnt:
        assert one.mse["audio"] == pytest.approx(one.curve[-1]["mse_audio"], abs=1e-6)
        assert one.active is not None
        assert len(one.kl) == p.easy.latent
        assert one.assignments is None
    training.learn(models[1], p.seeds, p.train, p.device)
    written = store.read_rows(Path("build/toy"), "toy")["toy"]
    np.testing.assert_array_equal(written, np.stack([one.means["toy"] for one in learnt[2:]], axis=1))


@pytest.mark.usefixtures("built")
def test_songs_that_changed_are_read_anew() -> None:
    p = load(easy.Params)
    jobs = plan.jobs(toy(p, Path("none")), (0,), p.train, p.device)
    (before,) = training.learn_all(jobs, 1)
    rows = store.read_rows(Path("build/audio"), "stats", "valid")
    store.write_rows(Path("build/audio"), IDS, stats=np.array(rows["stats"])[::-1], valid=np.array(rows["valid"])[::-1])
    (after,) = training.learn_all(jobs, 1)
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
            hard.main()
            about = store.read_json(Path("build/hard/hard.json"))
            assert (about["view"], about["objective"]) == (view, objective)
            assert about.get("strength") == (None if objective == "beta" else 4)
            found[view, objective] = np.array(store.read_rows(Path("build/hard"), "hard")["hard"]).tobytes()
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


@pytest.mark.parametrize("objective", ["beta", "tc", "dip"])
def test_an_autoencoder_has_no_objective(small: Path, objective: str, set_param: Callable[[str, object], None]) -> None:
    set_param("train.objective", objective)
    p = load(easy.Params)
    assert plan.recipe(toy(p, small, beta=0.0), p.train).objective == Objective(0.0)


@pytest.mark.usefixtures("built")
def test_a_mixture_gives_shares_beside_the_embedding(set_param: Callable[[str, object], None]) -> None:
    set_param("easy.prior", "mixture")
    set_param("easy.components", 3)
    set_param("easy.epochs", 8)
    found = []
    for _ in range(2):
        easy.main()
        found.append({file.name: file.read_bytes() for file in Path("build/easy").iterdir()})
    assert found[0] == found[1]
    shares = np.array(store.read_rows(Path("build/easy"), "easy_assignments")["easy_assignments"])
    assert shares.shape == (8, 2, 3)
    np.testing.assert_allclose(shares.sum(2), 1, atol=1e-5)
    assert [kind.name for kind in embeddings.representations()] == ["easy"]
    assert store.read_json(Path("build/easy/easy.json"))["clusters"] == 3
    curve = store.read_table(Path("build/easy/easy_curve.csv"))
    assert curve["epoch"].tolist() == [str(number) for number in range(1, 9)] * 2

    made = songs.corpus(Source("stats", flat=True))
    vae = joined(made.shapes, made.scales, hidden=(16, 8), latent=4)
    vae.prior = Mixture(torch.ones(3), torch.zeros(3, 4), torch.ones(3, 4))
    vae.load_state_dict({name: value.float() for name, value in load_file("build/easy/easy.safetensors").items()})
    again = training._assignments(vae, standardised(vae, made.songs))
    assert again is not None
    np.testing.assert_allclose(shares[:, 0], again, atol=1e-4)


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
    store.write_rows(small / "build" / "audio", ids, stats=stats, valid=np.ones((30, 3), np.bool_))
    p = load(easy.Params)
    model = replace(toy(p, small), epochs=40, clusters=3)
    (learnt,) = training.learn_all(plan.jobs(model, (0,), p.train, p.device), 1)
    assert learnt.assignments is not None
    assert adjusted_mutual_info_score(kinds, learnt.assignments.argmax(1)) >= 0.95


@pytest.mark.usefixtures("built")
def test_only_real_segments_are_learnt_each_under_its_track() -> None:
    made = songs.corpus(Source("stats"))
    heard = store.read_rows(Path("build/audio"), "stats", "valid")
    assert made.songs.track.tolist() == [0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 3, 4, 5, 5, 5, 6, 6, 6, 7, 7, 7]
    assert made.songs.audio is not None
    np.testing.assert_array_equal(made.songs.audio[3:5], heard["stats"][1, :2])
    np.testing.assert_array_equal(made.songs.audio[11], heard["stats"][4, 0])
    assert made.songs.audio.max() < 99


@pytest.mark.parametrize(
    ("audio", "flat", "shape"),
    [("stats", True, (STATS,)), ("mfcc", False, (4, 16)), ("mfcc", True, (64,)), ("logmel", False, (16, 16))],
)
@pytest.mark.usefixtures("built")
def test_the_scale_standardises_what_is_learnt(audio: str, flat: bool, shape: tuple[int, ...]) -> None:
    made = songs.corpus(Source(audio, flat=flat))
    assert made.shapes == {"audio": shape}
    assert made.songs.audio is not None
    values = made.scales["audio"](made.songs.audio)
    over = (0,) if values.dim() == 2 else (0, 2)
    torch.testing.assert_close(values.mean(over), torch.zeros(shape[0]), atol=1e-5, rtol=0)
    torch.testing.assert_close(values.std(over, correction=0), torch.ones(shape[0]), atol=1e-4, rtol=0)


def test_a_number_that_never_changes_is_no_division_by_zero() -> None:
    one = songs._scale(torch.ones(5, 3))
    assert one(torch.ones(5, 3)).tolist() == [[0.0] * 3] * 5


@pytest.mark.parametrize("known", [1, 2])
def test_lyrics_of_few_songs_can_still_be_scaled(known: int) -> None:
    words = torch.tensor([[0.6, 0.8], [1.0, 0.0], [0.0, 0.0]])
    scaled = songs._text_scale(words[:known])(words)
    assert scaled.isfinite().all()


def test_one_segment_alone_can_still_be_scaled() -> None:
    assert songs._scale(torch.ones(1, 3))(torch.ones(1, 3)).isfinite().all()


@pytest.mark.usefixtures("built")
def test_a_condition_that_is_no_column_is_refused_with_the_columns() -> None:
    with pytest.raises(Problem, match=r"hard\.condition is 'languag', .* it has id, language, reason"):
        songs.corpus(Source("stats", None, "languag"))


def test_no_track_with_features_names_the_command(small: Path) -> None:
    store.write_rows(small / "build" / "audio", [], stats=np.zeros((0, 2, 3)), valid=np.zeros((0, 2), np.bool_))
    with pytest.raises(Problem, match="no track has audio features: run `dvc repro audio`"):
        songs.corpus(Source("stats"))


@pytest.mark.usefixtures("built")
def test_the_weights_on_disk_give_exactly_the_embedding_on_disk(set_param: Callable[[str, object], None]) -> None:
    set_param("hard.lyrics", "tfidf")
    hard.main()
    made = songs.corpus(Source("stats", "tfidf", "language"))
    vae = experts(made.shapes, made.scales, hidden=(16, 8), latent=4, labels=3, dropout=0.0)
    vae.load_state_dict({name: value.float() for name, value in load_file("build/hard/hard.safetensors").items()})
    written = store.read_rows(Path("build/hard"), "hard", "hard_lyrics")
    ready = standardised(vae, made.songs)
    np.testing.assert_allclose(written["hard"][:, 0], embed(vae, ready).mean, atol=1e-5)
    lyrics = np.where(made.songs.has_lyrics[:, None], embed(vae, ready, only="lyrics").mean, np.nan)
    np.testing.assert_allclose(written["hard_lyrics"][:, 0], lyrics, atol=1e-5)
    assert np.isnan(lyrics).any()


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
    found = []
    for workers in (1, 2):
        set_param("train.workers", workers)
        hard.main()
        found.append({file.name: file.read_bytes() for file in Path("build/hard").iterdir()})
    assert found[0] == found[1]


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(("beta", "active"), [(0, None), (0.01, [4, 4]), (1000, [0, 0])])
def test_hard_learns_with_the_beta_of_the_parameters(
    beta: float, active: list[int] | None, set_param: Callable[[str, object], None]
) -> None:
    set_param("beta", beta)
    set_param("hard.epochs", 40)
    set_param("train.rate", 0.02)
    hard.main()
    about = store.read_json(Path("build/hard/hard.json"))
    assert about["beta"] == beta
    assert about.get("active_units") == active  # without a KL term any scale of a unit is as good: undefined
    assert about["latent"] == 4
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
    alone = {kind.name for kind in embeddings.representations()}
    assert alone == ({"hard"} if lyrics == "none" else {"hard", "hard_audio", "hard_lyrics"})


@pytest.mark.usefixtures("built")
def test_what_one_modality_sees_is_flagged_when_it_collapses(set_param: Callable[[str, object], None]) -> None:
    set_param("hard.lyrics", "tfidf")
    set_param("beta", 1000)
    set_param("hard.epochs", 20)
    hard.main()
    kinds = {kind.name: kind for kind in embeddings.representations()}
    assert {name for name, kind in kinds.items() if collapsed(kind, 0.25)} == {"hard", "hard_audio", "hard_lyrics"}
    assert kinds["hard_lyrics"].about["latent"] == 4


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
@pytest.mark.usefixtures("built")
def test_cuda_without_a_gpu_names_the_cure(set_param: Callable[[str, object], None]) -> None:
    set_param("device", "cuda")
    with pytest.raises(Problem, match="no CUDA GPU: set device to auto or cpu"):
        easy.main()


@pytest.mark.parametrize(
    ("stage", "name"),
    [
        ("easy", "seeds"), ("baselines", "seeds"), ("easy", "easy.hidden"), ("hard", "hard.hidden"),
        ("medium", "medium.hidden"), ("medium", "medium.models"), ("baselines", "baselines.hidden"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("built")
def test_an_empty_list_is_refused_by_name(stage: str, name: str, set_param: Callable[[str, object], None]) -> None:
    set_param(name, [])
    with pytest.raises(Problem, match=name):
        importlib.import_module(f"pipeline.{stage}").main()


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("seed", [-1, 2**40])
def test_a_seed_that_numpy_cannot_take_is_refused_by_name(seed: int, set_param: Callable[[str, object], None]) -> None:
    set_param("seeds", [seed])
    with pytest.raises(Problem, match="seeds"):
        baselines.main()


@pytest.mark.usefixtures("built")
def test_a_model_that_is_no_longer_asked_for_is_gone(set_param: Callable[[str, object], None]) -> None:
    hard.main()
    assert Path("build/hard/hard_lyrics.npy").exists()
    set_param("hard.lyrics", "none")
    hard.main()
    assert not Path("build/hard/hard_lyrics.npy").exists()


@pytest.mark.usefixtures("built")
def test_a_traversal_moves_one_unit_and_leaves_the_sound_of_the_middle(
    set_param: Callable[[str, object], None],
) -> None:
    set_param("medium.models", ["conv2d"])
    easy.main()
    medium.main()
    moved = np.load("build/easy/easy_traversal.npy").astype(np.float64)
    assert moved.shape == (4, 5, STATS)
    assert sorted(store.read_json(Path("build/easy/easy_units.json"))) == [0, 1, 2, 3]
    middle = moved[:, 2]
    np.testing.assert_array_equal(middle, np.repeat(middle[:1], 4, axis=0))  # where nothing moved, all rows are alike
    assert (np.abs(moved[:, 0] - middle).max(axis=1) > 0).all()
    assert np.load("build/medium/conv2d_traversal.npy").shape == (4, 5, 16, 1)  # the mean over time
    assert "easy_traversal" not in {kind.name for kind in embeddings.representations()}
