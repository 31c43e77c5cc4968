"""The figure of the latent units counts as the models do."""

from pipeline.draw import learning
from pipeline.nets import fit


def test_the_line_and_the_words_are_at_the_threshold_of_active_units() -> None:
    assert learning.ACTIVE == fit.ACTIVE
    assert f"at least {fit.ACTIVE:g} nat per segment" in learning.UNITS
