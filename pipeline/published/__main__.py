"""Published forms: models as they are usually described, trained and scored on this corpus beside those of the stages.

    python -m pipeline.published                 180 songs take about 15 minutes on 2 cores

Conv1D VAE that decodes its MFCC frames, dense VAE of flat MFCC and TF-IDF, dense VAE, autoencoder and PCA of flat MFCC,
and a beta-VAE that is given the genre: its agreement with the genre is marked leaky and never ranked. Reads what stages
tracks, audio, ears and lyrics wrote. Writes reports/published.csv, which the page Models shows; no stage runs this.
"""

import argparse
import logging
import sys
from dataclasses import dataclass

from pipeline.core import command, corpus, params, store, workers
from pipeline.core.cache import digest
from pipeline.core.params import Seeds
from pipeline.core.settings import Device, Evaluate
from pipeline.learn.plan import Train
from pipeline.published.forms import learnt
from pipeline.published.scores import ScoreJob, judge, scored, table
from pipeline.score.clusterers import Cluster
from pipeline.sound.settings import Audio

log = logging.getLogger("published")


@dataclass(frozen=True)
class Params:
    seeds: Seeds
    device: Device
    train: Train
    audio: Audio
    cluster: Cluster
    evaluate: Evaluate


def publish() -> None:
    p = params.load(Params)
    workers.one_thread()
    by = judge(p.seeds, p.cluster, p.evaluate)
    forms = learnt(p.audio, corpus.read().sound, p.seeds, p.train, p.device)
    jobs = [ScoreJob(form, by) for form in forms]
    results = workers.in_order(scored, jobs, workers.processes(len(jobs)))
    rows = [row for each in command.progress(results, "scores", len(jobs)) for row in each]
    songs = digest(store.BUILD / "tracks" / "tracks.csv")[:12]
    store.write_table(store.REPORTS / "published.csv", table(rows, songs))
    log.info("published: %d scores of %d forms in reports/published.csv", len(rows), len(jobs))


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m pipeline.published", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    command.guarded(publish, again="the same command")


if __name__ == "__main__":
    main()
