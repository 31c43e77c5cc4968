"""Labels that mean nothing on sung corpora: whatever stage `compare` then calls better or worse is wrong.

The labels of a corpus are dealt anew between its artists, so that an artist still has favourites, and the stage itself
runs on them. Embeddings and clusters have never read a label, so they stay as they are.
"""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.core import store
from pipeline.core.store import BUILD, REPORTS
from pipeline.replicate.corpora import FOLDER, run
from pipeline.score.permutation import block_shuffles
from pipeline.score.rivals import LINEAR

LOTS = 4  # times that the labels of each corpus are dealt
LINKED = ("params.yaml", "dvc.yaml", "data")
LABELS = ("language", "genre", "theme")


def scored() -> list[Path]:
    """The corpora whose stages have run."""
    return sorted(file.parent.parent for file in FOLDER.glob(f"*/{REPORTS / 'comparisons.csv'}"))


def families(corpora: Sequence[Path], lots: int = LOTS) -> Iterator[tuple[str, str, bool]]:
    """For each corpus, lot, label and family of claims: the score, primary or not, and whether a verdict is wrong."""
    for corpus in corpora:
        for lot in range(lots):
            table = compared(corpus, lot)
            table["primary"] = np.where(table["against"] == LINEAR, "primary", "secondary")
            for (score, primary, _), claims in table.groupby(["score", "primary", "label"], sort=False):
                yield str(score), str(primary), bool(claims["verdict"].isin(["better", "worse"]).any())


def compared(corpus: Path, lot: int) -> pd.DataFrame:
    """What stage compare says of the corpus with labels that mean nothing."""
    place = corpus / "meaningless" / str(lot)
    shutil.rmtree(place, ignore_errors=True)
    (place / BUILD).mkdir(parents=True)
    (place / "pipeline").symlink_to(Path("pipeline").resolve())  # the code as it is now
    for name in LINKED:
        (place / name).symlink_to((corpus / name).resolve())
    for folder in (corpus / BUILD).iterdir():
        if folder.name != "tracks":
            (place / BUILD / folder.name).symlink_to(folder.resolve())
    shutil.copytree(corpus / BUILD / "tracks", place / BUILD / "tracks")
    file = place / BUILD / "tracks" / "tracks.csv"
    store.write_table(file, dealt(store.read_table(file), lot))
    run(place, "python", "-m", "pipeline.compare", quiet=True)
    return store.read_table(place / REPORTS / "comparisons.csv")


def dealt(tracks: pd.DataFrame, lot: int) -> pd.DataFrame:
    """The table with each label dealt anew between whole artists."""
    rng = np.random.default_rng([lot, 0])
    artist = np.unique(tracks["artist"], return_inverse=True)[1]
    labels = {
        name: tracks[name].to_numpy()[block_shuffles(np.arange(len(tracks)), artist, rng, 1)[0]]
        for name in LABELS
        if name in tracks
    }
    return tracks.assign(**labels)
