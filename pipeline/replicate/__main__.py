"""Replicates: the same stages on corpora of other seeds, and a calibration of every verdict on made-up corpora.

    python -m pipeline.replicate                 ten corpora of the generator (180 songs take 6 minutes each on 2 cores)
    python -m pipeline.replicate calibrate       verdicts and intervals on 200 made-up corpora, and
                                                 on the sung ones with labels dealt anew: 20 minutes

The first writes reports/replicates.csv (each difference on each corpus) and reports/replicated.csv (verdicts over the
corpora); the second reports/calibration.csv. A run that stops goes on where it stopped when it is called again.
"""

import argparse
import logging
import sys
import time
from dataclasses import dataclass
from functools import partial

import pandas as pd

from pipeline.core import command, params, store
from pipeline.core.settings import Effects
from pipeline.replicate import calibration, corpora, meaningless, results
from pipeline.score.clusterers import Cluster

log = logging.getLogger("replicate")


@dataclass(frozen=True)
class Params:
    cluster: Cluster
    effects: Effects


def replicate(many: int, tracks: int) -> None:
    """Runs the stages on each corpus; after each writes what all so far say, so that nothing waits for the last."""
    rows: list[dict[str, object]] = []
    effects = params.load(Params).effects
    for number, seed in enumerate(range(corpora.FIRST, corpora.FIRST + many), start=1):
        started = time.monotonic()
        log.info("corpus %d, %d of %d: %d songs", seed, number, many, tracks)
        made = corpora.prepared(seed, tracks)
        made.sing()
        made.score()
        known = {"corpus": seed, "tracks": tracks, "code": corpora.code()}
        rows += [known | row for row in results.read(made.folder)]
        _write(pd.DataFrame(rows), effects)
        log.info("corpus %d took %.0f s", seed, time.monotonic() - started)


def _write(rows: pd.DataFrame, effects: Effects) -> None:
    store.write_table(store.REPORTS / "replicates.csv", rows[list(results.ROWS)].round(4))
    table = results.verdicts(rows, effects)
    short = {name: table[name].map("{:.3g}".format, na_action="ignore") for name in ("p", "holm")}
    store.write_table(store.REPORTS / "replicated.csv", table.round(4).assign(**short))


def calibrate(many: int) -> None:
    p = params.load(Params)
    table = calibration.calibrated(many, p.cluster, p.effects, meaningless.scored())
    store.write_table(store.REPORTS / "calibration.csv", table)
    for row in table.to_dict("records"):
        log.info("%(kind)s, %(setting)s: %(what)s %(rate).3f (%(low).3f to %(high).3f), nominal %(nominal).2f", row)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m pipeline.replicate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="?", choices=("corpora", "calibrate"), default="corpora")
    parser.add_argument("--corpora", type=int, help="how many (default: 10 that are sung, 200 that are made up)")
    parser.add_argument("--tracks", type=int, default=180, help="songs of each sung corpus (default: %(default)s)")
    wanted = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    work = partial(replicate, wanted.corpora or 10, wanted.tracks)
    if wanted.what == "calibrate":
        work = partial(calibrate, wanted.corpora or 200)
    command.guarded(work, again="the same command")


if __name__ == "__main__":
    main()
