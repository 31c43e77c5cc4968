"""Learning and embedding: the seed alone decides, every segment counts once, chance is in no embedding."""

import copy
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from pipeline.nets.fit import Embedding, Songs, active_units, codes, embed, fit, other_half, per_track, standardised
from pipeline.nets.loop import Epoch, Recipe
from pipeline.nets.objective import Objective, apart
from pipeline.nets.vae import Scale
from tests.nets.toys import (
    FAMILIES,
    LATENT,
    SEGMENTS,
    TRACKS,
    draws,
    everything,
    made,
    one_expert,
    recipe,
    weights,
)


def test_standardised_songs_are_in_the_units_of_the_network() -> None:
    vae, tracks = made("hard")
    assert tracks.audio is not None
    vae.scales["audio"] = Scale(torch.full((10,), 2.0), torch.full((10,), 4.0))
    ready = standardised(vae, tracks)
    torch.testing.assert_close(ready.audio, (tracks.audio - 2) / 4)
    torch.testing.assert_close(standardised(vae, tracks).audio, (tracks.audio - 2) / 4)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_seed_alone_decides_the_weights(family: str) -> None:
    def learnt(seed: int) -> Tensor:
        vae, tracks = made(family, seed)
        fit(vae, tracks, recipe(1.0, epochs=2))
        return weights(vae)

    first = learnt(3)
    assert torch.equal(learnt(3), first)
    assert not torch.equal(learnt(4), first)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_small_batch_is_learnt_by_heart(family: str) -> None:
    vae, tracks = made(family)
    curve = fit(vae, tracks, recipe(0.01, epochs=120, batch=24, rate=1e-2))
    before, after = curve[0]["mse_audio"], curve[-1]["mse_audio"]
    assert before > 0.8
    assert after < 0.3, f"{before:.3f} -> {after:.3f}"
    assert curve[-1]["loss"] < curve[0]["loss"]


@pytest.mark.parametrize("family", FAMILIES)
def test_without_beta_it_is_an_autoencoder_free_of_noise(family: str) -> None:
    vae, tracks = made(family)
    rows = len(tracks.track)
    shuffles = draws(lambda: [torch.randperm(rows) for _ in range(2)])
    assert draws(lambda: fit(copy.deepcopy(vae), tracks, recipe(0.0, epochs=2))) == shuffles
    assert draws(lambda: fit(copy.deepcopy(vae), tracks, recipe(1.0, epochs=2))) != shuffles


@pytest.mark.parametrize(("beta", "active"), [(0.0, LATENT), (0.1, LATENT), (1e4, 0)])
@pytest.mark.parametrize("family", ["easy", "hard"])
def test_beta_presses_units_flat(family: str, beta: float, active: int) -> None:
    vae, tracks = made(family)
    curve = fit(vae, tracks, recipe(beta, epochs=60, batch=24, rate=1e-2))
    assert active_units(embed(vae, tracks)) == active
    assert curve[-1]["kl"] < 0.1 or beta < 1


@pytest.mark.parametrize(
    ("warmup", "shares"),
    [(0.0, [1, 1, 1, 1]), (0.25, [1, 1, 1, 1]), (0.5, [0.5, 1, 1, 1]), (1.0, [0.25, 0.5, 0.75, 1])],
)
def test_beta_grows_over_the_warm_up(warmup: float, shares: list[float]) -> None:
    vae, tracks = made("easy")
    curve = fit(vae, tracks, recipe(3.0, epochs=4, batch=len(tracks.track), warmup=warmup))

    def beta(epoch: Epoch) -> float:
        """Solved from the loss: with one full batch the likelihood is 10 / 2 numbers times (1 + log mse)."""
        likelihood = 0.5 * 10 * (1 + torch.tensor(epoch["mse_audio"]).log().item())
        return (epoch["loss"] - likelihood) / epoch["kl"]

    assert [beta(epoch) for epoch in curve] == pytest.approx([3.0 * share for share in shares], rel=1e-3)


@pytest.mark.parametrize("batch", [1, 5, 24, 1000])
def test_any_batch_size_sees_every_segment_once(batch: int) -> None:
    vae, tracks = made("easy")
    curve = fit(vae, tracks, recipe(0.0, epochs=1, batch=batch, rate=1e-7))
    expected = vae.loss(everything(tracks), noisy=False)
    assert curve[0]["mse_audio"] == pytest.approx(expected.mse["audio"].item(), rel=1e-3)
    assert curve[0]["kl"] == pytest.approx(expected.kl.sum(1).mean().item(), rel=1e-3)


@pytest.mark.parametrize("sizes", [[4, 4], [1, 2, 3], [10], [5, 1, 7, 2]])
def test_the_other_half_is_of_the_same_track_and_another_segment(sizes: list[int]) -> None:
    track = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    track = track[torch.randperm(len(track), generator=torch.Generator().manual_seed(1))]
    rows, size = torch.arange(len(track)), torch.tensor(sizes)[track]
    torch.manual_seed(0)
    for _ in range(10):
        partner = other_half(track)
        assert torch.equal(track[partner], track)
        assert torch.equal(partner.sort().values, rows)  # each is tracks once
        assert torch.equal(partner == rows, size == 1)
        even = size % 2 == 0
        assert torch.equal(partner[partner][even], rows[even])


def test_halves_are_drawn_anew_and_evenly() -> None:
    torch.manual_seed(0)
    track = torch.zeros(6, dtype=torch.long)
    seen = torch.zeros(6, 6)
    for _ in range(3000):
        seen[torch.arange(6), other_half(track)] += 1 / 3000
    torch.testing.assert_close(seen, (1 - torch.eye(6)) / 5, atol=0.03, rtol=0)


@pytest.mark.parametrize("family", ["easy", "conv1d", "hard"])
def test_cross_learns_what_the_segments_of_a_track_share(family: str) -> None:
    vae, tracks = made(family)
    curve = fit(vae, tracks, replace(recipe(0.01, epochs=60, batch=24, rate=1e-2), cross=True))
    assert curve[0]["mse_audio"] > 0.8
    # Of a segment's own noise (variance .04) another one tells at best the mean over the other three.
    assert 0.04 * 2 / 3 * 0.9 < curve[-1]["mse_audio"] < 0.5


def test_cross_of_single_segments_is_self() -> None:
    vae, tracks = made("fusion")
    single = Songs(
        tracks.audio, torch.arange(len(tracks.track)) % TRACKS, tracks.lyrics, tracks.has_lyrics, tracks.condition
    )
    assert single.audio is not None
    single = replace(single, audio=single.audio[:TRACKS], track=single.track[:TRACKS])
    curves = [
        fit(copy.deepcopy(vae), single, replace(recipe(0.0, epochs=3, batch=TRACKS), cross=cross))
        for cross in (False, True)
    ]
    assert [epoch["mse_audio"] for epoch in curves[0]] == pytest.approx([epoch["mse_audio"] for epoch in curves[1]])


@pytest.mark.parametrize("objective", [Objective(1.0, 6.0), Objective(1.0, off_diagonal=10.0, diagonal=5.0)])
@pytest.mark.parametrize("family", ["easy", "hard"])
def test_every_objective_learns_and_the_seed_decides(family: str, objective: Objective) -> None:
    def learnt() -> tuple[Tensor, list[Epoch]]:
        vae, tracks = made(family)
        curve = fit(vae, tracks, Recipe(30, 24, 1e-2, 0.3, objective))
        return weights(vae), curve

    (first, curve), (second, _) = learnt(), learnt()
    assert torch.equal(first, second)
    assert curve[-1]["loss"] < curve[0]["loss"]


def test_covariances_are_pressed_flat() -> None:
    found = []
    for weight in (0.0, 100.0):
        vae, tracks = made("easy")
        fit(vae, tracks, Recipe(80, 24, 1e-2, 0.0, Objective(0.05, off_diagonal=weight, diagonal=weight)))
        found.append(apart(codes(vae, tracks), 1.0, 1.0).item())
    assert found[1] < 0.3 * found[0], found


def test_bf16_learns_too() -> None:
    vae, tracks = made("hard")
    curve = fit(vae, tracks, recipe(0.01, epochs=30, batch=24, rate=1e-2), bf16=True)
    assert curve[-1]["mse_audio"] < 0.7 * curve[0]["mse_audio"]
    assert weights(vae).dtype == torch.float32


@pytest.mark.parametrize("family", FAMILIES)
def test_a_track_lies_at_the_mean_of_its_segments(family: str) -> None:
    vae, tracks = made(family)
    vae.eval()
    found = embed(vae, tracks).mean
    for track in range(TRACKS):
        rows = [row for row in range(len(tracks.track)) if tracks.track[row] == track]
        by_hand = sum(vae.encode(tracks.batch(torch.tensor([row]))).mean[0] for row in rows) / len(rows)
        torch.testing.assert_close(found[track], by_hand, atol=1e-5, rtol=1e-4)


def test_the_mean_over_segments_by_hand() -> None:
    values = torch.tensor([[1.0, 0.0], [3.0, 4.0], [10.0, 20.0], [5.0, 2.0]])
    found = per_track(values, torch.tensor([0, 0, 2, 0]), 4)
    assert found.tolist() == [[3.0, 2.0], [0.0, 0.0], [10.0, 20.0], [0.0, 0.0]]


def test_the_order_of_segments_and_the_batch_do_not_matter() -> None:
    vae, tracks = made("hard")
    assert tracks.audio is not None
    order = torch.randperm(len(tracks.track), generator=torch.Generator().manual_seed(5))
    mixed = Songs(tracks.audio[order], tracks.track[order], tracks.lyrics, tracks.has_lyrics, tracks.condition)
    plain = embed(vae, tracks)
    for other in (embed(vae, mixed), embed(vae, tracks, batch=7), embed(vae, tracks, batch=1)):
        torch.testing.assert_close(other.mean, plain.mean, atol=1e-6, rtol=1e-5)
        torch.testing.assert_close(other.kl, plain.kl, atol=1e-6, rtol=1e-5)


def test_the_order_of_tracks_is_kept() -> None:
    vae, tracks = made("hard")
    assert tracks.audio is not None
    assert tracks.lyrics is not None
    order = torch.tensor([4, 0, 5, 2, 1, 3])
    rows = torch.cat([(tracks.track == track).nonzero()[:, 0] for track in order])
    moved = Songs(
        tracks.audio[rows],
        torch.arange(TRACKS).repeat_interleave(SEGMENTS),
        tracks.lyrics[order],
        tracks.has_lyrics[order],
        tracks.condition[order],
    )
    torch.testing.assert_close(embed(vae, moved).mean, embed(vae, tracks).mean[order], atol=1e-6, rtol=1e-5)


def test_embedding_has_no_chance_in_it_and_learns_nothing() -> None:
    vae, tracks = made("hard")
    before = weights(vae)
    vae.train()
    assert draws(lambda: embed(vae, tracks)) == draws(lambda: None)
    assert torch.equal(weights(vae), before)
    assert all(weight.grad is None for weight in vae.parameters())


@pytest.mark.parametrize(("only", "other"), [("audio", "lyrics"), ("lyrics", "audio")])
def test_one_modality_alone_ignores_the_other(only: str, other: str) -> None:
    vae, tracks = made("hard")
    assert tracks.audio is not None
    assert tracks.lyrics is not None
    changed = {"audio": tracks.audio, "lyrics": tracks.lyrics}
    changed[other] = changed[other] + 1
    louder = Songs(changed["audio"], tracks.track, changed["lyrics"], tracks.has_lyrics, tracks.condition)
    assert torch.equal(embed(vae, louder, only=only).mean, embed(vae, tracks, only=only).mean)
    assert not torch.equal(embed(vae, louder).mean, embed(vae, tracks).mean)
    batch = everything(tracks)
    one = one_expert(vae, batch, only)
    precision = 1 + torch.exp(-one.log_var)
    by_hand = per_track((torch.exp(-one.log_var) * one.mean / precision).detach(), tracks.track, TRACKS)
    there = torch.ones(TRACKS, dtype=torch.bool) if only == "audio" else tracks.has_lyrics
    torch.testing.assert_close(embed(vae, tracks, only=only).mean[there], by_hand[there], atol=1e-5, rtol=1e-4)


def test_the_kl_of_an_embedding_is_the_mean_over_segments_per_unit() -> None:
    vae, tracks = made("easy")
    expected = vae.encode(everything(tracks)).kl().mean(0)
    torch.testing.assert_close(embed(vae, tracks, batch=len(tracks.track)).kl, expected)


@pytest.mark.parametrize(
    ("nats", "active"), [([0.2], 1), ([0.05], 0), ([0.0], 0), ([0.2, 0.05, 0.0, 3.0], 2), ([1.0, 0.1, 1.0], 3)]
)
def test_a_unit_is_active_when_it_carries_a_tenth_of_a_nat(nats: list[float], active: int) -> None:
    """Its mean may vary, and it carries nothing if the posterior is as wide as the prior."""
    signs = torch.tensor([1.0, -1.0] * 50)[:, None]
    varied = 7 + signs * 0.5 * torch.ones(len(nats))
    assert active_units(Embedding(varied, torch.tensor(nats))) == active


def test_segments_of_some_tracks_keep_the_numbers_of_their_tracks() -> None:
    _, tracks = made("hard")
    some = torch.zeros(TRACKS, dtype=torch.bool)
    some[[1, 4]] = True
    few = tracks.of(some)
    assert set(few.track.tolist()) == {1, 4}
    assert few.audio is not None
    assert tracks.audio is not None
    assert torch.equal(few.audio, tracks.audio[some[tracks.track]])
    assert few.lyrics is tracks.lyrics
    assert tracks.of(torch.ones(TRACKS, dtype=torch.bool)) is tracks
