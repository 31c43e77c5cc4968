"""Where to compute and in which precision, each with the reason in words."""

import torch

from pipeline.core.command import Problem


def choose_device(device: str) -> tuple[torch.device, str]:
    """The device for `auto`, `cpu` or `cuda`; raises a Problem for `cuda` without a GPU."""
    if device == "cpu":
        return torch.device("cpu"), "device cpu: as asked"
    if torch.cuda.is_available():
        return torch.device("cuda"), f"device cuda: {torch.cuda.get_device_name()}"
    if device == "cuda":
        raise Problem("device is 'cuda' in params.yaml, and PyTorch finds no CUDA GPU: set device to auto or cpu")
    return torch.device("cpu"), "device cpu: no CUDA found"


def bf16(precision: str, device: torch.device) -> tuple[bool, str]:
    """Whether to train under bf16 autocast. `auto` takes it where it was measured to be faster (tests/bench).

    Not on a CPU: alternated with fp32 it made 0.94 to 1.03 of the speed, and results would depend on the CPU's kind.
    """
    if precision != "auto":
        return precision == "bf16", f"precision {precision}: as asked"
    if device.type == "cuda" and torch.cuda.is_bf16_supported():
        return True, "precision bf16: the GPU has it"
    return False, "precision fp32"
