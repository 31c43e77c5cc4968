"""A pool of processes: results come in the order of the jobs, and a crash ends one job only."""

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from itertools import islice
from typing import TypeVar

from pipeline.core.command import Problem

J = TypeVar("J")
R = TypeVar("R")

JOBS_AHEAD = 4  # submitted jobs per process: enough to keep all busy, few to hold or to cancel


def cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processes(jobs: int, limit: int = 0, *, cuda: bool = False) -> int:
    """How many processes to use: one on a GPU, else one per job, at most `limit` (0: as many as there are cores)."""
    return 1 if cuda else max(1, min(jobs, limit or cores()))


def killed(job: object) -> Problem:
    return Problem(f"{job}: its process was killed, most likely for lack of memory: free some, or lower train.workers")


def in_order(
    work: Callable[[J], R], jobs: Iterable[J], processes: int, crashed: Callable[[J], R] | None = None
) -> Iterator[R]:
    """`work(job)` for each job, in order. A job that ends its process gives `crashed(job)`, or a Problem with its name.

    `str(job)` is the name. With a single process everything runs in this one.
    """
    if processes <= 1:
        yield from map(work, jobs)
        return
    rest = iter(jobs)
    submitted: deque[J] = deque()
    while (yield from _until_broken(work, rest, submitted, processes)):
        yield from _one_by_one(work, list(submitted), crashed)  # one of these did it
        submitted.clear()


def _until_broken(
    work: Callable[[J], R], rest: Iterator[J], submitted: deque[J], processes: int
) -> Generator[R, None, bool]:
    """Results until the jobs end (returns False) or a process dies (True; `submitted` then holds the open jobs)."""
    futures: deque[Future[R]] = deque()
    pool = _pool(processes)

    def submit(number: int) -> None:
        for job in islice(rest, number):
            submitted.append(job)
            with suppress(BrokenProcessPool):
                futures.append(pool.submit(work, job))

    try:
        with _ignored_interrupts():  # processes that start now inherit it
            submit(processes * JOBS_AHEAD)
        while futures:
            try:
                result = futures[0].result()
            except BrokenProcessPool:
                return True
            yield result
            futures.popleft()
            submitted.popleft()
            submit(1)
        return bool(submitted)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _one_by_one(work: Callable[[J], R], jobs: list[J], crashed: Callable[[J], R] | None) -> Iterator[R]:
    """Results of jobs that each have a process to themselves: this shows which job crashes."""
    pool = _pool(1)
    try:
        for job in jobs:
            try:
                with _ignored_interrupts():
                    future = pool.submit(work, job)
                result = future.result()
            except BrokenProcessPool:
                if crashed is None:
                    raise killed(job) from None
                pool.shutdown(wait=False)
                pool, result = _pool(1), crashed(job)
            yield result
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _pool(processes: int) -> ProcessPoolExecutor:
    """Fresh processes: unlike forked ones they are safe beside threads, and alike on every system."""
    return ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), one_thread)


def one_thread() -> None:
    """Limits matrix products to one thread: processes share the cores, and the order of the sums stays the same."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # comes with scikit-learn

    threadpool_limits(1)


@contextmanager
def _ignored_interrupts() -> Iterator[None]:
    """Ctrl-C reaches the parent alone, which ends its processes; each of them would print a traceback."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
