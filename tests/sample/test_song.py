"""The sound of a song is the same in every process."""

import hashlib
import subprocess
import sys
from pathlib import Path

from pipeline.sample import song
from tests.sample.corpus import SEED


def test_two_processes_give_the_same_samples(songs: list[song.Song]) -> None:
    code = (
        "import hashlib; from itertools import islice; from pipeline.sample import song; "
        f"print([hashlib.sha256(song.render(s).mix.tobytes()).hexdigest() for s in islice(song.songs(180, {SEED}), 1)])"
    )
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                           cwd=Path(__file__).parents[2])  # fmt: skip
    assert child.stdout.strip() == str([hashlib.sha256(song.render(s).mix.tobytes()).hexdigest() for s in songs[:1]])
