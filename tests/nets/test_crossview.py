"""The networks of views: views never overlap, and what the segments of a track share is found."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_mutual_info_score
from torch import Tensor

from pipeline.nets.crossview import (
    FirstStage,
    Neighbours,
    fit_contrast,
    fit_cross_view,
    nearest,
    two_stages,
    view_songs,
)
from pipeline.nets.fit import active_units, embed
from pipeline.nets.loop import Recipe
from pipeline.nets.objective import Objective
from pipeline.nets.vae import VAE
from pipeline.nets.views import Segments, two_sets

FIRST = FirstStage(nets=3, hidden=32, latent=8, nearest=10, drawn=4)


def recipe(epochs: int) -> Recipe:
    objective = Objective(0.5, agreement=0.5)
    return Recipe(epochs, 128, 2e-3, 0.3, objective, "one_cycle", decay=1e-3, noise=0.1, even=True)


def places(vae: VAE, views: Tensor) -> Tensor:
    return embed(vae, view_songs(views)).mean


def planted(tracks: int = 36, segments: int = 6, noise: float = 1.5) -> tuple[Segments, NDArray[np.int64]]:
    """Three kinds of tracks in 12 numbers; a single segment hardly tells the kind."""
    rng = np.random.default_rng(5)
    kinds = np.arange(tracks) % 3
    centres = 4 * np.eye(3, 12)[kinds][:, None]
    values = centres + noise * rng.standard_normal((tracks, segments, 12))
    return Segments(torch.tensor(values / values.std()).float(), torch.ones(tracks, segments, dtype=torch.bool)), kinds


@given(counts=st.lists(st.integers(2, 12), min_size=1, max_size=6), seed=st.integers(0, 1000))
def test_two_sets_of_a_track_share_no_segment_and_leave_half_of_it(counts: list[int], seed: int) -> None:
    torch.manual_seed(seed)
    valid = torch.arange(12) < torch.tensor(counts)[:, None]
    valid = valid[:, torch.randperm(12)]  # the real ones need not come first
    first, second = two_sets(valid)
    assert not (first & second).any()
    assert not ((first | second) & ~valid).any()
    for count, *sizes in zip(counts, first.sum(1).tolist(), second.sum(1).tolist(), strict=True):
        assert all(min(2, count // 2) <= size <= count // 2 for size in sizes)


def test_every_segment_and_every_size_gets_its_turn() -> None:
    torch.manual_seed(0)
    first, second = two_sets(torch.ones(4000, 10, dtype=torch.bool))
    for chosen in (first, second):
        shares = chosen.float().mean(0)
        assert ((shares - 0.35).abs() < 0.04).all()  # 2 to 5 of 10
        assert torch.bincount(chosen.sum(1))[2:].tolist() == pytest.approx([1000] * 4, rel=0.1)


def test_halves_are_cut_in_time_for_who_has_two_segments() -> None:
    values = torch.tensor([[[1.0], [2.0], [3.0], [9.0]], [[5.0], [9.0], [9.0], [9.0]], [[9.0], [1.0], [9.0], [7.0]]])
    valid = torch.tensor([[True, True, True, False], [True, False, False, False], [False, True, False, True]])
    first, second = Segments(values, valid).halves()
    assert first.tolist() == [[1.0], [1.0]]
    assert second.tolist() == [[2.5], [7.0]]
    assert Segments(values, valid).whole().tolist() == [[2.0], [5.0], [4.0]]


def test_nearest_are_the_others_that_are_nearest(rng: np.random.Generator) -> None:
    points = rng.standard_normal((1500, 3))
    near = nearest(torch.tensor(points), 4).numpy()
    distance = np.linalg.norm(points[:, None] - points, axis=2)
    np.fill_diagonal(distance, np.inf)
    np.testing.assert_array_equal(near, np.argsort(distance, axis=1)[:, :4])
    assert nearest(torch.tensor(points[:3]), 10).shape == (3, 2)


def test_drawn_neighbours_are_neighbours_of_the_right_track() -> None:
    whole = torch.tensor([[0.0], [1.0], [10.0], [20.0]])
    near = torch.tensor([[1, 1, 1, 1, 1], [2, 2, 2, 2, 2], [3, 3, 3, 3, 3], [0, 0, 0, 0, 0]])
    neighbours = Neighbours(near, share=0.5, drawn=4)
    assert neighbours.mean(torch.tensor([2, 0, 1]), whole).tolist() == [[20.0], [1.0], [10.0]]


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_planted_kinds_are_found(share: float) -> None:
    segments, kinds = planted()
    torch.manual_seed(0)
    vae, curve = two_stages(segments, recipe(40), hidden=32, latent=4, first=FIRST, share=share)
    embedding = embed(vae, view_songs(segments.whole()))
    clusters = KMeans(3, n_init=10, random_state=0).fit_predict(embedding.mean.double().numpy())
    assert adjusted_mutual_info_score(kinds, clusters) >= 0.95
    assert active_units(embedding) >= 2
    assert len(curve) == 40
    assert curve[-1]["mse_audio"] < 0.6 * curve[0]["mse_audio"]


def test_with_neighbours_alone_they_are_what_is_expected() -> None:
    segments, _ = planted(12)
    whole = segments.whole()
    torch.manual_seed(0)
    neighbours = Neighbours(torch.zeros(12, 1, dtype=torch.long), share=1.0, drawn=1)
    vae, _ = fit_cross_view(segments, recipe(150), 16, 2, neighbours)
    predicted = vae.decode(places(vae, whole), torch.zeros(12, 0))["audio"].detach()
    assert (predicted - whole[0]).square().mean() < 0.1 * (whole - whole[0]).square().mean()


def test_what_was_shown_is_not_expected() -> None:
    """Of tracks whose two segments have nothing in common nothing can be expected; their mean would be half known."""
    torch.manual_seed(0)
    noise = Segments(torch.randn(200, 2, 6), torch.ones(200, 2, dtype=torch.bool))
    _, curve = fit_cross_view(noise, recipe(20), 8, 2)
    assert curve[-1]["mse_audio"] > 0.9


def test_contrast_tells_two_views_of_a_track_from_those_of_others() -> None:
    rng = np.random.default_rng(2)
    shared = np.broadcast_to(rng.standard_normal((40, 1, 4)), (40, 8, 4))
    values = np.concatenate([shared, rng.standard_normal((40, 8, 12))], axis=2)  # and much that is to be ignored
    segments = Segments(torch.tensor(values).float(), torch.ones(40, 8, dtype=torch.bool))
    torch.manual_seed(0)
    net, _ = fit_contrast(segments, recipe(60), hidden=32, latent=6, temperature=0.5)
    first, second = (net(half) for half in segments.halves())
    torch.testing.assert_close(first.norm(dim=1), torch.ones(40))
    assert ((first @ second.T).argmax(1) == torch.arange(40)).float().mean() > 0.35  # by chance .025; untrained .075


def test_a_track_of_one_segment_teaches_nothing_but_gets_a_place() -> None:
    segments, _ = planted()
    valid = segments.valid.clone()
    valid[4, 1:] = False
    changed = torch.where(torch.arange(36)[:, None, None] == 4, 50.0, segments.values)
    embeddings = []
    for values in (segments.values, changed):
        torch.manual_seed(0)
        single = Segments(values, valid)
        vae, _ = fit_cross_view(single, recipe(3), 8, 2)
        embeddings.append(places(vae, single.whole()))
    rest = torch.arange(36) != 4
    torch.testing.assert_close(embeddings[0][rest], embeddings[1][rest], rtol=0, atol=0)
    assert not torch.equal(embeddings[0][4], embeddings[1][4])
    assert embeddings[0].isfinite().all()


@pytest.mark.parametrize("tracks", [2, 3, 129])
def test_no_number_of_tracks_leaves_a_batch_that_cannot_be_normed(tracks: int) -> None:
    segments, _ = planted(tracks, segments=2)
    vae, _ = two_stages(segments, recipe(1), hidden=4, latent=2, first=FIRST, share=0.5)
    assert places(vae, segments.whole()).isfinite().all()
    net, _ = fit_contrast(segments, recipe(1), hidden=4, latent=2, temperature=0.5)
    assert net(segments.whole()).isfinite().all()


def test_weights_are_what_half_precision_can_hold() -> None:
    segments, _ = planted(6, segments=2)
    vae, _ = fit_cross_view(segments, recipe(1), 4, 2)
    assert all(torch.equal(weights, weights.half().float()) for weights in vae.parameters())
