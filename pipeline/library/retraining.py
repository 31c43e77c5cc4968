"""Whether added songs speak for training the models again.

The score of a song is the share of the library that is as far out as it is (strangeness.py). Of songs like those of the
library it is spread evenly from 0 to 1: on average .50, and at most PROMISED of them are unlike anything. So these two
can be tested: are more of the added songs unlike anything than chance gives, and are they farther out on average?
Songs of one artist are alike, and count as one. Each of the four tests (two, by sound and by words) may be wrong once
in a hundred times. In the sample it called for no training in any of 200 draws of about ten songs by artists whom the
other songs are not by, and in all of 200 draws of ten songs of another kind of music (tests/bench/bench_adding.py).

Besides, placing was measured with up to a fifth of the songs new: with more, nobody knows.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binom, norm

from pipeline.core import languages
from pipeline.core.store import Array
from pipeline.library.strangeness import LEVEL, PROMISED

DOUBT = 0.01  # how often chance may speak for a training, in each test
MOST = 0.2  # added songs, as a share of those that the models have learnt from
FEW = 3  # songs in a language that the models never met


@dataclass(frozen=True)
class Verdict:
    """What the added songs are like, in lines, and what speaks for training again."""

    lines: list[str]
    reasons: list[str]

    @property
    def worth(self) -> bool:
        return bool(self.reasons)


def verdict(
    scores: Mapping[str, Array], artists: Sequence[str], spoken: Array, trained: int, known: frozenset[str]
) -> Verdict:
    """Of added songs: their scores by sound and by words (nan for none), their artists and languages.

    `trained` songs were learnt from, in the languages `known`.
    """
    lines, reasons = [], []
    for facet, score in scores.items():
        there_is = np.isfinite(score)
        if not there_is.any():
            continue
        by_artist = _by_artist(score[there_is], [artists[row] for row in np.flatnonzero(there_is).tolist()])
        strange, mean = int((score <= LEVEL).sum()), float(np.mean([each.mean() for each in by_artist]))
        usual = f"at most {PROMISED * int(there_is.sum()):.1f} is usual"
        lines.append(f"by {facet}: {strange} unlike anything in the library ({usual}); "
                     f"{mean:.0%} of the library is as far out, on average of the artists (50% is usual)")  # fmt: skip
        if too_many(sum((each <= LEVEL).mean() > 0.5 for each in by_artist), len(by_artist)):
            reasons.append(f"by {facet}, too many artists are unlike anything in the library")
        if too_far(mean, len(by_artist)):
            reasons.append(f"by {facet}, they lie farther out than the library's songs")
    if len(artists) > MOST * trained:
        reasons.append(f"there are {len(artists)} of them beside {trained}, and placing was tried with a fifth at most")
    foreign = Counter(code for code in spoken.tolist() if code and code not in known)
    reasons += [
        f"{many} are in {languages.name(code)}, which the models have not met"
        for code, many in sorted(foreign.items())
        if many >= FEW
    ]
    return Verdict(lines, reasons)


def too_many(strange: int, artists: int) -> bool:
    """Whether so many strange artists among so many are more than chance gives, each being strange with PROMISED."""
    return bool(binom.sf(strange - 1, artists, PROMISED) <= DOUBT)


def too_far(mean: float, artists: int) -> bool:
    """Whether the mean score is lower than that of so many even draws; 1/12 is the variance of one."""
    return bool(norm.cdf((mean - 0.5) * math.sqrt(12 * artists)) <= DOUBT)


def _by_artist(score: Array, artists: Sequence[str]) -> list[Array]:
    """The scores of each artist; a song without one stands alone."""
    by_name: dict[str, list[float]] = {}
    for row, artist in enumerate(artists):
        by_name.setdefault(artist or f"\0{row}", []).append(float(score[row]))
    return [np.array(each) for each in by_name.values()]
