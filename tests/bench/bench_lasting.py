"""How many songs keep the number and name of their playlist when songs come and go, and how well `assign` foresees it.

A script, not a test: `PYTHONPATH=. python tests/bench/bench_lasting.py` in the folder of a project. In each draw 10
songs come to the rest, or 20 leave, and a fifth is held out and assigned: the models stay. Clusters go on from the
earlier ones, as `playlists` does; beside that, K-means begins anew. The last line of each facet is the harder
question: the model is trained without a fifth of the artists, who are then assigned, against the clusters of all.
"""

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score

from pipeline.core import store
from pipeline.core.folds import track_folds
from pipeline.core.store import Array
from pipeline.library import Library
from pipeline.library.groups import Groups, continued, of_labels
from pipeline.library.lasting import matched
from pipeline.library.spaces import EMBEDDINGS, Space
from pipeline.score.kmeans import kmeans
from pipeline.score.labels import ABSENT

DRAWS = 20
FOLDS = 5


def anew(space: Space, rows: Array, k: int) -> Groups:
    labels = np.full(len(space.ids), ABSENT)
    labels[rows] = kmeans(np.asarray(space.points[rows], np.float64), k, 0)
    return of_labels(space, labels)


def only(space: Space, rows: Array) -> Space:
    present = np.zeros(len(space.ids), np.bool_)
    present[rows] = True
    return Space(space.facet, space.embedding, space.model, space.ids, space.points, present)


def members(space: Space, groups: Groups) -> list[list[str]]:
    return [[space.ids[row] for row in np.flatnonzero(groups.labels == n)] for n in range(len(groups.centres))]


def keeping(space: Space, before: Groups, after: Groups) -> float:
    """The share of the songs of both times whose cluster keeps its number."""
    names = [str(n) for n in range(len(before.centres))]
    old = matched([], members(space, before), names, 0)
    new = matched(old, members(space, after), [f"new {n}" for n in range(len(after.centres))], len(old))
    first = {id_: cluster.number for cluster in old for id_ in cluster.members}
    second = {id_: cluster.number for cluster in new for id_ in cluster.members}
    both = first.keys() & second.keys()
    return float(np.mean([first[id_] == second[id_] for id_ in both]))


def draw(space: Space, k: int, rng: np.random.Generator) -> dict[str, float]:
    rows = rng.permutation(np.flatnonzero(space.present))
    many = len(rows)
    few, rest, part = rows[: many - 10], rows[: many - 20], rows[: many - many // 5]
    held = rows[many - many // 5 :]
    whole = anew(space, rows, k)
    parts = {len(each): anew(space, each, k) for each in (few, part)}
    assigned = parts[len(part)].probabilities(space.points[held]).argmax(axis=1)
    onwards = continued(space, members(space, parts[len(part)]))
    return {
        "10 come, going on": keeping(space, parts[len(few)], continued(space, members(space, parts[len(few)]))),
        "10 come, anew": keeping(space, parts[len(few)], whole),
        "20 leave, going on": keeping(space, whole, continued(only(space, rest), members(space, whole))),
        "20 leave, anew": keeping(space, whole, anew(space, rest, k)),
        "ARI of assign with going on": float(adjusted_rand_score(onwards.labels[held], assigned)),
        "ARI of assign with anew": float(adjusted_rand_score(whole.labels[held], assigned)),
    }


def without_artists(songs: Library, space: Space, k: int) -> float:
    """The ARI of assigned songs with the clusters of all, where the model never met their artists; over the folds."""
    folder, name = next((f, name) for f, name, _ in EMBEDDINGS[space.facet] if name == space.embedding)
    points = np.asarray(store.read_rows(store.BUILD / folder, f"{name}_heldout").at(songs.ids)[f"{name}_heldout"])
    fold, truth, scores = track_folds(songs.ids, FOLDS), songs.groups(space.facet).labels, []
    for number in range(points.shape[1]):
        place = np.asarray(points[:, number], np.float64)
        known = np.isfinite(place).all(axis=1) & space.present
        refit = Space(space.facet, "", "", space.ids, place, known)
        groups = anew(refit, np.flatnonzero(known & (fold != number)), k)
        held = known & (fold == number)
        scores.append(adjusted_rand_score(truth[held], groups.probabilities(place[held]).argmax(axis=1)))
    return float(np.mean(scores))


def sureness(songs: Library, space: Space, k: int) -> tuple[float, float]:
    """How likely the assigned cluster is said to be, and how often it is that of all songs; artists are left out."""
    fold, truth = track_folds(songs.ids, FOLDS), songs.groups(space.facet).labels
    said, right = [], []
    for number in range(FOLDS):
        groups = anew(space, np.flatnonzero(space.present & (fold != number)), k)
        held = space.present & (fold == number)
        shared = [[((groups.labels == n) & (truth == m)).sum() for m in range(k)] for n in range(len(groups.centres))]
        same = dict(zip(*linear_sum_assignment(-np.array(shared)), strict=True))
        shares = groups.probabilities(space.points[held])
        said += shares.max(axis=1).tolist()
        right += [same.get(n) == m for n, m in zip(shares.argmax(axis=1), truth[held], strict=True)]
    return float(np.mean(said)), float(np.mean(right))


if __name__ == "__main__":
    songs = Library.open()
    for facet in songs.facets:
        space, k = songs.space(facet), len(songs.groups(facet).centres)
        rng = np.random.default_rng(0)
        draws = [draw(space, k, rng) for _ in range(DRAWS)]
        for name in draws[0]:
            values = [each[name] for each in draws]
            print(f"{facet:6} {name:28} mean {np.mean(values):.3f}, least {min(values):.3f}")
        said, right = sureness(songs, space, k)
        print(f"{facet:6} probability of the cluster   said {said:.2f}, true {right:.2f}")
        print(f"{facet:6} ARI without the artists      mean {without_artists(songs, space, k):.3f}")
