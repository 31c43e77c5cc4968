"""Networks of views: they are never asked for what was shown, and find what the segments of a track share."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_mutual_info_score
from torch import Tensor

from pipeline.nets import facets
from pipeline.nets.crossview import Means
from pipeline.nets.facets import JOINT, OWN, Songs
from pipeline.nets.families import in_facets, of_frames
from pipeline.nets.frame_views import FrameViews, fit_picture
from pipeline.nets.loop import Recipe
from pipeline.nets.moments import BODIES, crop
from pipeline.nets.objective import Objective
from pipeline.nets.vae import VAE, Posterior, Scale, profile
from pipeline.nets.views import Segments, Viewer, embed_views, fit_views, two_sets, unseen_error

TRACKS, SEGMENTS, NUMBERS, WORDS, LATENT = 24, 4, 5, 3, 4
SHAPES = {"conv1d": (12, 40), "conv2d": (16, 24)}
FACETS = (*OWN, JOINT)


def recipe(epochs: int, batch: int = 64, beta: float = 0.5) -> Recipe:
    objective = Objective(beta, agreement=0.5)
    return Recipe(epochs, batch, 2e-3, 0.3, objective, "one_cycle", decay=1e-3, even=True)


def segments(seed: int = 0, tracks: int = TRACKS) -> Segments:
    """Tracks of one to four segments."""
    dice = torch.Generator().manual_seed(seed)
    values = torch.randn(tracks, 1, NUMBERS, generator=dice) + torch.randn(tracks, SEGMENTS, NUMBERS, generator=dice)
    return Segments(values, torch.arange(SEGMENTS) <= torch.arange(tracks)[:, None] % SEGMENTS)


def songs(sound: int = 0, words: int = 0, *, lyrics: bool = True) -> Songs:
    """Every fifth track is without words."""
    numbers = torch.randn(TRACKS, WORDS, generator=torch.Generator().manual_seed(words + 50))
    condition = torch.eye(2)[torch.arange(TRACKS) % 2]
    return Songs(segments(sound), numbers if lyrics else None, torch.arange(TRACKS) % 5 != 4, condition, noise=0.1)


def framed(kind: str, tracks: int = TRACKS, width: int = 1000) -> tuple[FrameViews, NDArray[np.int64]]:
    """Frames of tracks of three kinds, each with a louder row of its own, and the kinds; statistics: the row means."""
    rows, columns = SHAPES[kind]
    dice, kinds = torch.Generator().manual_seed(3), torch.arange(tracks) % 3
    level = torch.eye(3, rows // 4)[kinds].repeat_interleave(4, dim=1)
    frames = 2 * level[:, None, :, None] + torch.randn(tracks, SEGMENTS, rows, columns, generator=dice)
    statistics = Segments(frames.mean(3), torch.ones(tracks, SEGMENTS, dtype=torch.bool))
    scale = Scale(torch.zeros(rows, 1), torch.ones(rows, 1))
    return FrameViews(frames.half(), scale, statistics, crop=width), kinds.numpy()


def convolutions(kind: str, viewer: FrameViews) -> VAE:
    torch.manual_seed(0)
    shapes = {"audio": tuple(viewer.frames.shape[2:]), "target": tuple(viewer.segments.values.shape[2:])}
    return of_frames(shapes, {}, kind=kind, channels=4, hidden=16, latent=LATENT)


def in_parts(tracks: Songs, chosen: tuple[str, ...] = FACETS, dropout: float = 0.3) -> VAE:
    torch.manual_seed(0)
    shapes = {"audio": (NUMBERS,)} | ({} if tracks.lyrics is None else {"lyrics": (WORDS,)})
    return in_facets(shapes, {}, facets=chosen, hidden=8, latent=LATENT, labels=2, dropout=dropout)


def fitted(vae: VAE, viewer: Viewer, epochs: int = 3) -> VAE:
    torch.manual_seed(1)
    fit_views(vae, viewer, recipe(epochs, batch=8))
    return vae


def facet(vae: VAE, viewer: Viewer, name: str, only: str | None = None) -> Tensor:
    place = FACETS.index(name)
    return embed_views(vae, viewer, only=only).mean[:, place * LATENT : (place + 1) * LATENT]


# --- what is shown is not asked for -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["means", "frames", "songs"])
def test_what_is_asked_for_depends_on_the_segments_that_were_left_out_alone(kind: str) -> None:
    rows = torch.arange(TRACKS)[torch.arange(TRACKS) % SEGMENTS > 0]

    def viewer(values: Segments) -> Viewer:
        if kind == "songs":
            known = songs()
            return Songs(values, known.lyrics, known.has_lyrics, known.condition, 0.1)
        if kind == "means":
            return Means(values, 0.1)
        frames = values.values[..., None].expand(-1, -1, -1, 40).half()  # each frame is the statistics
        return FrameViews(frames, Scale(torch.zeros(NUMBERS, 1), torch.ones(NUMBERS, 1)), values, 32)

    plain = segments()
    torch.manual_seed(0)
    chosen, _ = two_sets(plain.valid[rows])
    left = plain.valid[rows] & ~chosen
    assert left.any(1).all()
    everywhere = torch.zeros_like(plain.valid).index_put((rows,), chosen)
    moved = Segments(torch.where(everywhere[..., None], plain.values + 9, plain.values), plain.valid)
    asked, other = (viewer(each).asked(rows, left) for each in (plain, moved))
    for name, values in asked.views.items():
        assert torch.equal(values, other.views[name]), name
    moved = Segments(torch.where(everywhere[..., None], plain.values, plain.values + 9), plain.valid)
    torch.manual_seed(0)
    shown = viewer(plain).shown(rows, chosen, noisy=True)
    torch.manual_seed(0)
    other = viewer(moved).shown(rows, chosen, noisy=True)
    seen, known = (batch.views["audio"] for batch in (shown, other))
    if kind == "frames":  # the rest is masked by the encoder: see below
        picked = shown.views["chosen"] > 0
        seen, known = seen[picked], known[picked]
    assert torch.equal(seen, known)


@pytest.mark.parametrize("kind", ["conv1d", "conv2d"])
def test_frames_that_were_not_chosen_do_not_reach_the_code(kind: str) -> None:
    viewer, _ = framed(kind)
    vae, rows = fitted(convolutions(kind, viewer), viewer, 1), torch.arange(TRACKS)
    chosen = torch.zeros(TRACKS, SEGMENTS, dtype=torch.bool)
    chosen[:, 1:3] = True
    other = FrameViews(
        torch.where(chosen[..., None, None], viewer.frames, -viewer.frames), viewer.scale, viewer.segments, viewer.crop
    )
    codes = [vae.embed(each.shown(rows, chosen, noisy=False)) for each in (viewer, other)]
    assert torch.equal(*codes)
    swapped = FrameViews(viewer.frames.flip(1), viewer.scale, viewer.segments, viewer.crop)
    torch.testing.assert_close(vae.embed(swapped.shown(rows, chosen, noisy=False)), codes[0])  # in any order


def test_a_training_shows_a_crop_and_an_embedding_the_whole() -> None:
    viewer, _ = framed("conv1d", width=32)
    chosen, rows = viewer.valid, torch.arange(TRACKS)
    starts = set()
    for seed in range(40):
        torch.manual_seed(seed)
        frames = viewer.shown(rows, chosen, noisy=True).views["audio"]
        assert frames.shape[3] == 32
        starts.add(frames[0, 0, 0, 0].item())
    assert len(starts) == 9  # 0 to 8
    torch.testing.assert_close(viewer.shown(rows, chosen, noisy=False).views["audio"], viewer.frames.float())


# --- what is found ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["conv1d", "conv2d"])
def test_what_was_planted_in_frames_is_found_and_not_by_chance(kind: str) -> None:
    viewer, kinds = framed(kind, tracks=36)

    def agreement(statistics: Tensor) -> float:
        shown = FrameViews(viewer.frames, viewer.scale, Segments(statistics, viewer.valid), viewer.crop)
        places = embed_views(fitted(convolutions(kind, shown), shown, 25), shown).mean
        clusters = KMeans(3, n_init=10, random_state=0).fit_predict(places.double().numpy())
        return float(adjusted_mutual_info_score(kinds, clusters))

    assert agreement(viewer.segments.values) >= 0.95
    quiet = (
        viewer.frames - 2 * torch.eye(3, SHAPES[kind][0] // 4).half()[kinds].repeat_interleave(4, 1)[:, None, :, None]
    )
    viewer = FrameViews(quiet, viewer.scale, viewer.segments, viewer.crop)
    assert agreement(quiet.float().mean(3)) < 0.3


def test_a_picture_is_drawn_from_the_code_and_teaches_the_encoder_nothing() -> None:
    viewer, _ = framed("conv2d")
    vae = fitted(convolutions("conv2d", viewer), viewer, 2)
    before = {name: values.clone() for name, values in vae.state_dict().items()}
    fit_picture(vae, viewer, torch.arange(TRACKS) % 2 == 0, epochs=1)
    changed = {name for name, values in vae.state_dict().items() if not torch.equal(values, before[name])}
    assert changed
    assert all(name.startswith("picture.") for name in changed)


# --- facets -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("learnt", [False, True])
@pytest.mark.parametrize("name", OWN)
def test_a_facet_does_not_hold_what_the_other_modality_says(name: str, *, learnt: bool) -> None:
    """Neither where the other one is exchanged before the training, nor where it is after it."""
    plain, other = songs(), songs(sound=7) if name == "words" else songs(words=7)
    vae = fitted(in_parts(plain), plain)
    again = fitted(in_parts(other), other) if learnt else vae
    assert torch.equal(facet(vae, plain, name), facet(again, other, name))
    assert not torch.equal(facet(vae, plain, JOINT), facet(again, other, JOINT))
    moved = next(each for each in OWN if each != name)
    assert not torch.equal(facet(vae, plain, moved), facet(again, other, moved))


@pytest.mark.parametrize("junk", [torch.nan, torch.inf, 1e30])
def test_garbage_in_place_of_missing_words_changes_nothing(junk: float) -> None:
    plain = songs()
    assert plain.lyrics is not None
    words = torch.where(plain.has_lyrics[:, None], plain.lyrics, junk)
    spoilt = Songs(plain.segments, words, plain.has_lyrics, plain.condition, plain.noise)
    vae, again = fitted(in_parts(plain), plain), fitted(in_parts(spoilt), spoilt)
    for name, weights in vae.state_dict().items():
        assert torch.equal(weights, again.state_dict()[name]), name
    assert torch.equal(embed_views(vae, plain).mean, embed_views(again, spoilt).mean)
    assert embed_views(vae, plain).mean.isfinite().all()
    nothing = torch.ones(TRACKS, dtype=torch.bool)
    assert unseen_error(vae, plain, nothing) == unseen_error(again, spoilt, nothing)


def test_the_joint_facet_works_with_either_modality_missing() -> None:
    plain, vae = songs(), fitted(in_parts(songs()), songs())
    for only, other in (("audio", songs(words=7)), ("lyrics", songs(sound=7))):
        alone = facet(vae, plain, JOINT, only)
        assert alone.isfinite().all()
        assert torch.equal(alone, facet(vae, other, JOINT, only))
        assert not torch.equal(alone, facet(vae, plain, JOINT))
    without = ~plain.has_lyrics
    assert torch.equal(facet(vae, plain, JOINT)[without], facet(vae, plain, JOINT, "audio")[without])


def test_without_words_one_facet_is_left_and_it_is_that_of_the_sound() -> None:
    silent = songs(lyrics=False)
    for chosen in (FACETS, (JOINT,)):
        assert facets.present(chosen, {"audio"}) == ["sound"]
        vae = fitted(in_parts(silent, chosen), silent)
        assert embed_views(vae, silent).mean.shape == (TRACKS, LATENT)
        assert set(vae.decoders) == {"audio"}


def test_a_batch_without_words_is_no_division_by_zero() -> None:
    """One track in a corpus of many has words: most batches have none."""
    plain = songs()
    single = Songs(plain.segments, plain.lyrics, torch.arange(TRACKS) == 3, plain.condition, plain.noise)
    vae = in_parts(single)
    curve = fit_views(vae, single, recipe(2, batch=6))
    assert all(np.isfinite(value) for epoch in curve for value in epoch.values())
    assert embed_views(vae, single).mean.isfinite().all()
    assert np.isfinite(unseen_error(vae, single, torch.arange(TRACKS) > 10))
    absent = torch.zeros(2, dtype=torch.bool)
    assert [term.item() for term in profile(torch.ones(2, 3), torch.zeros(2, 3), absent)] == [0.0, 0.0]


# --- how it is judged, and its limits ---------------------------------------------------------------------------------


def test_the_error_on_unseen_songs_is_no_matter_of_chance_and_of_these_songs_alone() -> None:
    plain, hidden = songs(), torch.arange(TRACKS) >= 12
    vae = fitted(in_parts(plain), plain)
    vae.train()  # as a training leaves it, or not
    first = unseen_error(vae, plain, hidden)
    torch.manual_seed(99)
    assert unseen_error(vae, plain, hidden) == first
    values = torch.where(hidden[:, None, None], plain.segments.values, 50.0)
    moved = Songs(Segments(values, plain.valid), plain.lyrics, plain.has_lyrics, plain.condition, plain.noise)
    assert unseen_error(vae, moved, hidden) == first
    assert unseen_error(vae, moved, ~hidden) > first


def test_beta_0_is_an_autoencoder_without_noise_on_its_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    def sample(_: Posterior) -> Tensor:
        raise AssertionError("a sample was drawn")

    monkeypatch.setattr(Posterior, "sample", sample)
    fit_views(in_parts(songs()), songs(), recipe(1, beta=0.0))
    with pytest.raises(AssertionError, match="a sample was drawn"):
        fit_views(in_parts(songs()), songs(), recipe(1, beta=0.5))


@pytest.mark.parametrize("kind", ["conv1d", "conv2d"])
def test_a_crop_is_never_too_short_for_the_convolutions(kind: str) -> None:
    rows, least = SHAPES[kind][0], BODIES[kind].least
    assert crop(kind, 0.0, 300) == crop(kind, 0.01, 300) == least
    assert crop(kind, 0.5, 300) == 150
    features = BODIES[kind](rows, 2)(torch.randn(2, rows, least))
    assert features.isfinite().all()
    short = {"audio": (rows, least - 1), "target": (3,)}
    with pytest.raises(ValueError, match=f"too short for {kind}: it needs {least}"):
        of_frames(short, {}, kind=kind, channels=2, hidden=4, latent=2)


@pytest.mark.parametrize("tracks", [1, 2, 3, 65])
@pytest.mark.parametrize("kind", ["conv1d", "conv2d"])
def test_no_number_of_tracks_leaves_a_batch_of_frames_that_cannot_be_normed(kind: str, tracks: int) -> None:
    viewer, _ = framed(kind, tracks=tracks)
    vae = convolutions(kind, viewer)
    fit_views(vae, viewer, recipe(1))
    fit_picture(vae, viewer, torch.ones(tracks, dtype=torch.bool), epochs=1)
    assert embed_views(vae, viewer).mean.isfinite().all()


def test_silence_gives_no_nan() -> None:
    viewer, _ = framed("conv2d", tracks=6)
    silent = FrameViews(torch.zeros_like(viewer.frames), viewer.scale, viewer.segments, viewer.crop)
    vae = fitted(convolutions("conv2d", silent), silent)
    assert embed_views(vae, silent).mean.isfinite().all()
