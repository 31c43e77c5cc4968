"""Where to compute and in which precision."""

import pytest
import torch

from pipeline.core import device as devices
from pipeline.core.command import Problem


def test_the_processor_is_taken_when_asked_for() -> None:
    assert devices.choose_device("cpu") == (torch.device("cpu"), "device cpu: as asked")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_cuda_without_a_gpu_is_an_error_and_auto_is_not() -> None:
    with pytest.raises(Problem, match=r"device is 'cuda' .* finds no CUDA GPU"):
        devices.choose_device("cuda")
    assert devices.choose_device("auto") == (torch.device("cpu"), "device cpu: no CUDA found")


@pytest.mark.parametrize(("precision", "on"), [("bf16", True), ("fp32", False)])
def test_a_precision_that_is_asked_for_is_taken(precision: str, on: bool) -> None:
    found = devices.bf16(precision, torch.device("cpu"))
    assert found == (on, f"precision {precision}: as asked")


def test_auto_stays_in_full_precision_on_the_processor() -> None:
    assert devices.bf16("auto", torch.device("cpu")) == (False, "precision fp32")
