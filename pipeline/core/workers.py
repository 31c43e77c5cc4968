"""A pool of processes whose results come in the order of the jobs, whatever one job does to its process."""

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

J = TypeVar("J")
R = TypeVar("R")

WAITING = 4  # jobs handed out per worker: enough to keep all busy, little to hold or to cancel


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_order(work: Callable[[J], R], jobs: Iterable[J], workers: int, died: Callable[[J], R]) -> Iterator[R]:
    """`work(job)` for each job, in order; `died(job)` for one that ends its process (a decoder's crash)."""
    if workers <= 1:
        yield from map(work, jobs)
        return
    todo = iter(jobs)
    waiting: deque[J] = deque()
    while True:
        lost = yield from _until_broken(work, todo, waiting, workers)
        if not lost:
            return
        yield from _one_by_one(work, list(waiting), died)  # one of these did it
        waiting.clear()


def _until_broken(
    work: Callable[[J], R], todo: Iterator[J], waiting: deque[J], workers: int
) -> Generator[R, None, bool]:
    """Results until the jobs end (returns False) or a process dies (returns True, the open jobs left in `waiting`)."""
    futures: deque[Future[R]] = deque()
    pool = _pool(workers)
    try:
        with _deaf():  # children that start now inherit it
            for job in islice(todo, workers * WAITING):
                waiting.append(job)
                with suppress(BrokenProcessPool):
                    futures.append(pool.submit(work, job))
        while futures:
            try:
                result = futures[0].result()
            except BrokenProcessPool:
                return True
            yield result
            futures.popleft()
            waiting.popleft()
            for job in islice(todo, 1):
                waiting.append(job)
                with suppress(BrokenProcessPool):
                    futures.append(pool.submit(work, job))
        return bool(waiting)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _one_by_one(work: Callable[[J], R], jobs: list[J], died: Callable[[J], R]) -> Iterator[R]:
    """Results of jobs that each have a process to themselves, so that it is known whose end it was."""
    pool = _pool(1)
    try:
        for job in jobs:
            try:
                with _deaf():
                    future = pool.submit(work, job)
                result = future.result()
            except BrokenProcessPool:
                pool.shutdown(wait=False)
                pool, result = _pool(1), died(job)
            yield result
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _pool(workers: int) -> ProcessPoolExecutor:
    """Fresh processes, which unlike forked ones are safe beside threads and alike on every system."""
    return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), one_thread)


def one_thread() -> None:
    """One thread for the matrix products: many processes need no more, and one keeps the sums' order, so the bytes."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # comes with scikit-learn

    threadpool_limits(1)


@contextmanager
def _deaf() -> Iterator[None]:
    """Without Ctrl-C: it is for the parent alone, which then ends its children; they would each print a traceback."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
