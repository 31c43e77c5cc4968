"""The pool of processes: results in order, and a dead process ends nothing but its own job."""

import os
import signal
import time
from functools import partial

import pytest

from pipeline.core import workers


def sleepy(job: int) -> int:
    time.sleep(0.05 * (job % 3))
    return job * job


def deadly(job: int) -> int:
    if job == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return job


def test_results_come_in_the_order_of_the_jobs() -> None:
    assert list(workers.in_order(sleepy, range(20), 2, died=sleepy)) == [i * i for i in range(20)]


def test_a_job_that_ends_its_process_does_not_end_the_others() -> None:
    assert list(workers.in_order(deadly, range(12), 2, died=lambda job: -job)) == [0, 1, 2, -3, *range(4, 12)]


def test_an_error_in_a_worker_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        list(workers.in_order(partial(divmod, 1), [1, 0, 1], 1, died=lambda _job: (0, 0)))
