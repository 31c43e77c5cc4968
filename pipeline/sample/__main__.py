"""Writes the embedded corpus: sung songs in English, Bangla and both, with the factors that were planted in them.

The same seed gives the same corpus, whatever --jobs is.
"""

import argparse
import os
import signal
import sys
from pathlib import Path

from pipeline.sample import command, song, write


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m pipeline.sample", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="an empty folder, or an earlier sample to replace")
    parser.add_argument("--tracks", type=int, default=180)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--stems", action="store_true",
                        help="write voice and band by themselves too, as they are summed before the drive")  # fmt: skip
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: one a core)")
    wanted = parser.parse_args()
    for name, least in (("tracks", 1), ("seed", 0), ("jobs", 1)):
        if getattr(wanted, name) < least:
            parser.error(f"--{name} {getattr(wanted, name)}: must be at least {least}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the pool ends its processes
    with command.one_line(wanted.out, "stopped; run it again to begin anew"):
        write.refuse_foreign(wanted.out)
        songs = list(song.songs(wanted.tracks, wanted.seed))
        write.corpus(songs, wanted.out, stems=wanted.stems, jobs=wanted.jobs)
    print(f"{len(songs)} songs in {wanted.out}")


if __name__ == "__main__":
    main()
