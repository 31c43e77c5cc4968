"""The estimator for arrays keeps the contract of scikit-learn, and songs as groups change what is learnt."""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from pipeline.core.store import Array
from pipeline.library import SongVAE

SONGS, SEGMENTS, NUMBERS = 24, 6, 12
EXPECTED_TO_FAIL: dict[str, str] = {}  # check -> reason: none; check_array_api_input skips itself without the variable


def small(**changes: Any) -> SongVAE:
    """One that is trained in a tenth of a second."""
    given: dict[str, Any] = {"latent": 3, "hidden": (16, 8), "epochs": 10, "n_clusters": 3}
    return SongVAE(**given | {"device": "cpu", "random_state": 0} | changes)


@parametrize_with_checks([small(epochs=2)], expected_failed_checks=lambda _: EXPECTED_TO_FAIL)  # type: ignore[untyped-decorator]
def test_the_contract_of_scikit_learn(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)


@pytest.fixture
def songs(rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Segments, the song of each, and its kind: what changes within songs is louder than what tells kinds apart."""
    kind = np.arange(SONGS) % 3
    quiet = 2.0 * np.eye(3)[kind] + 0.2 * rng.standard_normal((SONGS, 3))
    loud = 3.0 * rng.standard_normal((SONGS, SEGMENTS, NUMBERS - 3))
    quiet = np.repeat(quiet[:, None], SEGMENTS, axis=1) + 0.3 * rng.standard_normal((SONGS, SEGMENTS, 3))
    rows = np.concatenate([quiet, loud], axis=2).reshape(-1, NUMBERS)
    names = np.array([f"song {number}" for number in range(SONGS)])
    order = rng.permutation(len(rows))
    return rows[order], np.repeat(names, SEGMENTS)[order], np.repeat(kind, SEGMENTS)[order]


def test_groups_teach_what_the_segments_of_a_song_share(songs: tuple[Array, Array, Array]) -> None:
    rows, song, kind = songs
    model = small(epochs=45, beta=0.5, power=0.6)
    labels = model.fit_predict(rows, groups=song)
    assert adjusted_rand_score(kind, labels) > 0.9
    assert adjusted_rand_score(kind, model.fit_predict(rows)) < 0.5


def test_the_rows_of_a_song_are_equal_and_are_its_code_as_a_whole(songs: tuple[Array, Array, Array]) -> None:
    rows, song, _ = songs
    model = small()
    codes = model.fit_transform(rows, groups=song)
    assert codes.shape == (len(rows), 3)
    whole = model.transform(np.stack([rows[song == name].mean(axis=0) for name in np.unique(song)]))
    for row, name in zip(whole, np.unique(song), strict=True):
        assert codes[song == name] == pytest.approx(np.tile(row, (SEGMENTS, 1)), abs=1e-6)
    assert (model.predict(rows, groups=song) == model.labels_).all()
    assert np.ptp(model.transform(rows[song == "song 0"]), axis=0).max() > 1e-3  # alone, each is a song of its own


def test_a_number_as_random_state_decides_the_result_and_disturbs_no_chance(songs: tuple[Array, Array, Array]) -> None:
    import torch

    rows, song, _ = songs
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    first = small().fit_transform(rows, groups=song)
    assert torch.equal(torch.rand(3), expected)
    assert (small().fit_transform(rows, groups=song) == first).all()
    assert (small(random_state=1).fit_transform(rows, groups=song) != first).any()


def test_what_comes_back_has_the_units_of_the_samples(songs: tuple[Array, Array, Array]) -> None:
    rows, _, _ = songs
    scales = 10.0 ** np.arange(-3, 9)
    model = small(latent=NUMBERS, hidden=(64,), epochs=50, beta=0.05, noise=0.0, n_clusters=2).fit(rows * scales + 7)
    back = model.inverse_transform(model.transform(rows * scales + 7))
    assert ((((back - 7) / scales - rows) / rows.std(axis=0)) ** 2).mean() < 0.3
    with pytest.raises(ValueError, match="X has 2 numbers a row, and codes have 12"):
        model.inverse_transform(np.zeros((1, 2)))


def test_pickle_pandas_and_clone(songs: tuple[Array, Array, Array]) -> None:
    rows, song, _ = songs
    model = small().set_output(transform="pandas").fit(pd.DataFrame(rows).add_prefix("n"), groups=song)
    table = model.transform(pd.DataFrame(rows).add_prefix("n"))
    assert list(table) == ["songvae0", "songvae1", "songvae2"] == list(model.get_feature_names_out())
    again = pickle.loads(pickle.dumps(model))
    pd.testing.assert_frame_equal(again.transform(pd.DataFrame(rows).add_prefix("n")), table)
    assert clone(model).get_params() == small().get_params()


def test_a_grid_chooses_beta_by_unseen_samples(songs: tuple[Array, Array, Array]) -> None:
    rows, _, _ = songs
    pipe = make_pipeline(StandardScaler(), small(epochs=12))
    search = GridSearchCV(pipe, {"songvae__beta": [0.01, 2.0], "songvae__latent": [2]}, cv=2).fit(rows)
    assert search.best_params_["songvae__beta"] == 2.0  # most of these numbers are noise
    assert search.best_estimator_.predict(rows).shape == (len(rows),)


def test_groups_travel_through_a_pipeline(songs: tuple[Array, Array, Array]) -> None:
    rows, song, _ = songs
    with sklearn.config_context(enable_metadata_routing=True):
        model = small().set_fit_request(groups=True).set_transform_request(groups=True)
        pipe = make_pipeline(StandardScaler(), model)
        codes = pipe.fit_transform(rows, groups=song)
        assert pipe.transform(rows, groups=song) == pytest.approx(codes)
    assert len(np.unique(codes.round(9), axis=0)) == SONGS


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"beta": 0}, "beta is 0: it must be above 0"),
        ({"latent": 1.5}, "latent is 1.5: it must be a whole number, 1 or more"),
        ({"power": 2}, "power is 2: it must lie between 0 and 1"),
        ({"hidden": ()}, "hidden is empty"),
        ({"device": "tpu"}, "device is 'tpu'"),
    ],
)
def test_wrong_parameters_are_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        small(**changes).fit(np.eye(4))


def test_groups_that_hold_no_songs_are_refused(songs: tuple[Array, Array, Array]) -> None:
    rows, song, _ = songs
    with pytest.raises(ValueError, match="3 songs of two samples or more"):
        small().fit(rows, groups=np.arange(len(rows)))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        small().fit(rows, groups=song[:-1])


def test_the_library_opens_without_waiting_for_torch() -> None:
    code = "import sys, pipeline.library; sys.exit('torch' in sys.modules)"
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, env=os.environ, check=False).returncode == 0
