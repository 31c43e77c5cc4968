"""How the cross-view networks get their segments, and how they share the cores: for stages crossview and baselines."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import torch

from pipeline.core import store, workers
from pipeline.core.command import Problem, progress
from pipeline.core.settings import Device
from pipeline.learn.linear import Metric
from pipeline.learn.plan import Train
from pipeline.nets import device as devices
from pipeline.nets.crossview import Segments

J = TypeVar("J")
R = TypeVar("R")


def segments(metric: Metric) -> Segments:
    """All segments of build/audio, as `metric` sees them."""
    heard = store.read_rows(store.BUILD / "audio", "stats", "valid")
    valid = np.array(heard["valid"])
    seen = np.where(valid[..., None], metric(heard["stats"]), 0).astype(np.float32)
    return Segments(torch.from_numpy(seen), torch.from_numpy(valid))


def chosen_device(device: Device) -> tuple[torch.device, str]:
    """Where to compute, and why."""
    try:
        return devices.choose(device)
    except ValueError as error:
        raise Problem(f"{error}: set device to auto or cpu") from None


def learnt(what: str, work: Callable[[J], R], jobs: Sequence[J], train: Train, device: torch.device) -> list[R]:
    """`work(job)` for each job, in order; on a CPU the jobs share the cores, one process each."""
    processes = 1 if device.type == "cuda" else min(len(jobs), train.workers or workers.cores())

    def died(job: J) -> R:
        raise Problem(f"{what} {job}: the process was ended, most likely for memory: lower train.workers")

    return list(progress(workers.in_order(work, jobs, processes, died), what, len(jobs)))
