"""Writes the embedded corpus: sung songs in English, Bangla and both, with planted factors.

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
                        help="also write voice and band separately, as they are before the drive")  # fmt: skip
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: one per core)")
    arguments = parser.parse_args()
    for name, least in (("tracks", 1), ("seed", 0), ("jobs", 1)):
        if getattr(arguments, name) < least:
            parser.error(f"--{name} {getattr(arguments, name)}: must be at least {least}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the pool then ends its processes
    with command.one_line(arguments.out, "stopped; run it again to begin anew"):
        write.refuse_foreign(arguments.out)
        songs = list(song.songs(arguments.tracks, arguments.seed))
        write.corpus(songs, arguments.out, stems=arguments.stems, jobs=arguments.jobs)
    print(f"{len(songs)} songs in {arguments.out}")


if __name__ == "__main__":
    main()
