"""Where to compute and in which precision, each with the reason in words."""

import torch


def choose(device: str) -> tuple[torch.device, str]:
    """The device for `auto`, `cpu` or `cuda`; `cuda` without a GPU raises ValueError."""
    if device == "cpu":
        return torch.device("cpu"), "device cpu: as asked"
    if torch.cuda.is_available():
        return torch.device("cuda"), f"device cuda: {torch.cuda.get_device_name()}"
    if device == "cuda":
        raise ValueError("device is 'cuda' in params.yaml, and PyTorch finds no CUDA GPU")
    return torch.device("cpu"), "device cpu: no CUDA found"


def bf16(precision: str, device: torch.device, *, pictures: bool) -> tuple[bool, str]:
    """Whether to train under bf16 autocast. `auto` takes it where it was measured to be faster (tests/bench).

    On a CPU that is the network on log-mel pictures alone (1.4 times); dense layers and Conv1D gain nothing.
    """
    if precision != "auto":
        return precision == "bf16", f"precision {precision}: as asked"
    if device.type == "cuda":
        able = torch.cuda.is_bf16_supported()
        return able, "precision bf16: the GPU has it" if able else "precision fp32: the GPU has no bf16"
    able = pictures and torch.cpu._is_avx512_bf16_supported()  # no public name for this exists
    return able, "precision bf16: the CPU has it" if able else "precision fp32"
