"""A latent space in facets: one of the sound, one of the words, and a joint one of both.

Two properties that are independent need two clusterings, so that neither facet has to hold what is in the other:
each has an encoder and a decoder of its own. The joint facet is asked for both, and works with either alone.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from pipeline.nets.parts import normed, partly, posterior_of
from pipeline.nets.vae import Batch, Posterior
from pipeline.nets.views import Chosen, Segments, view

OWN = {"sound": "audio", "words": "lyrics"}  # facet -> its modality
JOINT = "joint"


class Facet(nn.Module):
    """The posterior of one modality, given the condition."""

    def __init__(self, modality: str, network: nn.Module) -> None:
        super().__init__()
        self.modality, self.network = modality, network

    def forward(self, batch: Batch) -> Posterior:
        return posterior_of(self.network(torch.cat([batch.views[self.modality], batch.condition], dim=1)))


class Together(nn.Module):
    """The posterior of all modalities side by side, each with a flag that says it is there.

    During training each row of a modality is left out with probability `dropout` (never all of a row), so that any of
    them is enough.
    """

    def __init__(self, network: nn.Module, dropout: float) -> None:
        super().__init__()
        self.network, self.dropout = network, dropout

    def forward(self, batch: Batch) -> Posterior:
        present = partly(batch.present, self.dropout) if self.training and self.dropout > 0 else batch.present
        known = Batch(batch.views, present, batch.condition).known()
        flags = [rows[:, None].to(batch.condition.dtype) for rows in present.values()]
        return posterior_of(self.network(torch.cat([*known.views.values(), *flags], dim=1)))


class Facets(nn.Module):
    """The posteriors of all facets as one, facet after facet."""

    def __init__(self, facets: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self.facets = nn.ModuleDict(dict(facets))

    def forward(self, batch: Batch) -> Posterior:
        parts = [facet(batch) for facet in self.facets.values()]
        return Posterior(torch.cat([part.mean for part in parts], 1), torch.cat([part.log_var for part in parts], 1))


class OfFacet(nn.Module):
    """A decoder that is given one facet of the code, and the condition if it needs it."""

    def __init__(self, network: nn.Module, start: int, units: int, labels: int) -> None:
        super().__init__()
        self.network, self.start, self.units, self.labels = network, start, units, labels

    def forward(self, given: Float[Tensor, "batch units"]) -> Tensor:
        known = given[:, given.shape[1] - self.labels :] if self.labels else given[:, :0]
        code = given[:, self.start : self.start + self.units]
        decoded: Tensor = self.network(torch.cat([code, known], dim=1))
        return decoded


@dataclass(frozen=True)
class Songs:
    """Shows some segments of the sound and the words, and asks for the other segments and the words."""

    segments: Segments
    lyrics: Float[Tensor, "track words"] | None
    has_lyrics: Bool[Tensor, " track"]
    condition: Float[Tensor, "track labels"]
    noise: float
    loudness: float = 1.0  # standard deviation of the lyrics' numbers, of which the noise is a share

    @property
    def valid(self) -> Bool[Tensor, "track segment"]:
        return self.segments.valid

    def shown(self, tracks: Int[Tensor, " batch"], chosen: Chosen, *, noisy: bool) -> Batch:
        views = self._views(tracks, chosen)
        if noisy:
            loud = {"lyrics": self.loudness}
            views = {
                name: values + self.noise * loud.get(name, 1.0) * torch.randn_like(values)
                for name, values in views.items()
            }
        return Batch(views, self._present(tracks), self.condition[tracks])

    def asked(self, tracks: Int[Tensor, " batch"], left: Chosen) -> Batch:
        views, present = self._views(tracks, left), self._present(tracks)
        if len(views) > 1:
            wide = [present[name][:, None].expand(values.shape) for name, values in views.items()]
            both, where = torch.cat(list(views.values()), dim=1), torch.cat(wide, dim=1)
            views, present = views | {JOINT: both}, present | {JOINT: where}
        return Batch(views, present, self.condition[tracks])

    def _views(self, tracks: Int[Tensor, " batch"], chosen: Chosen) -> dict[str, Tensor]:
        views = {"audio": view(self.segments.values[tracks], chosen)}
        return views if self.lyrics is None else views | {"lyrics": self.lyrics[tracks]}

    def _present(self, tracks: Int[Tensor, " batch"]) -> dict[str, Tensor]:
        present = {"audio": torch.ones(len(tracks), dtype=torch.bool, device=tracks.device)}
        return present if self.lyrics is None else present | {"lyrics": self.has_lyrics[tracks]}


def encoder(
    facets: Sequence[str], shapes: Mapping[str, int], hidden: int, latent: int, labels: int, dropout: float
) -> Facets:
    """`shapes`: the numbers of each modality. A facet whose modality is not there is left out."""
    networks: dict[str, nn.Module] = {}
    for facet in present(facets, shapes):
        if facet == JOINT:
            numbers = sum(shapes.values()) + len(shapes)
            networks[facet] = Together(normed(numbers, hidden, 2 * latent), dropout)
        else:
            modality = OWN[facet]
            networks[facet] = Facet(modality, normed(shapes[modality] + labels, hidden, 2 * latent))
    return Facets(networks)


def decoders(
    facets: Sequence[str], shapes: Mapping[str, int], hidden: int, latent: int, labels: int
) -> dict[str, nn.Module]:
    """One for each facet, named after what it predicts."""
    networks: dict[str, nn.Module] = {}
    for place, facet in enumerate(present(facets, shapes)):
        name, labelled = (JOINT, 0) if facet == JOINT else (OWN[facet], labels)
        numbers = sum(shapes.values()) if facet == JOINT else shapes[name]
        networks[name] = OfFacet(normed(latent + labelled, hidden, numbers), place * latent, latent, labelled)
    return networks


def present(facets: Sequence[str], modalities: Collection[str]) -> list[str]:
    """The facets that these modalities allow, in their order; without words a joint facet is one of the sound."""
    allowed = [facet for facet in facets if (len(modalities) > 1 if facet == JOINT else OWN[facet] in modalities)]
    return allowed or ["sound"]
