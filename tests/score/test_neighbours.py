"""What neighbours say: iLISI and kBET against scib-metrics, the rest by hand and by what must not matter."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.core.store import Array
from pipeline.score import neighbours
from pipeline.score.heldout import hits, knn_correct
from pipeline.score.mixing import Space, ilisi, kbet, mixed

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "neighbours.json").read_text(encoding="utf-8"))
GOLDEN.pop("scib_metrics")  # its version

Score = Callable[[Array, Array], float | None]


def knn_accuracy(points: Array, truth: Array, artists: Array | None, k: int = 10) -> float | None:
    """The mean over the labels of the share of their tracks that are named."""
    correct = knn_correct(points, truth, artists, k)
    judged = np.isfinite(correct)
    recalls = [correct[judged & (truth == label)].mean() for label in set(truth[judged])]
    return float(np.mean(recalls)) if len(recalls) > 1 else None


def artist_hit(points: Array, artists: Array, k: int = 5) -> float | None:
    correct = hits(points, artists, k)
    return None if np.isnan(correct).all() else float(np.nanmean(correct))


SCORES: dict[str, Score] = {
    "knn_accuracy": lambda points, labels: knn_accuracy(points, labels, None),
    "knn_accuracy of other artists": lambda points, labels: knn_accuracy(points, labels, artists(len(labels))),
    "artist_hit": artist_hit,
    "ilisi": lambda points, labels: ilisi(points, labels, 30),
    "kbet": lambda points, labels: kbet(points, labels, 20),
}


def artists(tracks: int) -> Array:
    """Three tracks each."""
    return np.array([f"artist {track // 3}" for track in range(tracks)], dtype=object)


def text(letters: str) -> Array:
    return np.array([letter.replace(" ", "") for letter in letters], dtype=object)


def column(*numbers: float) -> Array:
    return np.array(numbers)[:, None]


def value(score: float | None) -> float:
    assert score is not None
    return score


@pytest.fixture
def labels(rng: np.random.Generator) -> Array:
    return np.array(["bn", "en", "hi"], dtype=object)[rng.integers(0, 3, 120)]


@pytest.fixture
def points(rng: np.random.Generator, labels: Array) -> Array:
    return np.asarray(rng.standard_normal((120, 5)) + np.eye(5)[np.unique(labels, return_inverse=True)[1]])


@pytest.mark.parametrize("case", GOLDEN)
def test_mixing_equals_the_reference(case: str) -> None:
    golden = GOLDEN[case]
    points = np.array(golden["points"]).reshape(-1, 3)
    batches = text(golden["batches"])
    assert ilisi(points, batches, golden["k"]) == pytest.approx(golden["ilisi"], abs=3e-6)  # single precision there
    assert kbet(points, batches, golden["k"]) == pytest.approx(golden["kbet"], abs=1e-9)


def test_the_golden_cases_tell_mixed_from_apart() -> None:
    assert [round(GOLDEN[case]["ilisi"], 1) for case in ("mixed", "shifted", "apart")] == [0.9, 0.6, 0]
    assert 0.5 < GOLDEN["uneven"]["kbet"] < 0.95


MOVES: dict[str, Callable[[Array], Array]] = {
    "larger": lambda points: points * 1e6,
    "smaller": lambda points: points * 1e-6,
    "far away": lambda points: points + 1e7,
    "turned": lambda points: points @ np.linalg.qr(np.random.default_rng(0).standard_normal((5, 5)))[0],
    "mirrored": lambda points: -points[:, ::-1],
}


@pytest.mark.parametrize("name", SCORES)
@pytest.mark.parametrize("move", MOVES)
def test_where_the_points_lie_does_not_matter(name: str, move: str, points: Array, labels: Array) -> None:
    assert SCORES[name](MOVES[move](points), labels) == pytest.approx(value(SCORES[name](points, labels)), abs=1e-5)


@pytest.mark.parametrize("name", SCORES)
def test_names_and_order_do_not_matter(name: str, points: Array, labels: Array, rng: np.random.Generator) -> None:
    plain = value(SCORES[name](points, labels))
    renamed = np.array([{"bn": "z", "en": "a", "hi": "m"}[label] for label in labels], dtype=object)
    assert SCORES[name](points, renamed) == pytest.approx(plain, abs=1e-9)
    if "other artists" not in name:
        order = rng.permutation(120)
        assert SCORES[name](points[order], labels[order]) == pytest.approx(plain, abs=1e-9)


@pytest.mark.parametrize("name", SCORES)
def test_tracks_of_an_unknown_label_are_left_out(name: str, points: Array, labels: Array) -> None:
    more = np.concatenate([points, points[:7]])
    unknown = np.concatenate([labels, np.full(7, "", dtype=object)])
    assert SCORES[name](more, unknown) == pytest.approx(value(SCORES[name](points, labels)), abs=1e-9)


@pytest.mark.parametrize("name", SCORES)
def test_blocks_are_only_a_matter_of_memory(
    name: str, points: Array, labels: Array, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = value(SCORES[name](points, labels))
    monkeypatch.setattr(neighbours, "BLOCK", 700)
    assert SCORES[name](points, labels) == pytest.approx(plain, abs=1e-12)


@pytest.mark.parametrize("name", SCORES)
@pytest.mark.parametrize("labels", ["", "a", "  "])
def test_undefined_is_none(name: str, labels: str, rng: np.random.Generator) -> None:
    assert SCORES[name](rng.standard_normal((len(labels), 2)), text(labels)) is None


@pytest.mark.parametrize("score", [lambda points, labels: knn_accuracy(points, labels, None), ilisi, kbet])
def test_one_label_says_nothing(score: Score, rng: np.random.Generator) -> None:
    assert score(rng.standard_normal((40, 2)), text("a" * 40)) is None


def test_points_that_are_equal_can_be_scored() -> None:
    for score in SCORES.values():
        assert 0 <= value(score(np.zeros((60, 2)), text("abc" * 20))) <= 1


def test_neighbours_of_the_same_artist_do_not_vote() -> None:
    """Each artist sings in one language and the nearest track of another artist is in the other one."""
    points = column(0, 0.1, 1, 1.1, 5, 5.1, 6, 6.1)
    language, artist = text("aabbaabb"), text("wwxxyyzz")
    assert knn_accuracy(points, language, None, k=1) == 1
    assert knn_accuracy(points, language, artist, k=1) == 0


def test_accuracy_is_balanced() -> None:
    """Six of eight common tracks are beside their like, and two of three rare ones."""
    points, rare = column(*range(8), 2.5, 20, 20.5), text("aaaaaaaabbb")
    assert knn_accuracy(points, rare, None, k=1) == pytest.approx((6 / 8 + 2 / 3) / 2)


def test_the_nearest_decides_a_tie() -> None:
    points, label = column(0, 1, 3, 100, 101, 103), text("aabbba")
    assert knn_accuracy(points, label, None, k=2) == pytest.approx(2 / 3)


def test_accuracy_of_one_artist_is_none() -> None:
    assert knn_accuracy(column(1, 2, 3, 4), text("abab"), text("xxxx")) is None


def test_an_unknown_artist_is_an_artist_of_its_own() -> None:
    points, label = column(0, 1, 2, 10, 11, 12), text("aaabbb")
    assert knn_accuracy(points, label, text("      "), k=2) == 1


# By hand: x's tracks are each other's nearest, y's are far apart, z has a single one and is never asked.
@pytest.mark.parametrize(("k", "expected"), [(1, 1 / 2), (3, 1 / 2), (4, None), (50, None)])  # 4: all others are near
def test_artist_hit_by_hand(k: int, expected: float | None) -> None:
    hit = artist_hit(column(0, 1, -5, 20, 7), text("xxyyz"), k=k)
    assert hit == (expected if expected is None else pytest.approx(expected))


def test_artist_hit_needs_an_artist_with_two_tracks() -> None:
    assert artist_hit(column(0, 1, 2), text("xyz")) is None
    assert artist_hit(column(0, 1, 2), text("   ")) is None


def test_random_points_are_mixed(rng: np.random.Generator) -> None:
    points, batches = rng.standard_normal((300, 8)), np.array(["a", "b"], dtype=object)[np.arange(300) % 2]
    assert value(ilisi(points, batches, 90)) > 0.9
    assert value(kbet(points, batches)) > 0.9
    assert abs(value(knn_accuracy(points, batches, None)) - 0.5) < 0.1
    apart = points + 50 * (batches == "a")[:, None]
    assert ilisi(apart, batches) == pytest.approx(0, abs=1e-9)
    assert kbet(apart, batches) == 0
    assert knn_accuracy(apart, batches, None) == 1


@pytest.mark.parametrize(("tracks", "defined"), [(6, False), (7, True)])
def test_artists_are_not_retrieved_where_every_track_is_among_the_nearest(
    tracks: int, defined: bool, rng: np.random.Generator
) -> None:
    artists = np.array(["a", "b"] * 4, dtype=object)[:tracks]
    assert (artist_hit(rng.standard_normal((tracks, 3)), artists) is not None) == defined


def test_few_neighbours_show_what_half_of_the_tracks_hide(rng: np.random.Generator) -> None:
    """Fault 12. Of 180 tracks neighbours tell the language at .8, yet 90 of them looked mixed (.9 of 1 or more)."""
    language = np.array(["bn", "en"], dtype=object)[np.arange(180) % 2]
    pairs = rng.standard_normal((18, 6)).repeat(10, axis=0)
    points = pairs + 0.05 * rng.standard_normal((180, 6)) + 0.2 * np.eye(6)[0] * (language == "bn")[:, None]
    assert value(knn_accuracy(points, language, None, k=3)) > 0.8
    assert value(ilisi(points, language, 90)) > 0.9 > value(ilisi(points, language))


def test_mixing_by_chance_is_a_range_for_each_seed(rng: np.random.Generator) -> None:
    """Random points lie within it, languages apart below it; each group of artists is left out of fixed neighbours."""
    language = np.array(["bn", "en"], dtype=object)[np.arange(120) % 2]
    group, everywhere = np.arange(120) // 6, np.ones(120, dtype=bool)
    seeds = [rng.standard_normal((120, 4)) for _ in range(2)]
    for name, score in (("ilisi", ilisi), ("kbet", kbet)):
        found = mixed(name, [[Space(points, everywhere)] for points in seeds], language, group)
        assert found is not None
        assert found.values == pytest.approx([score(points, language) for points in seeds])
        assert found.low <= np.mean(found.values) <= found.high
        assert found.low < found.mean < found.high
        assert found.scores is not None
        assert found.scores.without.shape == (2, 20)
        apart = [[Space(points + 3 * (language == "bn")[:, None], everywhere)] for points in seeds]
        far = mixed(name, apart, language, group)
        assert far is not None
        assert np.mean(far.values) < far.low


def test_tracks_are_asked_in_the_space_of_their_fold(rng: np.random.Generator) -> None:
    """Two spaces, one mixed and one apart: each half of the tracks is asked in its own."""
    language = np.array(["bn", "en"], dtype=object)[np.arange(120) % 2]
    points, first = rng.standard_normal((120, 4)), np.arange(120) < 60
    apart = points + 9 * (language == "bn")[:, None]
    both = mixed("kbet", [[Space(points, first), Space(apart, ~first)]], language, np.arange(120))
    assert both is not None
    assert both.values[0] == pytest.approx(value(kbet(points, language)) / 2, abs=0.05)


def test_mixing_without_two_batches_is_undefined(rng: np.random.Generator) -> None:
    everywhere = [[Space(rng.standard_normal((30, 2)), np.ones(30, dtype=bool))]]
    assert mixed("ilisi", everywhere, text("a" * 30), np.arange(30)) is None
