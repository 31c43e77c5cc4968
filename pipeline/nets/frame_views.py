"""What an encoder of frames is shown: crops of some segments of a track."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Float16, Int
from torch import Tensor

from pipeline.nets.crossview import heard
from pipeline.nets.loop import Recipe, train
from pipeline.nets.vae import VAE, Batch, Scale
from pipeline.nets.views import Chosen, Segments, view


@dataclass(frozen=True)
class FrameViews:
    """Shows frames of some segments, and asks for the mean of the statistics of the rest."""

    # In units of each row, so that no step scales them anew; in half precision, since they are many.
    frames: Float16[Tensor, "track segment row column"]
    scale: Scale  # of each row, back to decibels and coefficients
    segments: Segments
    crop: int  # columns that a training shows at a time, if there are so many

    @property
    def valid(self) -> Bool[Tensor, "track segment"]:
        return self.segments.valid

    def shown(self, tracks: Int[Tensor, " batch"], chosen: Chosen, *, noisy: bool) -> Batch:
        columns = self.frames.shape[3]
        wide = min(self.crop, columns) if noisy else columns
        start = int(torch.randint(columns - wide + 1, ())) if wide < columns else 0
        most = int(chosen.sum(1).max())  # no copies of the others: they are half of all
        order = torch.argsort(chosen.float(), dim=1, descending=True, stable=True)[:, :most]
        frames = self.frames[tracks[:, None], order, :, start : start + wide].float()
        whole = torch.ones(len(tracks), dtype=torch.bool, device=tracks.device)
        views, present = {"audio": frames, "chosen": chosen.gather(1, order).float()}, {"audio": whole, "chosen": whole}
        return Batch(views, present, torch.zeros(len(tracks), 0, device=tracks.device))

    def asked(self, tracks: Int[Tensor, " batch"], left: Chosen) -> Batch:
        return heard(view(self.segments.values[tracks], left))


def fit_picture(vae: VAE, viewer: FrameViews, tracks: Bool[Tensor, " track"], epochs: int = 10) -> None:
    """Trains `vae.picture` to draw the frames of each segment from its code, which stays as it is."""
    of_segments = (viewer.valid & tracks[:, None]).nonzero()
    codes = segment_codes(vae, viewer, of_segments)

    def loss(rows: Int[Tensor, " batch"]) -> dict[str, Tensor]:
        track, segment = of_segments[rows].T
        drawn = vae.picture(codes[rows])
        return {"loss": (drawn - viewer.frames[track, segment].float()).square().mean()}

    train(vae.picture, lambda _: loss, torch.arange(len(codes), device=codes.device), Recipe(epochs, 64, 2e-3))


@torch.no_grad()
def segment_codes(vae: VAE, viewer: FrameViews, segments: Int[Tensor, "row two"]) -> Float[Tensor, "row latent"]:
    """The posterior means of single segments, each given as (track, segment)."""
    vae.eval()
    parts = []
    for rows in segments.split(64):
        alone = torch.zeros(len(rows), viewer.valid.shape[1], dtype=torch.bool, device=rows.device)
        alone[torch.arange(len(rows)), rows[:, 1]] = True
        parts.append(vae.embed(viewer.shown(rows[:, 0], alone, noisy=False)))
    return torch.cat(parts)
