"""Wrong parameters are refused by name."""

import importlib
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from pipeline import baselines, easy
from pipeline.core.command import Problem
from pipeline.core.params import load
from pipeline.learn import plan
from pipeline.nets.objective import Objective
from tests.learn.toys import toy


@pytest.mark.parametrize("objective", ["beta", "tc", "dip"])
def test_an_autoencoder_has_no_objective(small: Path, objective: str, set_param: Callable[[str, object], None]) -> None:
    set_param("train.objective", objective)
    p = load(easy.Params)
    assert plan.recipe(toy(p, small, beta=0.0), p.train).objective == Objective(0.0)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
@pytest.mark.usefixtures("built")
def test_cuda_without_a_gpu_names_the_cure(set_param: Callable[[str, object], None]) -> None:
    set_param("device", "cuda")
    with pytest.raises(Problem, match="no CUDA GPU: set device to auto or cpu"):
        easy.main()


@pytest.mark.parametrize(
    ("stage", "name"),
    [
        ("easy", "seeds"), ("baselines", "seeds"), ("easy", "easy.hidden"), ("easy", "train.lengths"),
        ("hard", "seeds"), ("medium", "medium.models"), ("baselines", "baselines.hidden"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("built")
def test_an_empty_list_is_refused_by_name(stage: str, name: str, set_param: Callable[[str, object], None]) -> None:
    set_param(name, [])
    with pytest.raises(Problem, match=name):
        importlib.import_module(f"pipeline.{stage}").main()


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("seed", [-1, 2**40])
def test_a_seed_that_numpy_cannot_take_is_refused_by_name(seed: int, set_param: Callable[[str, object], None]) -> None:
    set_param("seeds", [seed])
    with pytest.raises(Problem, match="seeds"):
        baselines.main()
