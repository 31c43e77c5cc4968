"""The models: every number has a second source, what is missing has no say, and chance is the seed's alone."""

import copy
import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor, distributions, nn

from pipeline.nets import device as devices
from pipeline.nets.families import experts, joined
from pipeline.nets.fit import (  # fmt: skip
    Embedding,
    Epoch,
    Recipe,
    Songs,
    active_units,
    codes,
    embed,
    fit,
    other_half,
    per_track,
    standardised,
)
from pipeline.nets.objective import Objective, apart, decomposed
from pipeline.nets.parts import (
    LOG_VAR,
    Conv1dBody,
    Conv1dDecoder,
    Conv2dBody,
    Conv2dDecoder,
    Experts,
    Joined,
    body,
    mlp,
)
from pipeline.nets.prior import NARROWEST, Mixture
from pipeline.nets.vae import VAE, Batch, Loss, Posterior, Scale, gaussian

TRACKS, SEGMENTS, LATENT, WORDS, LABELS = 6, 4, 3, 7, 2
SHAPES = {"dense": (10,), "conv1d": (5, 24), "conv2d": (16, 16)}


def scale(shape: tuple[int, ...]) -> Scale:
    return Scale(torch.zeros(shape), torch.ones(shape))


def songs(shape: tuple[int, ...], seed: int = 0) -> Songs:
    """Tracks that differ more from one another than their segments do; every third has no lyrics."""
    dice = torch.Generator().manual_seed(seed)
    track = torch.arange(TRACKS).repeat_interleave(SEGMENTS)
    coarse = {1: (1,), 2: (4, 8) if shape[0] == 16 else (1, 8)}[len(shape)]  # pictures are smooth, as sounds are
    centre = torch.randn(TRACKS, *(size // by for size, by in zip(shape, coarse, strict=True)), generator=dice)
    for axis, by in enumerate(coarse, start=1):
        centre = centre.repeat_interleave(by, dim=axis)
    audio = centre[track] + 0.2 * torch.randn(len(track), *shape, generator=dice)
    words = torch.randn(TRACKS, WORDS, generator=dice)
    has_lyrics = torch.arange(TRACKS) % 3 != 2
    return Songs(audio, track, words, has_lyrics, torch.eye(LABELS)[torch.arange(TRACKS) % LABELS])


def easy() -> VAE:
    return joined({"audio": (10,)}, {"audio": scale((10,))}, hidden=(32, 16), latent=LATENT, labels=LABELS)


def convolved(kind: str) -> VAE:
    shapes = {"audio": SHAPES[kind], "lyrics": (WORDS,)}
    scales = {name: scale(shape) for name, shape in shapes.items()}
    return joined(shapes, scales, hidden=(32, 16), latent=LATENT, labels=LABELS, channels=4, audio=kind)


def hard(dropout: float = 0.0) -> VAE:
    shapes = {"audio": (10,), "lyrics": (WORDS,)}
    scales = {name: scale(shape) for name, shape in shapes.items()}
    return experts(shapes, scales, hidden=(32, 16), latent=LATENT, labels=LABELS, dropout=dropout)


FAMILIES: dict[str, tuple[Callable[[], VAE], tuple[int, ...]]] = {
    "easy": (easy, SHAPES["dense"]),
    "conv1d": (lambda: convolved("conv1d"), SHAPES["conv1d"]),
    "conv2d": (lambda: convolved("conv2d"), SHAPES["conv2d"]),
    "fusion": (lambda: convolved("dense"), SHAPES["dense"]),
    "hard": (hard, SHAPES["dense"]),
}
BOTH = ("conv1d", "conv2d", "fusion", "hard")  # the families that also read lyrics


def made(family: str, seed: int = 0) -> tuple[VAE, Songs]:
    build, shape = FAMILIES[family]
    torch.manual_seed(seed)
    vae, told = build(), songs(shape)
    return vae, told if family in BOTH else Songs(told.audio, told.track, None, told.has_lyrics, told.condition)


def recipe(beta: float, epochs: int = 1, batch: int = 8, warmup: float = 0.0, rate: float = 1e-3) -> Recipe:
    return Recipe(epochs, batch, rate, warmup, Objective(beta))


def everything(told: Songs) -> Batch:
    return told.batch(torch.arange(len(told.track)))


# --- the core: posterior, likelihood, loss ----------------------------------------------------------------------------


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


def test_the_likelihood_counts_only_the_rows_that_are_there() -> None:
    output, target = torch.zeros(3, 2), torch.tensor([[1.0, 3.0], [100.0, 100.0], [0.0, 2.0]])
    nll, mse = gaussian(output, target, torch.tensor([True, False, True]))
    assert mse.item() == pytest.approx((1 + 9 + 0 + 4) / 4)
    assert nll[1].item() == 0
    alone, _ = gaussian(output[[0, 2]], target[[0, 2]], torch.tensor([True, True]))
    torch.testing.assert_close(nll[[0, 2]], alone)


def test_nobody_there_is_no_loss_and_no_nan() -> None:
    nll, mse = gaussian(torch.ones(3, 2), torch.full((3, 2), torch.nan), torch.zeros(3, dtype=torch.bool))
    assert nll.tolist() == [0, 0, 0]
    assert mse.item() == 0


def test_a_perfect_copy_is_finite() -> None:
    nll, mse = gaussian(torch.ones(3, 2), torch.ones(3, 2), torch.ones(3, dtype=torch.bool))
    assert mse.item() == 0
    assert nll.isfinite().all()


@pytest.mark.parametrize("beta", [0.0, 0.5, 1.0, 4.0])
def test_the_total_by_hand(beta: float) -> None:
    recon = {"audio": torch.tensor([1.0, 3.0]), "lyrics": torch.tensor([0.0, 10.0])}
    nowhere = torch.zeros(2, 2)
    loss = Loss(recon, {}, torch.tensor([[1.0, 2.0], [3.0, 4.0]]), Posterior(nowhere, nowhere), nowhere)
    assert Objective(beta).total(loss).item() == pytest.approx(2.0 + 5.0 + beta * (3.0 + 7.0) / 2)
    assert Objective(beta).total(loss, 0.5).item() == pytest.approx(2.0 + 5.0 + beta * (3.0 + 7.0) / 4)


def some_codes(rows: int = 40, latent: int = LATENT) -> Posterior:
    """Posteriors whose units are bound to one another."""
    dice = torch.Generator().manual_seed(2)
    mean = torch.randn(rows, latent, generator=dice) @ torch.randn(latent, latent, generator=dice)
    return Posterior(mean, torch.randn(rows, latent, generator=dice) - 2)


def test_the_parts_of_the_kl_term_are_those_of_torch_distributions() -> None:
    torch.manual_seed(0)
    posterior = some_codes()
    latent = posterior.sample()
    found = decomposed(posterior, latent)
    spread = (0.5 * posterior.log_var).exp()
    own = distributions.Normal(posterior.mean, spread).log_prob(latent).sum(1)
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
    prior = distributions.Normal(0.0, 1.0).log_prob(latent).sum(1)
    torch.testing.assert_close(found.mutual_information, (own - together).mean())
    torch.testing.assert_close(found.total_correlation, (together - each).mean())
    torch.testing.assert_close(found.dimension_wise, (each - prior).mean())


def test_the_parts_of_the_kl_term_sum_to_it_in_expectation() -> None:
    torch.manual_seed(0)
    posterior = some_codes()
    sums = []
    for _ in range(400):
        parts = decomposed(posterior, posterior.sample())
        sums.append(parts.mutual_information + parts.total_correlation + parts.dimension_wise)
    assert torch.stack(sums).mean().item() == pytest.approx(posterior.kl().sum(1).mean().item(), rel=0.01)


def test_total_correlation_tells_bound_units_from_free_ones() -> None:
    torch.manual_seed(0)
    free = torch.randn(2000, 2)
    bound = torch.stack([free[:, 0], 0.9 * free[:, 0] + (1 - 0.9**2) ** 0.5 * free[:, 1]], dim=1)
    posteriors = [Posterior(mean, torch.full((2000, 2), -2.0)) for mean in (free, bound)]
    found = [decomposed(one, one.sample()).total_correlation.item() for one in posteriors]
    expected = -0.5 * math.log(1 - (0.9 / (1 + math.exp(-2))) ** 2)  # of two normal numbers with that correlation
    assert abs(found[0]) < 0.05
    assert found[1] == pytest.approx(expected, abs=0.05)


def loss_of(posterior: Posterior) -> Loss:
    recon = {"audio": torch.ones(len(posterior.mean))}
    return Loss(recon, {}, posterior.kl(), posterior, posterior.sample())


@pytest.mark.parametrize("beta", [0.5, 1.0, 4.0])
@pytest.mark.parametrize("objective", [{"correlation": 1.0}, {"off_diagonal": 0.0, "diagonal": 0.0}])
def test_an_objective_at_its_default_is_the_plain_one(beta: float, objective: dict[str, float]) -> None:
    loss = loss_of(some_codes())
    assert torch.equal(Objective(beta, **objective).total(loss), 1 + beta * loss.kl.sum(1).mean())


@pytest.mark.parametrize(("beta", "correlation", "warm"), [(1.0, 6.0, 1.0), (2.0, 3.0, 0.5), (1.0, 0.0, 1.0)])
def test_the_total_correlation_alone_weighs_more(beta: float, correlation: float, warm: float) -> None:
    loss = loss_of(some_codes())
    found = Objective(beta, correlation).total(loss, warm) - Objective(beta).total(loss, warm)
    parts = decomposed(loss.posterior, loss.latent)
    torch.testing.assert_close(found, warm * beta * (correlation - 1) * parts.total_correlation)


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


# --- a mixture as prior -----------------------------------------------------------------------------------------------


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


def test_standardised_songs_are_in_the_units_of_the_network() -> None:
    vae, told = made("hard")
    assert told.audio is not None
    vae.scales["audio"] = Scale(torch.full((10,), 2.0), torch.full((10,), 4.0))
    ready = standardised(vae, told)
    torch.testing.assert_close(ready.audio, (told.audio - 2) / 4)
    torch.testing.assert_close(standardised(vae, told).audio, (told.audio - 2) / 4)


# --- parts: sizes, masks, experts -------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_gives_back_the_shapes_that_it_got(family: str) -> None:
    vae, told = made(family)
    batch = everything(told)
    posterior = vae.encode(batch)
    assert posterior.mean.shape == posterior.log_var.shape == (len(told.track), LATENT)
    outputs = vae.decode(posterior.mean, batch.condition)
    assert {name: out.shape for name, out in outputs.items()} == {name: v.shape for name, v in batch.views.items()}
    loss = vae.loss(batch)
    assert set(loss.recon) == set(loss.mse) == set(batch.views)
    assert all(term.shape == (len(told.track),) for term in loss.recon.values())


@pytest.mark.parametrize("junk", [0.0, 1e6, torch.nan, torch.inf])
@pytest.mark.parametrize("family", BOTH)
def test_what_stands_in_a_missing_row_changes_nothing(family: str, junk: float) -> None:
    def seen(value: float) -> tuple[Tensor, Tensor, list[Tensor]]:
        vae, told = made(family)
        assert told.lyrics is not None
        words = told.lyrics.clone()
        words[~told.has_lyrics] = value
        batch = everything(Songs(told.audio, told.track, words, told.has_lyrics, told.condition))
        loss = Objective().total(vae.loss(batch, noisy=False))
        loss.backward()
        gradients = [weight.grad for weight in vae.parameters() if weight.grad is not None]
        return vae.embed(batch).detach(), loss.detach(), gradients

    plain, other = seen(0.5), seen(junk)
    torch.testing.assert_close(other[0], plain[0], rtol=0, atol=0)
    torch.testing.assert_close(other[1], plain[1], rtol=0, atol=0)
    assert plain[2]
    for mine, theirs in zip(plain[2], other[2], strict=True):
        assert mine.isfinite().all()
        torch.testing.assert_close(theirs, mine, rtol=0, atol=0)


@pytest.mark.parametrize("family", BOTH)
def test_lyrics_that_are_there_do_matter(family: str) -> None:
    vae, told = made(family)
    assert told.lyrics is not None
    other = Songs(told.audio, told.track, told.lyrics + 1, told.has_lyrics, told.condition)
    apart = (vae.embed(everything(told)) - vae.embed(everything(other))).abs().amax(1)
    there = told.has_lyrics[told.track]
    assert (apart[there] > 1e-4).all()
    assert (apart[~there] == 0).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_the_condition_reaches_encoder_and_decoder(family: str) -> None:
    vae, told = made(family)
    batch = everything(told)
    swapped = Batch(batch.views, batch.there, batch.condition.flip(1))
    assert ((vae.embed(batch) - vae.embed(swapped)).abs().amax(1) > 1e-4).all()
    latent = vae.embed(batch)
    for name, out in vae.decode(latent, batch.condition).items():
        apart = (out - vae.decode(latent, swapped.condition)[name]).abs().flatten(1).amax(1)
        assert (apart > 1e-4).all()


def one_expert(vae: VAE, batch: Batch, name: str) -> Posterior:
    """What one expert says by itself, before the prior is heard."""
    encoder = vae.encoder
    assert isinstance(encoder, Experts)
    told = torch.cat([encoder.bodies[name](batch.views[name]), batch.condition], dim=1)
    mean, log_var = encoder.heads[name](told).chunk(2, dim=1)
    return Posterior(mean, log_var.clamp(*LOG_VAR))


@pytest.mark.parametrize("present", [("audio",), ("lyrics",), ("audio", "lyrics")])
def test_experts_multiply_as_densities_do(present: tuple[str, ...]) -> None:
    vae, told = made("hard")
    batch = everything(told)
    there = {name: torch.full((len(told.track),), name in present) for name in batch.views}
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
    vae, told = made("hard")
    batch = everything(told)
    nobody = {name: torch.zeros_like(there) for name, there in batch.there.items()}
    found = vae.encode(Batch(batch.views, nobody, batch.condition))
    assert (found.mean == 0).all()
    assert (found.log_var == 0).all()


def test_the_posterior_of_the_first_steps_cannot_overflow() -> None:
    vae, told = made("easy")
    assert isinstance(vae.encoder, Joined)
    with torch.no_grad():
        vae.encoder.head.weight *= 1e6
    posterior = vae.encode(everything(told))
    assert posterior.log_var.min() >= LOG_VAR[0]
    assert posterior.log_var.max() <= LOG_VAR[1]
    assert posterior.kl().isfinite().all()


def test_dropout_leaves_out_its_share_but_never_everything() -> None:
    torch.manual_seed(0)
    encoder = hard(dropout=0.4).encoder
    assert isinstance(encoder, Experts)
    rows = 20_000
    there = {"audio": torch.ones(rows, dtype=torch.bool), "lyrics": torch.arange(rows) % 2 == 0}
    views = {"audio": torch.zeros(rows, 1), "lyrics": torch.zeros(rows, 1)}
    kept = encoder._kept(Batch(views, there, torch.zeros(rows, 0)))
    assert not (kept["lyrics"] & ~there["lyrics"]).any()
    assert (kept["audio"] | kept["lyrics"]).all()
    assert kept["audio"][~there["lyrics"]].all()  # alone, so never left out
    both = there["lyrics"]
    # Dropped (0.4), and not brought back because the other one was dropped too (0.4 x 0.4).
    assert kept["audio"][both].float().mean().item() == pytest.approx(1 - 0.4 + 0.16, abs=0.02)
    assert kept["lyrics"][both].float().mean().item() == pytest.approx(1 - 0.4 + 0.16, abs=0.02)


def test_dropout_is_for_learning_only() -> None:
    torch.manual_seed(0)
    vae, told = hard(dropout=0.9), songs((10,))
    vae.train()
    torch.manual_seed(1)
    learning = [vae.embed(everything(told)) for _ in range(2)]
    assert not torch.equal(learning[0], learning[1])
    vae.eval()
    assert torch.equal(vae.embed(everything(told)), vae.embed(everything(told)))


# --- learning ---------------------------------------------------------------------------------------------------------


def weights(vae: VAE) -> Tensor:
    return torch.cat([weight.detach().flatten() for weight in vae.parameters()])


@pytest.mark.parametrize("family", FAMILIES)
def test_the_seed_alone_decides_the_weights(family: str) -> None:
    def learnt(seed: int) -> Tensor:
        vae, told = made(family, seed)
        fit(vae, told, recipe(1.0, epochs=2))
        return weights(vae)

    first = learnt(3)
    assert torch.equal(learnt(3), first)
    assert not torch.equal(learnt(4), first)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_small_batch_is_learnt_by_heart(family: str) -> None:
    vae, told = made(family)
    curve = fit(vae, told, recipe(0.01, epochs=120, batch=24, rate=1e-2))
    before, after = curve[0].mse["audio"], curve[-1].mse["audio"]
    assert before > 0.8
    assert after < 0.3, f"{before:.3f} -> {after:.3f}"
    assert curve[-1].loss < curve[0].loss


def draws(run: Callable[[], object]) -> float:
    """The next random number after `run`, from a known state: it tells how many were drawn."""
    torch.manual_seed(11)
    run()
    return torch.rand(()).item()


@pytest.mark.parametrize("family", FAMILIES)
def test_without_beta_it_is_an_autoencoder_free_of_noise(family: str) -> None:
    vae, told = made(family)
    rows = len(told.track)
    shuffles = draws(lambda: [torch.randperm(rows) for _ in range(2)])
    assert draws(lambda: fit(copy.deepcopy(vae), told, recipe(0.0, epochs=2))) == shuffles
    assert draws(lambda: fit(copy.deepcopy(vae), told, recipe(1.0, epochs=2))) != shuffles


def test_noise_is_in_the_loss_when_it_is_asked_for() -> None:
    vae, told = made("easy")
    batch = everything(told)
    torch.manual_seed(0)
    noisy = [Objective().total(vae.loss(batch)).item() for _ in range(2)]
    calm = [Objective().total(vae.loss(batch, noisy=False)).item() for _ in range(2)]
    assert noisy[0] != noisy[1]
    assert calm[0] == calm[1]


@pytest.mark.parametrize(("beta", "active"), [(0.0, LATENT), (0.1, LATENT), (1e4, 0)])
@pytest.mark.parametrize("family", ["easy", "hard"])
def test_beta_presses_units_flat(family: str, beta: float, active: int) -> None:
    vae, told = made(family)
    curve = fit(vae, told, recipe(beta, epochs=60, batch=24, rate=1e-2))
    assert active_units(embed(vae, told)) == active
    assert curve[-1].kl < 0.1 or beta < 1


@pytest.mark.parametrize(
    ("warmup", "shares"),
    [(0.0, [1, 1, 1, 1]), (0.25, [1, 1, 1, 1]), (0.5, [0.5, 1, 1, 1]), (1.0, [0.25, 0.5, 0.75, 1])],
)
def test_beta_grows_over_the_warm_up(warmup: float, shares: list[float]) -> None:
    vae, told = made("easy")
    curve = fit(vae, told, recipe(3.0, epochs=4, batch=len(told.track), warmup=warmup))

    def beta(epoch: Epoch) -> float:
        """Solved from the loss: with one full batch the likelihood is 10 / 2 numbers times (1 + log mse)."""
        likelihood = 0.5 * 10 * (1 + torch.tensor(epoch.mse["audio"]).log().item())
        return (epoch.loss - likelihood) / epoch.kl

    assert [beta(epoch) for epoch in curve] == pytest.approx([3.0 * share for share in shares], rel=1e-3)


@pytest.mark.parametrize("batch", [1, 5, 24, 1000])
def test_any_batch_size_sees_every_segment_once(batch: int) -> None:
    vae, told = made("easy")
    curve = fit(vae, told, recipe(0.0, epochs=1, batch=batch, rate=1e-7))
    expected = vae.loss(everything(told), noisy=False)
    assert curve[0].mse["audio"] == pytest.approx(expected.mse["audio"].item(), rel=1e-3)
    assert curve[0].kl == pytest.approx(expected.kl.sum(1).mean().item(), rel=1e-3)


def test_every_epoch_is_told() -> None:
    ticks = []
    vae, told = made("easy")
    assert len(fit(vae, told, recipe(1.0, epochs=3), tick=lambda: ticks.append(1))) == len(ticks) == 3
    assert not vae.training


@pytest.mark.parametrize("sizes", [[4, 4], [1, 2, 3], [10], [5, 1, 7, 2]])
def test_the_other_half_is_of_the_same_track_and_another_segment(sizes: list[int]) -> None:
    track = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    track = track[torch.randperm(len(track), generator=torch.Generator().manual_seed(1))]
    rows, size = torch.arange(len(track)), torch.tensor(sizes)[track]
    torch.manual_seed(0)
    for _ in range(10):
        partner = other_half(track)
        assert torch.equal(track[partner], track)
        assert torch.equal(partner.sort().values, rows)  # each is told once
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


@pytest.mark.parametrize("family", FAMILIES)
def test_a_target_is_told_from_the_codes_of_another_segment(family: str) -> None:
    vae, told = made(family)
    rows, other = torch.tensor([0, 5]), torch.tensor([2, 6])
    crossed = vae.loss(told.batch(rows), told.batch(other), noisy=False)
    batch = told.batch(rows)
    expected = vae.decode(vae.embed(batch), batch.condition)["audio"] - told.batch(other).views["audio"]
    torch.testing.assert_close(crossed.mse["audio"], expected.square().mean())
    torch.testing.assert_close(crossed.kl, vae.loss(batch, noisy=False).kl)


@pytest.mark.parametrize("family", ["easy", "conv1d", "hard"])
def test_cross_learns_what_the_segments_of_a_track_share(family: str) -> None:
    vae, told = made(family)
    curve = fit(vae, told, replace(recipe(0.01, epochs=60, batch=24, rate=1e-2), cross=True))
    assert curve[0].mse["audio"] > 0.8
    # Of a segment's own noise (variance .04) another one tells at best the mean over the other three.
    assert 0.04 * 2 / 3 * 0.9 < curve[-1].mse["audio"] < 0.5


def test_cross_of_single_segments_is_self() -> None:
    vae, told = made("fusion")
    single = Songs(told.audio, torch.arange(len(told.track)) % TRACKS, told.lyrics, told.has_lyrics, told.condition)
    assert single.audio is not None
    single = replace(single, audio=single.audio[:TRACKS], track=single.track[:TRACKS])
    curves = [
        fit(copy.deepcopy(vae), single, replace(recipe(0.0, epochs=3, batch=TRACKS), cross=cross))
        for cross in (False, True)
    ]
    assert [epoch.mse["audio"] for epoch in curves[0]] == pytest.approx([epoch.mse["audio"] for epoch in curves[1]])


@pytest.mark.parametrize("objective", [Objective(1.0, 6.0), Objective(1.0, off_diagonal=10.0, diagonal=5.0)])
@pytest.mark.parametrize("family", ["easy", "hard"])
def test_every_objective_learns_and_the_seed_decides(family: str, objective: Objective) -> None:
    def learnt() -> tuple[Tensor, list[Epoch]]:
        vae, told = made(family)
        curve = fit(vae, told, Recipe(30, 24, 1e-2, 0.3, objective))
        return weights(vae), curve

    (first, curve), (second, _) = learnt(), learnt()
    assert torch.equal(first, second)
    assert curve[-1].loss < curve[0].loss


def test_covariances_are_pressed_flat() -> None:
    found = []
    for weight in (0.0, 100.0):
        vae, told = made("easy")
        fit(vae, told, Recipe(80, 24, 1e-2, 0.0, Objective(0.05, off_diagonal=weight, diagonal=weight)))
        found.append(apart(codes(vae, told), 1.0, 1.0).item())
    assert found[1] < 0.3 * found[0], found


def test_bf16_learns_too() -> None:
    vae, told = made("hard")
    curve = fit(vae, told, recipe(0.01, epochs=30, batch=24, rate=1e-2), bf16=True)
    assert curve[-1].mse["audio"] < 0.7 * curve[0].mse["audio"]
    assert weights(vae).dtype == torch.float32


# --- embedding --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
def test_a_track_lies_at_the_mean_of_its_segments(family: str) -> None:
    vae, told = made(family)
    vae.eval()
    found = embed(vae, told).mean
    for track in range(TRACKS):
        rows = [row for row in range(len(told.track)) if told.track[row] == track]
        by_hand = sum(vae.encode(told.batch(torch.tensor([row]))).mean[0] for row in rows) / len(rows)
        torch.testing.assert_close(found[track], by_hand, atol=1e-5, rtol=1e-4)


def test_the_mean_over_segments_by_hand() -> None:
    values = torch.tensor([[1.0, 0.0], [3.0, 4.0], [10.0, 20.0], [5.0, 2.0]])
    found = per_track(values, torch.tensor([0, 0, 2, 0]), 4)
    assert found.tolist() == [[3.0, 2.0], [0.0, 0.0], [10.0, 20.0], [0.0, 0.0]]


def test_the_order_of_segments_and_the_batch_do_not_matter() -> None:
    vae, told = made("hard")
    assert told.audio is not None
    order = torch.randperm(len(told.track), generator=torch.Generator().manual_seed(5))
    mixed = Songs(told.audio[order], told.track[order], told.lyrics, told.has_lyrics, told.condition)
    plain = embed(vae, told)
    for other in (embed(vae, mixed), embed(vae, told, batch=7), embed(vae, told, batch=1)):
        torch.testing.assert_close(other.mean, plain.mean, atol=1e-6, rtol=1e-5)
        torch.testing.assert_close(other.kl, plain.kl, atol=1e-6, rtol=1e-5)


def test_the_order_of_tracks_is_kept() -> None:
    vae, told = made("hard")
    assert told.audio is not None
    assert told.lyrics is not None
    order = torch.tensor([4, 0, 5, 2, 1, 3])
    rows = torch.cat([(told.track == track).nonzero()[:, 0] for track in order])
    moved = Songs(
        told.audio[rows], torch.arange(TRACKS).repeat_interleave(SEGMENTS), told.lyrics[order], told.has_lyrics[order],
        told.condition[order],
    )  # fmt: skip
    torch.testing.assert_close(embed(vae, moved).mean, embed(vae, told).mean[order], atol=1e-6, rtol=1e-5)


def test_embedding_has_no_chance_in_it_and_learns_nothing() -> None:
    vae, told = made("hard")
    before = weights(vae)
    vae.train()
    assert draws(lambda: embed(vae, told)) == draws(lambda: None)
    assert torch.equal(weights(vae), before)
    assert all(weight.grad is None for weight in vae.parameters())


@pytest.mark.parametrize(("only", "other"), [("audio", "lyrics"), ("lyrics", "audio")])
def test_one_modality_alone_does_not_hear_the_other(only: str, other: str) -> None:
    vae, told = made("hard")
    assert told.audio is not None
    assert told.lyrics is not None
    changed = {"audio": told.audio, "lyrics": told.lyrics}
    changed[other] = changed[other] + 1
    louder = Songs(changed["audio"], told.track, changed["lyrics"], told.has_lyrics, told.condition)
    assert torch.equal(embed(vae, louder, only=only).mean, embed(vae, told, only=only).mean)
    assert not torch.equal(embed(vae, louder).mean, embed(vae, told).mean)
    batch = everything(told)
    one = one_expert(vae, batch, only)
    precision = 1 + torch.exp(-one.log_var)
    by_hand = per_track((torch.exp(-one.log_var) * one.mean / precision).detach(), told.track, TRACKS)
    there = torch.ones(TRACKS, dtype=torch.bool) if only == "audio" else told.has_lyrics
    torch.testing.assert_close(embed(vae, told, only=only).mean[there], by_hand[there], atol=1e-5, rtol=1e-4)


def test_the_kl_of_an_embedding_is_the_mean_over_segments_per_unit() -> None:
    vae, told = made("easy")
    expected = vae.encode(everything(told)).kl().mean(0)
    torch.testing.assert_close(embed(vae, told, batch=len(told.track)).kl, expected)


@pytest.mark.parametrize(
    ("columns", "active"),
    [([0.2], 1), ([0.05], 0), ([0.0], 0), ([0.2, 0.05, 0.0, 3.0], 2), ([1.0, 1.0, 1.0], 3)],
)
def test_a_unit_is_active_when_it_tells_tracks_apart(columns: list[float], active: int) -> None:
    signs = torch.tensor([1.0, -1.0] * 50)[:, None]  # the variance is the square of the column's number
    found = Embedding(7 + signs * torch.tensor(columns), torch.zeros(len(columns)))
    assert active_units(found) == active


# --- where to compute -------------------------------------------------------------------------------------------------


def test_the_processor_is_taken_when_asked_for() -> None:
    assert devices.choose("cpu") == (torch.device("cpu"), "device cpu: as asked")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_cuda_without_a_gpu_is_an_error_and_auto_is_not() -> None:
    with pytest.raises(ValueError, match=r"device is 'cuda' .* finds no CUDA GPU"):
        devices.choose("cuda")
    assert devices.choose("auto") == (torch.device("cpu"), "device cpu: no CUDA found")


@pytest.mark.parametrize(("precision", "on"), [("bf16", True), ("fp32", False)])
def test_a_precision_that_is_asked_for_is_taken(precision: str, on: bool) -> None:
    found = devices.bf16(precision, torch.device("cpu"))
    assert found == (on, f"precision {precision}: as asked")


def test_auto_stays_in_full_precision_on_the_processor() -> None:
    assert devices.bf16("auto", torch.device("cpu")) == (False, "precision fp32")
