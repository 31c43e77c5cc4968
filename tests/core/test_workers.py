"""The pool of processes: results in order, and a dead process ends nothing but its own job."""

import os
import signal
import time
from functools import partial

import pytest

from pipeline.core import workers
from pipeline.core.command import Problem


def sleepy(job: int) -> int:
    time.sleep(0.05 * (job % 3))
    return job * job


def deadly(job: int) -> int:
    if job == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return job


def test_results_come_in_the_order_of_the_jobs() -> None:
    assert list(workers.in_order(sleepy, range(20), 2)) == [number * number for number in range(20)]


def test_a_job_that_ends_its_process_does_not_end_the_others() -> None:
    results = workers.in_order(deadly, range(12), 2, crashed=lambda job: -job)
    assert list(results) == [0, 1, 2, -3, *range(4, 12)]


def test_without_a_stand_in_a_killed_job_is_named_with_the_cure() -> None:
    with pytest.raises(Problem, match=r"^3: its process was killed, most likely for lack of memory: .*train\.workers"):
        list(workers.in_order(deadly, range(12), 2))


def test_an_error_in_a_worker_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        list(workers.in_order(partial(divmod, 1), [1, 0, 1], 1))


@pytest.mark.parametrize(
    ("jobs", "limit", "cuda", "expected"),
    [(5, 0, False, 3), (2, 0, False, 2), (5, 4, False, 4), (0, 4, False, 1), (5, 4, True, 1)],
)
def test_jobs_share_the_cores(
    jobs: int, limit: int, cuda: bool, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "cores", lambda: 3)
    assert workers.processes(jobs, limit, cuda=cuda) == expected
