"""The VAE core: posterior, likelihood and loss each have a second source."""

import numpy as np
import pytest
import torch
from torch import Tensor, distributions

from pipeline.nets.objective import Objective
from pipeline.nets.vae import Posterior, Projection, Scale, gaussian
from tests.nets.toys import FAMILIES, everything, made


@pytest.mark.parametrize(
    ("mean", "log_var"), [(0.0, 0.0), (2.0, 0.0), (0.0, -3.0), (-1.5, 1.0), (0.3, 4.0), (5.0, -8.0)]
)
def test_kl_is_that_of_torch_distributions(mean: float, log_var: float) -> None:
    found = Posterior(torch.full((2, 3), mean), torch.full((2, 3), log_var)).kl()
    theirs = distributions.Normal(mean, torch.tensor(0.5 * log_var).exp())
    expected = distributions.kl_divergence(theirs, distributions.Normal(0.0, 1.0))
    torch.testing.assert_close(found, expected.expand(2, 3))


def test_kl_is_nothing_for_the_prior_and_known_by_hand() -> None:
    assert Posterior(torch.zeros(1, 2), torch.zeros(1, 2)).kl().tolist() == [[0.0, 0.0]]
    assert Posterior(torch.tensor([[2.0]]), torch.zeros(1, 1)).kl().item() == 2.0  # half the square of the mean


def test_samples_have_the_mean_and_the_spread_that_they_are_drawn_from() -> None:
    torch.manual_seed(0)
    mean, spread = torch.tensor([-2.0, 0.0, 3.0]), torch.tensor([0.1, 1.0, 2.0])
    drawn = Posterior(mean.expand(20_000, 3), (2 * spread.log()).expand(20_000, 3)).sample()
    torch.testing.assert_close(drawn.mean(0), mean, atol=0.05, rtol=0)
    torch.testing.assert_close(drawn.std(0), spread, atol=0, rtol=0.03)
    assert torch.corrcoef(drawn.T).triu(1).abs().max() < 0.03


def test_the_gradient_flows_through_a_sample() -> None:
    mean, log_var = torch.zeros(4, 2, requires_grad=True), torch.zeros(4, 2, requires_grad=True)
    Posterior(mean, log_var).sample().sum().backward()
    assert mean.grad is not None
    assert log_var.grad is not None
    assert (mean.grad == 1).all()
    assert (log_var.grad != 0).all()


@pytest.mark.parametrize("shape", [(5,), (3, 4), (2, 3, 4)])
def test_the_likelihood_is_that_of_a_normal_with_the_best_spread(shape: tuple[int, ...]) -> None:
    torch.manual_seed(1)
    output, target = torch.randn(6, *shape), 3 * torch.randn(6, *shape)
    nll, mse = gaussian(output, target, torch.ones(6, dtype=torch.bool))
    numbers = target[0].numel()

    def theirs(sigma: Tensor) -> Tensor:  # without the constant, which torch's has
        constant = 0.5 * numbers * torch.log(torch.tensor(2 * torch.pi))
        likelihood: Tensor = distributions.Normal(output, sigma).log_prob(target).flatten(1).sum(1)
        return -likelihood - constant

    best = (output - target).square().mean().sqrt()
    torch.testing.assert_close(mse, best.square())
    torch.testing.assert_close(nll, theirs(best))
    for factor in (0.9, 1.1):
        assert theirs(best * factor).mean() > nll.mean()


def test_the_likelihood_counts_only_rows_with_the_modality() -> None:
    output, target = torch.zeros(3, 2), torch.tensor([[1.0, 3.0], [100.0, 100.0], [0.0, 2.0]])
    nll, mse = gaussian(output, target, torch.tensor([True, False, True]))
    assert mse.item() == pytest.approx((1 + 9 + 0 + 4) / 4)
    assert nll[1].item() == 0
    alone, _ = gaussian(output[[0, 2]], target[[0, 2]], torch.tensor([True, True]))
    torch.testing.assert_close(nll[[0, 2]], alone)


def test_no_row_with_the_modality_is_no_loss_and_no_nan() -> None:
    nll, mse = gaussian(torch.ones(3, 2), torch.full((3, 2), torch.nan), torch.zeros(3, dtype=torch.bool))
    assert nll.tolist() == [0, 0, 0]
    assert mse.item() == 0


def test_a_perfect_copy_is_finite() -> None:
    nll, mse = gaussian(torch.ones(3, 2), torch.ones(3, 2), torch.ones(3, dtype=torch.bool))
    assert mse.item() == 0
    assert nll.isfinite().all()


def test_shapes_are_enforced() -> None:
    with pytest.raises(Exception, match="log_var") as caught:
        Posterior(torch.zeros(2, 3), torch.zeros(2, 4))
    assert type(caught.value).__name__ == "TypeCheckError"


def test_a_scale_goes_there_and_back() -> None:
    torch.manual_seed(0)
    values = 5 + 3 * torch.randn(50, 4, 6)
    some = Scale(values.mean((0, 2), keepdim=True)[0], values.std((0, 2), keepdim=True)[0])
    torch.testing.assert_close(some.back(some(values)), values)
    torch.testing.assert_close(some(values).mean((0, 2)), torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(some(values).std((0, 2)), torch.ones(4))
    assert set(some.state_dict()) == {"mean", "std"}


def test_a_metric_and_the_way_back(rng: np.random.Generator) -> None:
    sizes = 10.0 ** np.linspace(-4, 3, 8)
    values = torch.tensor(rng.standard_normal((20, 8)) * sizes).float()
    turned = np.linalg.qr(rng.standard_normal((8, 8)))[0]
    metric = Projection(torch.tensor(sizes), torch.tensor(turned / sizes[:, None]))
    torch.testing.assert_close(metric.back(metric(values)), values, rtol=1e-3, atol=1e-5)


def test_noise_is_in_the_loss_when_it_is_asked_for() -> None:
    vae, tracks = made("easy")
    batch = everything(tracks)
    torch.manual_seed(0)
    noisy = [Objective().total(vae.loss(batch)).item() for _ in range(2)]
    calm = [Objective().total(vae.loss(batch, noisy=False)).item() for _ in range(2)]
    assert noisy[0] != noisy[1]
    assert calm[0] == calm[1]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_target_is_predicted_from_the_codes_of_another_segment(family: str) -> None:
    vae, tracks = made(family)
    rows, other = torch.tensor([0, 5]), torch.tensor([2, 6])
    crossed = vae.loss(tracks.batch(rows), tracks.batch(other), noisy=False)
    batch = tracks.batch(rows)
    expected = vae.decode(vae.embed(batch), batch.condition)["audio"] - tracks.batch(other).views["audio"]
    torch.testing.assert_close(crossed.mse["audio"], expected.square().mean())
    torch.testing.assert_close(crossed.kl, vae.loss(batch, noisy=False).kl)
