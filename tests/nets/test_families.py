"""The families: shapes come back, missing rows do not matter, the condition does."""

import pytest
import torch
from torch import Tensor

from pipeline.nets.fit import Songs
from pipeline.nets.objective import Objective
from pipeline.nets.vae import Batch
from tests.nets.toys import BOTH, FAMILIES, LATENT, everything, made


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_gives_back_the_shapes_that_it_got(family: str) -> None:
    vae, tracks = made(family)
    batch = everything(tracks)
    posterior = vae.encode(batch)
    assert posterior.mean.shape == posterior.log_var.shape == (len(tracks.track), LATENT)
    outputs = vae.decode(posterior.mean, batch.condition)
    assert {name: out.shape for name, out in outputs.items()} == {name: v.shape for name, v in batch.views.items()}
    loss = vae.loss(batch)
    assert set(loss.recon) == set(loss.mse) == set(batch.views)
    assert all(term.shape == (len(tracks.track),) for term in loss.recon.values())


@pytest.mark.parametrize("junk", [0.0, 1e6, torch.nan, torch.inf])
@pytest.mark.parametrize("family", BOTH)
def test_values_in_a_missing_row_change_nothing(family: str, junk: float) -> None:
    def seen(value: float) -> tuple[Tensor, Tensor, list[Tensor]]:
        vae, tracks = made(family)
        assert tracks.lyrics is not None
        words = tracks.lyrics.clone()
        words[~tracks.has_lyrics] = value
        batch = everything(Songs(tracks.audio, tracks.track, words, tracks.has_lyrics, tracks.condition))
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
def test_lyrics_that_are_present_matter(family: str) -> None:
    vae, tracks = made(family)
    assert tracks.lyrics is not None
    other = Songs(tracks.audio, tracks.track, tracks.lyrics + 1, tracks.has_lyrics, tracks.condition)
    apart = (vae.embed(everything(tracks)) - vae.embed(everything(other))).abs().amax(1)
    there = tracks.has_lyrics[tracks.track]
    assert (apart[there] > 1e-4).all()
    assert (apart[~there] == 0).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_the_condition_reaches_encoder_and_decoder(family: str) -> None:
    vae, tracks = made(family)
    batch = everything(tracks)
    swapped = Batch(batch.views, batch.present, batch.condition.flip(1))
    assert ((vae.embed(batch) - vae.embed(swapped)).abs().amax(1) > 1e-4).all()
    latent = vae.embed(batch)
    for name, out in vae.decode(latent, batch.condition).items():
        apart = (out - vae.decode(latent, swapped.condition)[name]).abs().flatten(1).amax(1)
        assert (apart > 1e-4).all()
