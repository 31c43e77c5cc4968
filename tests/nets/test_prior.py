"""A mixture as prior: its KL is a bound, tight where it should be."""

import pytest
import torch
from torch import Tensor, distributions

from pipeline.nets.prior import NARROWEST, Mixture
from pipeline.nets.vae import Posterior
from tests.nets.toys import LATENT, some_codes


def mixture(components: int = 3, apart: float = 1.0) -> Mixture:
    dice = torch.Generator().manual_seed(4)
    weights = torch.rand(components, generator=dice) + 0.2
    return Mixture(
        weights / weights.sum(),
        apart * torch.randn(components, LATENT, generator=dice),
        torch.rand(components, LATENT, generator=dice) + 0.1,
    )


def theirs(prior: Mixture) -> distributions.MixtureSameFamily:
    parts = distributions.Normal(prior.means, (0.5 * prior.log_vars).exp())
    return distributions.MixtureSameFamily(
        distributions.Categorical(logits=prior.logits), distributions.Independent(parts, 1)
    )


def monte_carlo_kl(posterior: Posterior, prior: Mixture, draws: int = 20_000) -> Tensor:
    torch.manual_seed(0)
    density = distributions.Independent(distributions.Normal(posterior.mean, (0.5 * posterior.log_var).exp()), 1)
    latent = density.sample((draws,))
    found: Tensor = (density.log_prob(latent) - theirs(prior).log_prob(latent)).mean(0)
    return found


@pytest.mark.parametrize("spread", [0.3, 1.0, 20.0])
def test_the_kl_to_a_mixture_is_a_bound_and_tight_where_components_are_apart(spread: float) -> None:
    prior, posterior = mixture(apart=spread), some_codes(6)
    if spread == 20:  # each code under one component
        posterior = Posterior(prior.means.detach().repeat(2, 1) + 0.3, posterior.log_var)
    found, exact = prior.kl(posterior).sum(1).detach(), monte_carlo_kl(posterior, prior)
    assert (found > exact - 0.05).all()
    if spread == 20:
        torch.testing.assert_close(found, exact, atol=0.05, rtol=0.02)


def test_the_kl_to_one_component_and_to_equal_ones_is_exact() -> None:
    posterior, one = some_codes(6), mixture(1)
    expected = distributions.kl_divergence(
        distributions.Normal(posterior.mean, (0.5 * posterior.log_var).exp()),
        distributions.Normal(one.means[0], (0.5 * one.log_vars[0]).exp()),
    )
    torch.testing.assert_close(one.kl(posterior), expected)
    same = Mixture(torch.tensor([0.2, 0.8]), one.means.repeat(2, 1), one.log_vars.exp().repeat(2, 1))
    torch.testing.assert_close(same.kl(posterior), expected)
    assert torch.allclose(same.assign(posterior), torch.tensor([0.2, 0.8]))


def test_the_shares_make_the_bound_the_tightest() -> None:
    prior, posterior = mixture(4), some_codes(8)
    kl, joint = prior._parts(posterior)
    found = prior.kl(posterior).sum(1)
    torch.testing.assert_close(found, -joint.logsumexp(1))
    for seed in range(20):
        torch.manual_seed(seed)
        share = torch.rand(8, 4).softmax(1)
        other = (share * (kl.sum(2) + share.log() - prior.logits.log_softmax(0))).sum(1)
        assert (other >= found - 1e-5).all()


def test_a_narrow_code_belongs_where_its_density_says() -> None:
    prior = mixture(3)
    values = torch.randn(50, LATENT)
    density = theirs(prior)
    parts = density.component_distribution.log_prob(values[:, None]) + density.mixture_distribution.logits
    found = prior.assign(Posterior(values, torch.full((50, LATENT), -8.0)))
    torch.testing.assert_close(found, parts.softmax(1), atol=0.01, rtol=0)


@pytest.mark.parametrize("far", [1e3, 1e6])
def test_a_mixture_stays_finite_far_away_and_when_components_shrink(far: float) -> None:
    prior = mixture()
    with torch.no_grad():
        prior.log_vars.fill_(-100.0)
    posterior = Posterior(torch.full((2, LATENT), far), torch.full((2, LATENT), -8.0))
    total = prior.kl(posterior).sum()
    total.backward()
    assert total.isfinite()
    assert all(weight.grad is not None and weight.grad.isfinite().all() for weight in prior.parameters())
    assert prior.assign(posterior).sum(1).tolist() == pytest.approx([1, 1])
    assert NARROWEST > -8
