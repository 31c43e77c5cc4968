"""The parts of networks: sizes, masks, experts."""

import pytest
import torch
from torch import distributions, nn

from pipeline.nets.parts import (
    LOG_VAR,
    Conv1dBody,
    Conv1dDecoder,
    Conv2dBody,
    Conv2dDecoder,
    Joined,
    body,
    mlp,
    partly,
)
from pipeline.nets.vae import Batch
from tests.nets.toys import LATENT, everything, hard, made, one_expert, songs


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (5, 37), (13, 8), (3, 9), (40, 300), (2, 15)])
def test_one_dimensional_convolutions_take_any_size(rows: int, columns: int) -> None:
    features = Conv1dBody(rows, columns, 2, 6)(torch.randn(3, rows, columns))
    assert features.shape == (3, 6)
    assert Conv1dDecoder(4, rows, columns, 2, 6)(torch.randn(3, 4)).shape == (3, rows, columns)


@pytest.mark.parametrize(("mels", "columns"), [(16, 16), (17, 19), (33, 31), (128, 100), (40, 21), (31, 16)])
def test_two_dimensional_convolutions_take_odd_sizes(mels: int, columns: int) -> None:
    assert Conv2dDecoder(4, mels, columns, 2, 6)(torch.randn(3, 4)).shape == (3, mels, columns)
    assert Conv2dBody(mels, columns, 2, 6)(torch.randn(3, mels, columns)).shape == (3, 6)


@pytest.mark.parametrize(("mels", "columns", "small"), [(12, 32, "12"), (32, 10, "10"), (15, 15, "15"), (2, 100, "2")])
def test_a_picture_too_small_to_be_halved_is_refused_by_its_size(mels: int, columns: int, small: str) -> None:
    with pytest.raises(ValueError, match=small):
        Conv2dBody(mels, columns, 2, 6)


@pytest.mark.parametrize("sizes", [(3, 5), (4, 4, 2), (7, 1)])
def test_an_mlp_ends_in_a_plain_layer_and_a_body_does_not(sizes: tuple[int, ...]) -> None:
    assert isinstance(mlp(*sizes)[-1], nn.Linear)
    assert isinstance(body(*sizes)[-1], nn.GELU)
    assert mlp(*sizes)(torch.randn(2, sizes[0])).shape == (2, sizes[-1])


@pytest.mark.parametrize("present", [("audio",), ("lyrics",), ("audio", "lyrics")])
def test_experts_multiply_as_densities_do(present: tuple[str, ...]) -> None:
    vae, tracks = made("hard")
    batch = everything(tracks)
    there = {name: torch.full((len(tracks.track),), name in present) for name in batch.views}
    batch = Batch(batch.views, there, batch.condition)
    found = vae.encode(batch)
    grid = torch.linspace(-20, 20, 40_001, dtype=torch.float64)
    density = distributions.Normal(0.0, 1.0).log_prob(grid).expand(LATENT, -1)
    for name in present:
        one = one_expert(vae, batch, name)
        sigma = (0.5 * one.log_var[0]).exp().double()[:, None]
        density = density + distributions.Normal(one.mean[0].double()[:, None], sigma).log_prob(grid)
    weight = density.softmax(dim=1)  # the product on a grid, made to sum to one
    mean = (weight * grid).sum(1)
    variance = (weight * grid.square()).sum(1) - mean.square()
    torch.testing.assert_close(found.mean[0].double(), mean, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(found.log_var[0].exp().double(), variance, atol=1e-4, rtol=1e-4)


def test_without_any_expert_the_prior_speaks() -> None:
    vae, tracks = made("hard")
    batch = everything(tracks)
    nobody = {name: torch.zeros_like(there) for name, there in batch.present.items()}
    found = vae.encode(Batch(batch.views, nobody, batch.condition))
    assert (found.mean == 0).all()
    assert (found.log_var == 0).all()


def test_the_posterior_of_the_first_steps_cannot_overflow() -> None:
    vae, tracks = made("easy")
    assert isinstance(vae.encoder, Joined)
    with torch.no_grad():
        vae.encoder.head.weight *= 1e6
    posterior = vae.encode(everything(tracks))
    assert posterior.log_var.min() >= LOG_VAR[0]
    assert posterior.log_var.max() <= LOG_VAR[1]
    assert posterior.kl().isfinite().all()


def test_dropout_leaves_out_its_share_but_never_everything() -> None:
    torch.manual_seed(0)
    rows = 20_000
    there = {"audio": torch.ones(rows, dtype=torch.bool), "lyrics": torch.arange(rows) % 2 == 0}
    kept = partly(there, dropout=0.4)
    assert not (kept["lyrics"] & ~there["lyrics"]).any()
    assert (kept["audio"] | kept["lyrics"]).all()
    assert kept["audio"][~there["lyrics"]].all()  # alone, so never left out
    both = there["lyrics"]
    # Dropped (0.4), and not brought back because the other one was dropped too (0.4 x 0.4).
    assert kept["audio"][both].float().mean().item() == pytest.approx(1 - 0.4 + 0.16, abs=0.02)
    assert kept["lyrics"][both].float().mean().item() == pytest.approx(1 - 0.4 + 0.16, abs=0.02)


def test_dropout_is_for_learning_only() -> None:
    torch.manual_seed(0)
    vae, tracks = hard(dropout=0.9), songs((10,))
    vae.train()
    torch.manual_seed(1)
    learning = [vae.embed(everything(tracks)) for _ in range(2)]
    assert not torch.equal(learning[0], learning[1])
    vae.eval()
    assert torch.equal(vae.embed(everything(tracks)), vae.embed(everything(tracks)))
