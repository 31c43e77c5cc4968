"""The objective: its terms are those of torch.distributions, its defaults are the plain VAE."""

import math

import pytest
import torch
from torch import distributions

from pipeline.nets.objective import Objective, apart, disagreement, total_correlation
from pipeline.nets.vae import Loss, Posterior
from tests.nets.toys import loss_of, some_codes


@pytest.mark.parametrize("beta", [0.0, 0.5, 1.0, 4.0])
def test_the_total_by_hand(beta: float) -> None:
    recon = {"audio": torch.tensor([1.0, 3.0]), "lyrics": torch.tensor([0.0, 10.0])}
    nowhere = torch.zeros(2, 2)
    loss = Loss(recon, {}, torch.tensor([[1.0, 2.0], [3.0, 4.0]]), Posterior(nowhere, nowhere), nowhere)
    assert Objective(beta).total(loss).item() == pytest.approx(2.0 + 5.0 + beta * (3.0 + 7.0) / 2)
    assert Objective(beta).total(loss, 0.5).item() == pytest.approx(2.0 + 5.0 + beta * (3.0 + 7.0) / 4)


def test_total_correlation_is_that_of_torch_distributions() -> None:
    torch.manual_seed(0)
    posterior = some_codes()
    latent = posterior.sample()
    spread = (0.5 * posterior.log_var).exp()
    even = distributions.Categorical(torch.ones(len(latent)))
    together = distributions.MixtureSameFamily(
        even, distributions.Independent(distributions.Normal(posterior.mean, spread), 1)
    ).log_prob(latent)
    each = torch.stack(
        [
            distributions.MixtureSameFamily(even, distributions.Normal(mean, sigma)).log_prob(values)
            for mean, sigma, values in zip(posterior.mean.T, spread.T, latent.T, strict=True)
        ]
    ).sum(0)
    torch.testing.assert_close(total_correlation(posterior, latent), (together - each).mean())


def test_total_correlation_is_high_for_bound_units_and_0_for_free_ones() -> None:
    torch.manual_seed(0)
    free = torch.randn(2000, 2)
    bound = torch.stack([free[:, 0], 0.9 * free[:, 0] + (1 - 0.9**2) ** 0.5 * free[:, 1]], dim=1)
    posteriors = [Posterior(mean, torch.full((2000, 2), -2.0)) for mean in (free, bound)]
    found = [total_correlation(posterior, posterior.sample()).item() for posterior in posteriors]
    expected = -0.5 * math.log(1 - (0.9 / (1 + math.exp(-2))) ** 2)  # of two normal numbers with that correlation
    assert abs(found[0]) < 0.05
    assert found[1] == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize("beta", [0.5, 1.0, 4.0])
@pytest.mark.parametrize("objective", [{"correlation": 1.0}, {"off_diagonal": 0.0, "diagonal": 0.0}])
def test_an_objective_at_its_default_is_the_plain_one(beta: float, objective: dict[str, float]) -> None:
    loss = loss_of(some_codes())
    assert torch.equal(Objective(beta, **objective).total(loss), 1 + beta * loss.kl.sum(1).mean())


@pytest.mark.parametrize(("beta", "correlation", "warm"), [(1.0, 6.0, 1.0), (2.0, 3.0, 0.5), (1.0, 0.0, 1.0)])
def test_the_total_correlation_alone_weighs_more(beta: float, correlation: float, warm: float) -> None:
    loss = loss_of(some_codes())
    found = Objective(beta, correlation).total(loss, warm) - Objective(beta).total(loss, warm)
    torch.testing.assert_close(found, warm * beta * (correlation - 1) * total_correlation(loss.posterior, loss.latent))


def test_the_covariance_of_codes_is_that_of_their_samples() -> None:
    torch.manual_seed(0)
    posterior = some_codes()
    drawn = torch.cat([posterior.sample() for _ in range(4000)])
    covariance = torch.cov(drawn.T)
    off = covariance.square().sum() - covariance.diagonal().square().sum()
    torch.testing.assert_close(apart(posterior, 1.0, 0.0), off, rtol=0.03, atol=0)
    torch.testing.assert_close(
        apart(posterior, 0.0, 2.0), 2 * (covariance.diagonal() - 1).square().sum(), rtol=0.03, atol=0
    )
    loss = loss_of(posterior)
    found = Objective(1.0, off_diagonal=3.0, diagonal=2.0).total(loss, 0.5) - Objective(1.0).total(loss, 0.5)
    torch.testing.assert_close(found, 0.5 * apart(posterior, 3.0, 2.0))


def test_codes_with_the_identity_as_covariance_cost_nothing() -> None:
    signs = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    assert apart(Posterior(signs, torch.full((4, 2), -80.0)), 1.0, 1.0).item() == pytest.approx(0, abs=1e-6)
    assert apart(Posterior(torch.zeros(4, 2), torch.zeros(4, 2)), 1.0, 1.0).item() == 0


def test_disagreement_is_the_symmetric_kl_divergence() -> None:
    torch.manual_seed(1)
    mean, log_var = torch.randn(6, 4), torch.randn(6, 4)
    first, second = (distributions.Normal(mean[rows], (log_var[rows] / 2).exp()) for rows in (slice(3), slice(3, 6)))
    expected = (distributions.kl_divergence(first, second) + distributions.kl_divergence(second, first)).sum(
        1
    ).mean() / 2
    torch.testing.assert_close(disagreement(Posterior(mean, log_var)), expected)
