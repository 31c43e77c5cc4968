"""What a model makes of a few tracks, for the figures: reconstructions, and traversals of its units."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from pipeline.core.store import Array
from pipeline.learn.keep import Kept
from pipeline.learn.songs import Corpus
from pipeline.learn.weights import half_weights
from pipeline.nets.facets import OfFacet
from pipeline.nets.fit import Embedding, Songs, embed
from pipeline.nets.frame_views import FrameViews, segment_codes
from pipeline.nets.vae import VAE, Projection, Scale
from pipeline.nets.views import Viewer

EXAMPLES = 4  # reconstructions
UNITS, STEPS = 8, (-2.0, -1.0, 0.0, 1.0, 2.0)  # of a traversal; steps in standard deviations of the tracks
Decode = Callable[[Tensor], Tensor]  # codes -> sound in its own units


def chosen(ids: Sequence[str]) -> list[int]:
    """The tracks that are shown."""
    places: list[int] = np.linspace(0, len(ids) - 1, min(EXAMPLES, len(ids))).astype(int).tolist()
    return places


@torch.no_grad()
def kept_vae(vae: VAE, corpus: Corpus, ready: Songs) -> Kept:
    """The weights of a VAE of segments, what it makes of the first segment of a few tracks, and a traversal."""
    tracks = chosen(corpus.ids)
    rows = torch.tensor([int((ready.track == track).nonzero()[0]) for track in tracks], device=ready.track.device)
    batch, scale = ready.batch(rows), vae.scales["audio"]
    assert isinstance(scale, Scale)
    condition = ready.condition.mean(0)

    def decode(codes: Tensor) -> Tensor:
        return scale.back(vae.decode(codes, condition.expand(len(codes), -1))["audio"])

    outputs = scale.back(vae.decode(vae.embed(batch), batch.condition)["audio"])
    shown = [corpus.ids[track] for track in tracks]
    return kept(half_weights(vae), shown, scale.back(batch.views["audio"]), outputs, embed(vae, ready), decode)


@torch.no_grad()
def kept_frames(vae: VAE, viewer: FrameViews, ids: Sequence[str], whole: Embedding) -> Kept:
    """The weights of a VAE of frames, what it draws of the first segment of a few tracks, and a traversal."""
    rows, scale = torch.tensor(chosen(ids), device=whole.mean.device), viewer.scale
    first = torch.stack([rows, viewer.valid[rows].int().argmax(1)], dim=1)
    frames = scale.back(viewer.frames[first[:, 0], first[:, 1]].float())

    def decode(codes: Tensor) -> Tensor:
        return scale.back(vae.picture(codes))

    drawn = decode(segment_codes(vae, viewer, first))
    return kept(half_weights(vae), [ids[row] for row in rows.tolist()], frames, drawn, whole, decode)


@torch.no_grad()
def kept_means(vae: VAE, viewer: Viewer, ids: Sequence[str], whole: Embedding) -> Kept:
    """The weights of a VAE of means, what it predicts of a few tracks, and a traversal of its first facet."""
    rows, scale = torch.tensor(chosen(ids), device=whole.mean.device), vae.scales["audio"]
    network = next(iter(vae.decoders.values()))
    assert isinstance(scale, Projection)
    assert isinstance(network, OfFacet)
    batch = viewer.shown(rows, viewer.valid[rows], noisy=False)
    sound, numbers = batch.views["audio"], batch.views["audio"].shape[1]

    def decode(codes: Tensor, condition: Tensor) -> Tensor:
        return scale.back(network(torch.cat([codes, condition], dim=1))[:, :numbers])

    outputs = decode(vae.embed(batch)[:, : network.units], batch.condition)
    everywhere = torch.arange(len(ids), device=rows.device)
    condition = viewer.shown(everywhere, viewer.valid, noisy=False).condition.mean(0)
    return kept(
        half_weights(vae), [ids[row] for row in rows.tolist()], scale.back(sound), outputs,
        whole.part(slice(0, network.units)), lambda codes: decode(codes, condition.expand(len(codes), -1)),
    )  # fmt: skip


def kept(
    weights: dict[str, Array], ids: list[str], inputs: Tensor, outputs: Tensor, places: Embedding, decode: Decode
) -> Kept:
    """All that figures need. Of pictures a traversal is the mean over time: that is what is looked at, and is small."""
    units, moved = _traversal(places, decode)
    moved = moved.mean(-1, keepdim=True) if moved.dim() == 4 else moved
    arrays = {"input": inputs, "output": outputs, "traversal": moved}
    halves = {key: values.half().cpu().numpy() for key, values in arrays.items()}
    return Kept(weights, halves, {"examples": ids, "units": units})


def _traversal(places: Embedding, decode: Decode) -> tuple[list[int], Tensor]:
    """The units of the largest KL, and the sound [unit, step, ...] that the decoder makes when each of them moves."""
    units = places.kl.argsort(descending=True)[:UNITS]
    latent = places.mean.mean(0).repeat(len(units), len(STEPS), 1)
    steps = torch.tensor(STEPS, device=latent.device)
    for row, unit in zip(latent, units.tolist(), strict=True):
        row[:, unit] += places.mean[:, unit].std() * steps
    return units.tolist(), decode(latent.flatten(0, 1)).unflatten(0, (len(units), len(STEPS)))
