"""The VAEs of the project as a scikit-learn estimator for any table of numbers.

    from pipeline.library import SongVAE
    codes = SongVAE(latent=8, random_state=0).fit_transform(X)              # the dense VAE
    codes = SongVAE(random_state=0).fit_transform(X, groups=song_of_row)    # the VAE of views

It is a transformer and a clusterer: it works in Pipeline, GridSearchCV, clone, pickle, and gives pandas on demand.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, ClusterMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_array, check_consistent_length, check_is_fitted, column_or_1d, validate_data

from pipeline.core.device import choose_device
from pipeline.core.store import Array
from pipeline.library.arrays import Coder, Plan, learnt, song_means
from pipeline.library.distances import distances
from pipeline.nets.loop import Recipe
from pipeline.nets.objective import Objective
from pipeline.score.kmeans import kmeans

SEEDS = 2**31 - 1


class SongVAE(ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClusterMixin, BaseEstimator):  # type: ignore[misc]
    """A VAE of samples, whose codes are grouped by K-means. X is [sample, number]; it is standardised inside.

    With `groups` (the song of each sample, of any type) the samples of a group are segments of one song: the network
    learns what they have in common. A song that is seen as a whole is the mean of its samples. So `transform(X)` takes
    every sample as a song of its own, and `transform(X, groups)` gives the samples of a song one and the same row, the
    code of the whole song; clusters are of whole songs then. In a Pipeline, groups reach both with
    `sklearn.set_config(enable_metadata_routing=True)` and
    `SongVAE().set_fit_request(groups=True).set_transform_request(groups=True).set_predict_request(groups=True)`.

    Parameters
    ----------
    latent: numbers of a code.
    hidden: sizes of the layers of the dense VAE; the VAE of views has one layer, of the first size.
    beta: weight of the KL term, above 0.
    epochs, batch_size, learning_rate: of the training; the rate is the highest of a one-cycle schedule.
    warmup: share of the epochs over which the KL term grows from 0.
    noise: standard deviation of what is added to every number that is shown, which have about 1.
    power: of the metric that damps what varies within songs, 0 to 1; without groups it plays no part.
    n_clusters: of K-means; fewer where there are fewer songs.
    device: auto (a GPU if there is one), cpu or cuda, for the training. Once trained it runs on the CPU.
    random_state: with a number here, the same data give the same result, whatever the number of cores.

    Attributes
    ----------
    labels_: cluster of each sample of the training. cluster_centers_: [cluster, latent].
    curve_: the parts of the loss, epoch by epoch. noise_variance_: of a standardised number, given its code.
    n_features_in_, feature_names_in_: as in scikit-learn.
    """

    def __init__(
        self,
        latent: int = 16,
        *,
        hidden: Sequence[int] = (256, 64),
        beta: float = 1.0,
        epochs: int = 80,
        batch_size: int = 64,
        learning_rate: float = 2e-3,
        warmup: float = 0.3,
        noise: float = 0.1,
        power: float = 0.3,
        n_clusters: int = 6,
        device: Literal["auto", "cpu", "cuda"] = "auto",
        random_state: Any = None,
    ) -> None:
        self.latent, self.hidden, self.beta = latent, hidden, beta
        self.epochs, self.batch_size, self.learning_rate = epochs, batch_size, learning_rate
        self.warmup, self.noise, self.power = warmup, noise, power
        self.n_clusters, self.device, self.random_state = n_clusters, device, random_state

    def fit(self, X: Any, y: Any = None, groups: Any = None) -> "SongVAE":  # noqa: ARG002, scikit-learn's form
        """Trains the network, then groups the codes of the songs."""
        plan = self._plan()
        samples = validate_data(self, X, dtype=np.float64, ensure_min_samples=2)
        song = None if groups is None else _numbered(groups, samples)
        lots = check_random_state(self.random_state)
        seed, seed_of_clusters = (int(lots.randint(SEEDS)) for _ in range(2))
        self.coder_: Coder = learnt(samples, song, plan, seed, choose_device(self.device)[0])
        self.noise_variance_ = max(float(self.coder_.errors(samples).mean()) / samples.shape[1], 1e-6)
        self.curve_ = self.coder_.curve
        codes = self.coder_.codes(samples if song is None else song_means(samples, song))
        labels = kmeans(codes, min(self.n_clusters, len(codes)), seed_of_clusters)
        self.cluster_centers_ = np.stack([codes[labels == number].mean(axis=0) for number in np.unique(labels)])
        self.labels_ = self._nearest(codes if song is None else codes[song])
        self._n_features_out = self.latent
        return self

    def transform(self, X: Any, groups: Any = None) -> Array:
        """[sample, latent]: the code of each sample, or of the whole song that it belongs to."""
        samples = self._checked(X)
        if groups is None:
            return self.coder_.codes(samples)
        song = _numbered(groups, samples)
        return self.coder_.codes(song_means(samples, song))[song]

    def fit_transform(self, X: Any, y: Any = None, groups: Any = None) -> Array:
        """`fit`, then `transform` with the same groups."""
        codes: Array = self.fit(X, y, groups).transform(X, groups)
        return codes

    def inverse_transform(self, X: Any) -> Array:
        """[sample, number]: what is expected of samples with these codes, or, with groups, of the rest of the song."""
        check_is_fitted(self)
        codes = check_array(X, dtype=np.float64, input_name="X")
        if codes.shape[1] != self._n_features_out:
            raise ValueError(f"X has {codes.shape[1]} numbers a row, and codes have {self._n_features_out}")
        return self.coder_.decoded(codes)

    def predict(self, X: Any, groups: Any = None) -> Array:
        """[sample]: the cluster of each sample, or of the whole song that it belongs to."""
        samples = self._checked(X)
        song = np.arange(len(samples)) if groups is None else _numbered(groups, samples)
        codes = self.coder_.codes(samples if groups is None else song_means(samples, song))
        return self._nearest(codes)[song]

    def fit_predict(self, X: Any, y: Any = None, groups: Any = None) -> Array:
        """`fit`, then the clusters of the same samples."""
        labels: Array = self.fit(X, y, groups).labels_
        return labels

    def score_samples(self, X: Any) -> Array:
        """[sample]: a lower bound of its log likelihood, in nats, of numbers that are standardised as in the training.

        As that of PCA and of GaussianMixture it grows with likeness, and can choose any parameter, also beta and power.
        """
        return self.coder_.bound(self._checked(X), self.noise_variance_)

    def score(self, X: Any, y: Any = None) -> float:  # noqa: ARG002
        """The mean of `score_samples`: what GridSearchCV takes the highest of."""
        return float(self.score_samples(X).mean())

    def _checked(self, X: Any) -> Array:
        check_is_fitted(self)
        samples: Array = validate_data(self, X, dtype=np.float64, reset=False)
        return samples

    def _nearest(self, codes: Array) -> Array:
        return np.asarray(distances(codes, self.cluster_centers_).argmin(axis=1), np.int32)

    def _plan(self) -> Plan:
        """The parameters, checked: scikit-learn wants that in `fit`, and a ValueError."""
        sizes = {"latent": self.latent, "epochs": self.epochs, "n_clusters": self.n_clusters}
        sizes |= {"batch_size": self.batch_size} | {f"hidden[{at}]": size for at, size in enumerate(self.hidden)}
        for name, value in sizes.items():
            least = 2 if name == "batch_size" else 1
            if not isinstance(value, int | np.integer) or value < least:
                raise ValueError(f"{name} is {value!r}: it must be a whole number, {least} or more")
        if not self.hidden:
            raise ValueError("hidden is empty: it must name the size of one layer or more")
        for name in ("beta", "learning_rate"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)!r}: it must be above 0")
        for name, most in {"noise": np.inf, "power": 1, "warmup": 1}.items():
            if not 0 <= getattr(self, name) <= most:
                raise ValueError(f"{name} is {getattr(self, name)!r}: it must lie between 0 and {most:g}")
        if self.device not in ("auto", "cpu", "cuda"):
            raise ValueError(f"device is {self.device!r}: it must be auto, cpu or cuda")
        recipe = Recipe(
            int(self.epochs), int(self.batch_size), float(self.learning_rate), float(self.warmup),
            Objective(float(self.beta)), "one_cycle", decay=0.001, noise=float(self.noise), even=True,
        )  # fmt: skip
        return Plan(int(self.latent), tuple(map(int, self.hidden)), float(self.power), recipe)


def _numbered(groups: Any, samples: Array) -> Array:
    """The songs of the samples as numbers from 0."""
    named = column_or_1d(groups)
    check_consistent_length(samples, named)
    return np.asarray(np.unique(named, return_inverse=True)[1], np.int64)
