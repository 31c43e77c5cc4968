"""How fast each family trains in fp32 and bf16, and against a DataLoader with default Adam, as courses teach it.

A script, not a test: `PYTHONPATH=. python tests/bench/bench_training.py [rounds]`. The ways take turns, so that a busy
machine slows all of them. Noise of the real shapes; what `precision: auto` takes on a CPU was decided by this.
"""

import statistics
import sys
import time
from collections.abc import Callable

import torch
from torch.utils.data import DataLoader, TensorDataset

from pipeline.core import device
from pipeline.nets.families import joined
from pipeline.nets.fit import Songs, fit, standardised
from pipeline.nets.loop import Recipe
from pipeline.nets.objective import Objective
from pipeline.nets.vae import VAE, Batch, Scale

SEGMENTS, TRACKS, WORDS, BATCH = 600, 60, 1200, 64
SHAPES = {"dense": (157,), "conv1d": (40, 300), "conv2d": (128, 100)}


def songs(kind: str, where: torch.device) -> Songs:
    torch.manual_seed(0)
    track = torch.arange(SEGMENTS) // (SEGMENTS // TRACKS)
    made = Songs(
        torch.randn(SEGMENTS, *SHAPES[kind]),
        track,
        torch.randn(TRACKS, WORDS),
        torch.ones(TRACKS, dtype=torch.bool),
        torch.zeros(TRACKS, 0),
    )
    return made.to(where)


def network(kind: str, where: torch.device) -> VAE:
    torch.manual_seed(0)
    shapes = {"audio": SHAPES[kind], "lyrics": (WORDS,)}
    scales = {name: Scale(torch.zeros(1), torch.ones(1)) for name in shapes}
    vae = joined(shapes, scales, hidden=(128, 64), latent=16, channels=16, audio=kind)
    return vae.to(where, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def ours(kind: str, where: torch.device, bf16: bool) -> Callable[[], object]:
    vae = network(kind, where)
    ready = standardised(vae, songs(kind, where))
    return lambda: fit(vae, ready, Recipe(1, BATCH, 1e-3, 0.3, Objective()), bf16=bf16)


def taught(kind: str, where: torch.device) -> Callable[[], object]:
    vae, made = network(kind, where), songs(kind, torch.device("cpu"))
    assert made.audio is not None
    assert made.lyrics is not None
    loader = DataLoader(TensorDataset(made.audio, made.lyrics[made.track]), BATCH, shuffle=True)
    optimizer = torch.optim.Adam(vae.parameters(), lr=1e-3)

    def epoch() -> None:
        for audio, lyrics in loader:
            present = torch.ones(len(audio), dtype=torch.bool, device=where)
            views = {"audio": audio.to(where), "lyrics": lyrics.to(where)}
            batch = Batch(views, {"audio": present, "lyrics": present}, torch.zeros(len(audio), 0, device=where))
            loss = Objective().total(vae.loss(batch))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return epoch


def main() -> None:
    torch.set_num_threads(1)
    where, why = device.choose_device("auto")
    print(why)
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    for kind in SHAPES:
        ways = {"taught": taught(kind, where), "fp32": ours(kind, where, False), "bf16": ours(kind, where, True)}
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds + 1):
            for name, way in ways.items():
                start = time.perf_counter()
                way()
                if where.type == "cuda":
                    torch.cuda.synchronize()
                seconds[name].append(time.perf_counter() - start)
        took = {name: statistics.median(values[1:]) for name, values in seconds.items()}  # the first one warms up
        speeds = ", ".join(f"{name} {SEGMENTS / value:,.0f} segments/s" for name, value in took.items())
        ratios = f"fp32 / taught {took['taught'] / took['fp32']:.2f}, bf16 / fp32 {took['fp32'] / took['bf16']:.2f}"
        print(f"{kind}: {speeds}; {ratios}")


if __name__ == "__main__":
    main()
