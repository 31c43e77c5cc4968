"""The cross-view networks and their stage: views never overlap, what a track shares is found, no label is read."""

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_mutual_info_score
from torch.distributions import Normal, kl_divergence

from pipeline import crossview
from pipeline.core import store
from pipeline.core.store import Array
from pipeline.crossview import Candidate
from pipeline.nets import crossview as networks
from pipeline.nets.crossview import Contrast, CrossView, Segments
from pipeline.nets.fit import active_units
from pipeline.nets.vae import Posterior

IDS = ("z", "007", "a", "NA", "m", "b", "k", "c")


def planted(tracks: int = 36, segments: int = 6, noise: float = 1.5) -> tuple[Segments, Array]:
    """Three kinds of tracks in 12 numbers; a single segment hardly tells the kind."""
    rng = np.random.default_rng(5)
    kinds = np.arange(tracks) % 3
    centres = 4 * np.eye(3, 12)[kinds][:, None]
    values = centres + noise * rng.standard_normal((tracks, segments, 12))
    return Segments(torch.tensor(values / values.std()).float(), torch.ones(tracks, segments, dtype=torch.bool)), kinds


# --- views ------------------------------------------------------------------------------------------------------------


@given(counts=st.lists(st.integers(2, 12), min_size=1, max_size=6), seed=st.integers(0, 1000))
def test_two_sets_of_a_track_share_no_segment_and_leave_half_of_it(counts: list[int], seed: int) -> None:
    torch.manual_seed(seed)
    there = torch.arange(12) < torch.tensor(counts)[:, None]
    there = there[:, torch.randperm(12)]  # the real ones need not come first
    first, second = networks.two_sets(there)
    assert not (first & second).any()
    assert not ((first | second) & ~there).any()
    for count, *sizes in zip(counts, first.sum(1).tolist(), second.sum(1).tolist(), strict=True):
        assert all(min(2, count // 2) <= size <= count // 2 for size in sizes)


def test_every_segment_and_every_size_gets_its_turn() -> None:
    torch.manual_seed(0)
    first, second = networks.two_sets(torch.ones(4000, 10, dtype=torch.bool))
    for chosen in (first, second):
        shares = chosen.float().mean(0)
        assert ((shares - 0.35).abs() < 0.04).all()  # 2 to 5 of 10
        assert torch.bincount(chosen.sum(1))[2:].tolist() == pytest.approx([1000] * 4, rel=0.1)


def test_halves_are_cut_in_time_for_who_has_two_segments() -> None:
    values = torch.tensor([[[1.0], [2.0], [3.0], [9.0]], [[5.0], [9.0], [9.0], [9.0]], [[9.0], [1.0], [9.0], [7.0]]])
    there = torch.tensor([[True, True, True, False], [True, False, False, False], [False, True, False, True]])
    first, second = Segments(values, there).halves()
    assert first.tolist() == [[1.0], [1.0]]
    assert second.tolist() == [[2.5], [7.0]]
    assert Segments(values, there).whole().tolist() == [[2.0], [5.0], [4.0]]


def test_nearest_are_the_others_that_are_nearest(rng: np.random.Generator) -> None:
    points = rng.standard_normal((1500, 3))
    found = networks.nearest(torch.tensor(points), 4).numpy()
    apart = np.linalg.norm(points[:, None] - points, axis=2)
    np.fill_diagonal(apart, np.inf)
    np.testing.assert_array_equal(found, np.argsort(apart, axis=1)[:, :4])
    assert networks.nearest(torch.tensor(points[:3]), 10).shape == (3, 2)


def test_drawn_neighbours_are_neighbours_of_the_right_track() -> None:
    whole = torch.tensor([[0.0], [1.0], [10.0], [20.0]])
    near = torch.tensor([[1, 1, 1, 1, 1], [2, 2, 2, 2, 2], [3, 3, 3, 3, 3], [0, 0, 0, 0, 0]])
    assert networks._drawn(near, torch.tensor([2, 0, 1]), whole).tolist() == [[20.0], [1.0], [10.0]]


def test_disagreement_is_the_symmetric_kl_divergence() -> None:
    torch.manual_seed(1)
    mean, log_var = torch.randn(6, 4), torch.randn(6, 4)
    one, other = (Normal(mean[rows], (log_var[rows] / 2).exp()) for rows in (slice(3), slice(3, 6)))
    expected = (kl_divergence(one, other) + kl_divergence(other, one)).sum(1).mean() / 2
    torch.testing.assert_close(networks._disagreement(Posterior(mean, log_var)), expected)


# --- networks ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_planted_kinds_are_found(share: float) -> None:
    segments, kinds = planted()
    torch.manual_seed(0)
    net, curve = networks.two_stages(segments, hidden=32, latent=4, epochs=40, share=share)
    seen = networks.seen_by(net, segments.whole())
    found = KMeans(3, n_init=10, random_state=0).fit_predict(seen.mean.double().numpy())
    assert adjusted_mutual_info_score(kinds, found) >= 0.95
    assert active_units(seen) >= 2
    assert len(curve) == 40
    assert curve[-1].mse < 0.6 * curve[0].mse
    torch.testing.assert_close(seen.mean, networks.embed(net, segments.whole()))


def test_with_neighbours_alone_they_are_what_is_expected() -> None:
    segments, _ = planted(12)
    whole = segments.whole()
    torch.manual_seed(0)
    only = networks.Neighbours(torch.zeros(12, 1, dtype=torch.long), share=1.0)
    net, _ = networks.cross(segments, 16, 2, 150, only)
    expected = net.decoder(networks.embed(net, whole)).detach()
    assert (expected - whole[0]).square().mean() < 0.1 * (whole - whole[0]).square().mean()


def test_what_was_shown_is_not_expected() -> None:
    """Of tracks whose two segments have nothing in common nothing can be expected; their mean would be half known."""
    torch.manual_seed(0)
    noise = Segments(torch.randn(200, 2, 6), torch.ones(200, 2, dtype=torch.bool))
    _, curve = networks.two_stages(noise, hidden=8, latent=2, epochs=20, share=0.0)
    assert curve[-1].mse > 0.9


def test_contrast_tells_two_views_of_a_track_from_those_of_others() -> None:
    rng = np.random.default_rng(2)
    shared = np.broadcast_to(rng.standard_normal((40, 1, 4)), (40, 8, 4))
    values = np.concatenate([shared, rng.standard_normal((40, 8, 12))], axis=2)  # and much that is to be ignored
    segments = Segments(torch.tensor(values).float(), torch.ones(40, 8, dtype=torch.bool))
    torch.manual_seed(0)
    net = networks.contrast(segments, hidden=32, latent=6, epochs=60)
    first, second = (networks.embed(net, half) for half in segments.halves())
    torch.testing.assert_close(first.norm(dim=1), torch.ones(40))
    assert ((first @ second.T).argmax(1) == torch.arange(40)).float().mean() > 0.35  # by chance .025; untrained .075


def test_a_track_of_one_segment_teaches_nothing_but_gets_a_place() -> None:
    segments, _ = planted()
    there = segments.there.clone()
    there[4, 1:] = False
    seen = []
    for other in (segments.values, torch.where(torch.arange(36)[:, None, None] == 4, 50.0, segments.values)):
        torch.manual_seed(0)
        own = Segments(other, there)
        net, _ = networks.two_stages(own, hidden=8, latent=2, epochs=3, share=0.0)
        seen.append(networks.embed(net, own.whole()))
    rest = torch.arange(36) != 4
    torch.testing.assert_close(seen[0][rest], seen[1][rest], rtol=0, atol=0)
    assert not torch.equal(seen[0][4], seen[1][4])
    assert seen[0].isfinite().all()


@pytest.mark.parametrize("tracks", [2, 3, 129])
def test_no_number_of_tracks_leaves_a_batch_that_cannot_be_normed(tracks: int) -> None:
    segments, _ = planted(tracks, segments=2)
    net, _ = networks.two_stages(segments, hidden=4, latent=2, epochs=1, share=0.5)
    assert networks.embed(net, segments.whole()).isfinite().all()
    assert isinstance(networks.contrast(segments, hidden=4, latent=2, epochs=1), Contrast)


def test_weights_are_what_half_precision_can_hold() -> None:
    segments, _ = planted(6, segments=2)
    net, _ = networks.two_stages(segments, hidden=4, latent=2, epochs=1, share=0.0)
    assert all(torch.equal(weights, weights.half().float()) for weights in net.parameters())


# --- the choice without labels ----------------------------------------------------------------------------------------


def test_cross_half_is_1_for_halves_that_agree_and_0_for_noise_and_for_nothing(rng: np.random.Generator) -> None:
    kinds = np.eye(4)[np.arange(80) % 4] * 10
    agree = [kinds + 0.01 * rng.standard_normal((80, 4)) for _ in range(2)]
    noise = [rng.standard_normal((80, 4)) for _ in range(2)]
    assert crossview.cross_half(*agree) > 0.6  # 4 clusters agree, and 8 and 16 cut noise
    assert abs(crossview.cross_half(*noise)) < 0.1
    assert crossview.cross_half(np.zeros((80, 4)), np.zeros((80, 4))) == 0.0
    assert crossview.cross_half(np.zeros((2, 4)), np.zeros((2, 4))) == 0.0


@pytest.mark.parametrize(
    ("scores", "taken"),
    [([0.7, 0.8, 0.9], 1), ([0.75, 0.8, 0.9], 0), ([0.1, 0.2, 0.9], 2), ([0.0, 0.0, 0.0], 0), ([-0.2, -0.1, -0.3], 1)],
)
def test_the_first_that_is_not_rejected_is_taken(scores: list[float], taken: int) -> None:
    options = [Candidate(0.3, 0.5), Candidate(0, 0.5), Candidate(0.3, 0)]
    assert crossview.chosen(dict(zip(options, scores, strict=True)), reject=0.8) == options[taken]


# --- the stage --------------------------------------------------------------------------------------------------------


@pytest.fixture
def built(small: Path, rng: np.random.Generator) -> Path:
    """Features of eight tracks of one to four segments, and nothing else: no table of tracks, so no label."""
    valid = np.ones((8, 4), np.bool_)
    valid[1, 3] = valid[4, 1:] = False
    stats = (rng.standard_normal((8, 1, 6)) + 0.3 * rng.standard_normal((8, 4, 6))).astype(np.float32)
    stats[~valid] = np.nan
    store.write_rows(Path("build/audio"), IDS, stats=stats, valid=valid)
    return small


def written() -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in Path("build/crossview").iterdir()}


@pytest.mark.usefixtures("built")
def test_the_stage_writes_a_representation_and_how_it_was_chosen() -> None:
    crossview.main()
    rows = store.read_rows(Path("build/crossview"), "cross")
    assert rows.ids == IDS
    assert rows["cross"].shape == (8, 2, 4)
    assert np.isfinite(rows["cross"]).all()
    about = store.read_json(Path("build/crossview/cross.json"))
    assert about["seeds"] == [0, 1]
    assert [len(kl) for kl in about["kl_per_unit"]] == [4, 4]
    choice = store.read_table(Path("build/crossview/choice.csv"))
    assert list(zip(choice["power"], choice["neighbours"], strict=True)) == [
        ("0.3", "0.5"), ("0.0", "0.5"), ("0.3", "0.0"), ("0.0", "0.0"),
    ]  # fmt: skip
    taken = choice[choice["verdict"] == "chosen"].iloc[0]
    assert (float(taken["power"]), float(taken["neighbours"])) == (about["power"], about["neighbours"])
    curve = store.read_table(Path("build/crossview/cross_curve.csv"))
    assert list(curve.columns) == ["model", "seed", "epoch", "loss", "kl", "mse_audio"]
    assert len(curve) == 2 * 5


@pytest.mark.usefixtures("built")
def test_the_weights_on_disk_give_exactly_the_embedding_on_disk(set_param: Callable[[str, object], None]) -> None:
    set_param("crossview.neighbours", [0])
    set_param("seeds", [4])
    crossview.main()
    state = {name: value.double() for name, value in load_file("build/crossview/cross.safetensors").items()}
    mean, matrix = state.pop("metric.mean"), state.pop("metric.matrix")
    net = CrossView(6, 16, 4)
    net.load_state_dict(state)
    heard = store.read_rows(Path("build/audio"), "stats", "valid")
    means = np.stack([row[here].mean(0) for row, here in zip(heard["stats"], heard["valid"], strict=True)])
    seen = networks.embed(net.eval(), ((torch.tensor(means).double() - mean) @ matrix).float())
    found = store.read_rows(Path("build/crossview"), "cross")["cross"]
    np.testing.assert_allclose(found[:, 0], seen, atol=1e-4)


@pytest.mark.usefixtures("built")
def test_the_same_seeds_give_the_same_bytes_on_any_number_of_processes(
    set_param: Callable[[str, object], None],
) -> None:
    set_param("crossview.powers", [0.3])
    found = []
    for workers in (1, 2):
        set_param("train.workers", workers)
        crossview.main()
        found.append(written())
    assert found[0] == found[1]


@pytest.mark.usefixtures("built")
def test_a_seed_gives_its_embedding_whatever_stands_beside_it(set_param: Callable[[str, object], None]) -> None:
    set_param("crossview.powers", [0.3])
    set_param("crossview.neighbours", [0.5])

    def embedding(*seeds: int) -> Array:
        set_param("seeds", list(seeds))
        crossview.main()
        return np.array(store.read_rows(Path("build/crossview"), "cross")["cross"])

    three = embedding(3, 8, 5)
    np.testing.assert_array_equal(embedding(5, 3)[:, ::-1], three[:, [0, 2]])
    assert not np.array_equal(three[:, 0], three[:, 1])


def test_tracks_of_one_segment_only_are_said_and_leave_no_model(
    built: Path, caplog: pytest.LogCaptureFixture, rng: np.random.Generator
) -> None:
    (built / "build" / "crossview").mkdir()
    (built / "build" / "crossview" / "cross.npy").write_bytes(b"of an earlier run")
    stats = rng.standard_normal((8, 1, 6)).astype(np.float32)
    store.write_rows(built / "build" / "audio", IDS, stats=stats, valid=np.ones((8, 1), np.bool_))
    with caplog.at_level(logging.WARNING):
        crossview.main()
    assert "0 of 8 tracks have two segments" in caplog.text
    assert set(written()) == {"ids.json"}
