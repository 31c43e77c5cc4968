"""Small networks and songs that the tests of the networks share."""

from collections.abc import Callable

import torch
from torch import Tensor

from pipeline.nets.families import experts, joined
from pipeline.nets.fit import Songs
from pipeline.nets.loop import Recipe
from pipeline.nets.objective import Objective
from pipeline.nets.parts import LOG_VAR, Experts
from pipeline.nets.vae import VAE, Batch, Loss, Posterior, Scale

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
    vae, tracks = build(), songs(shape)
    return vae, tracks if family in BOTH else Songs(
        tracks.audio, tracks.track, None, tracks.has_lyrics, tracks.condition
    )


def recipe(beta: float, epochs: int = 1, batch: int = 8, warmup: float = 0.0, rate: float = 1e-3) -> Recipe:
    return Recipe(epochs, batch, rate, warmup, Objective(beta))


def everything(tracks: Songs) -> Batch:
    return tracks.batch(torch.arange(len(tracks.track)))


def some_codes(rows: int = 40, latent: int = LATENT) -> Posterior:
    """Posteriors whose units are bound to one another."""
    dice = torch.Generator().manual_seed(2)
    mean = torch.randn(rows, latent, generator=dice) @ torch.randn(latent, latent, generator=dice)
    return Posterior(mean, torch.randn(rows, latent, generator=dice) - 2)


def weights(vae: VAE) -> Tensor:
    return torch.cat([weight.detach().flatten() for weight in vae.parameters()])


def draws(run: Callable[[], object]) -> float:
    """The next random number after `run`, from a known state: it tells how many were drawn."""
    torch.manual_seed(11)
    run()
    return torch.rand(()).item()


def one_expert(vae: VAE, batch: Batch, name: str) -> Posterior:
    """What one expert says by itself, before the prior is heard."""
    encoder = vae.encoder
    assert isinstance(encoder, Experts)
    tracks = torch.cat([encoder.bodies[name](batch.views[name]), batch.condition], dim=1)
    mean, log_var = encoder.heads[name](tracks).chunk(2, dim=1)
    return Posterior(mean, log_var.clamp(*LOG_VAR))


def loss_of(posterior: Posterior) -> Loss:
    recon = {"audio": torch.ones(len(posterior.mean))}
    return Loss(recon, {}, posterior.kl(), posterior, posterior.sample())
