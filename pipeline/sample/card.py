"""Writes the data card of a sample: README.md with counts, method and hashes, and four spectrograms.

python -m pipeline.sample.card data
"""

import argparse
import csv
import hashlib
import io
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile

from pipeline.core.command import Problem
from pipeline.sample.guards import middle, read

Row = dict[str, str]

COUNTED: Final = ("genre", "theme", "mixing", "mode", "meter", "singer", "palette")
SHOWN: Final = 8.0  # seconds in a picture
RATE: Final = 22_050

TEXT: Final = """\
# The sample: {tracks} songs that nobody ever sang

{english} songs in English and {bangla} in Bangla, made by a program (`pipeline/sample/`) so that Surbani can be
tried and tested without anybody's recordings, and so that clusterings can be scored against what was planted.
{minutes:.0f} minutes, {megabytes:.1f} MB. Licence: CC0-1.0, for sounds, words and table.

## What it is not
- **Not music, and not a benchmark for real music.** It is stylised synthesis: a formant singer, plucked-string
  models and drum patterns. A result on it shows that the pipeline works, not how real songs would cluster.
- **Intelligibility is unproven.** No panel has listened to it and no speech recogniser was run.
- **Nobody's voice, nobody's song.** No recording, no trained model and no published lyric went into it;
  artists, titles and lines are invented. A name that resembles a real one does so by chance.
- **Not a picture of a culture.** Genres, modes and instruments occur in both languages on purpose, in nearly
  equal shares.

## How it was made
1. **Plan** (`plan.py`): the factors of every track. They overlap between the languages, so that none tells
   another.
2. **Lyrics** (`lyrics.py`): a grammar of line frames; about a third of the lines from a second theme, a quarter
   generic. {no_lyrics} tracks come without a lyrics file (they are sung all the same): the `lyrics` column is
   empty.
3. **Singer** (`singer.py`): up to 60 harmonics through the formants of the phonemes, shaped noise for stops and
   fricatives, vowels on the notes, slides and vibrato. {singers} voices; most sing both languages with the same
   vocal tract.
4. **Band** (`band.py`): {palettes} palettes of instruments of both traditions, {genres} genres, 4/4 and 6/8.
5. **Mix** (`mix.py`): level, tilt, band limits, room, drive and voice level are drawn for each track without
   regard to its language. The treble ends between 3.9 and 5.9 kHz, so that the files stay small.

Files: {forms}. Mono at 22,050 Hz but for the 44.1 kHz stereo ones, {shortest:.1f} to {longest:.1f} s long.

## What was planted
The columns of `tracks.csv`. `language` is that of most lines; `mixing` is `plain`, `mixed` (some lines hold
words of the other language) or `roman` (Bangla in Latin letters); `tempo` is in quarter notes a minute;
`sung_lines` are the lyric lines sung from beginning to end within the middle 30 s. An artist has {artist_sizes}
tracks; there are {artists}.

{tables}

Tempo, quarter notes a minute (lowest, median, highest):

{tempos}

## How it looks
{pictures}

## To make it again
    python -m pipeline.sample --out data --tracks {tracks} --seed {seed}
    python -m pipeline.sample.card data

The same seed gives the same sound, bit for bit, on the same machine with the same library versions, whatever
`--jobs` is. The table and the lyrics are the same everywhere. What the sample promises is measured by
`python -m pipeline.sample.guards data --stems DIR` (DIR: a sample of the same seed, written with `--stems`).

    sha256 of tracks.csv             {table_hash}
    sha256 of the list of all files  {files_hash}

The second is the output of

    cd data && find audio lyrics -type f | LC_ALL=C sort | xargs sha256sum | sha256sum
"""


def counts(rows: Sequence[Row], column: str) -> str:
    """A table of the number of tracks of each value in each language."""
    tally = Counter((row[column], row["language"]) for row in rows)
    lines = [f"| {column} | English | Bangla |", "|---|---:|---:|"]
    values = sorted({value for value, _ in tally})
    lines += [f"| {value} | {tally[value, 'en']} | {tally[value, 'bn']} |" for value in values]
    return "\n".join(lines)


def tempos(rows: Sequence[Row]) -> str:
    lines = ["| genre | English | Bangla |", "|---|---|---|"]
    for genre in sorted({row["genre"] for row in rows}):
        cells = []
        for language in ("en", "bn"):
            values = sorted(int(row["tempo"]) for row in rows if (row["genre"], row["language"]) == (genre, language))
            cells.append(f"{values[0]}, {values[len(values) // 2]}, {values[-1]}" if values else "-")
        lines.append(f"| {genre} | {' | '.join(cells)} |")
    return "\n".join(lines)


def pictured(rows: Sequence[Row]) -> list[Row]:
    """Two English and two Bangla tracks of different genres, the first of each."""
    chosen = []
    for language, genres in (("en", ("folk", "hiphop")), ("bn", ("art", "pop"))):
        songs = [row for row in rows if row["language"] == language]
        chosen += [next((row for row in songs if row["genre"] == genre), songs[0]) for genre in genres if songs]
    return chosen


def picture(row: Row, data: Path) -> str:
    """Writes the spectrogram of the track; the Markdown that shows it."""
    import matplotlib
    from PIL import Image

    matplotlib.use("Agg")
    from matplotlib import pyplot

    start = int(8 * RATE)
    wave = middle(data / row["audio"])[start : start + int(SHOWN * RATE)]
    figure, axes = pyplot.subplots(figsize=(7.2, 2.5), layout="constrained")
    lifted = np.diff(wave) * RATE / 3000  # treble as loud to the eye as bass, or the drums drown
    axes.specgram(lifted, NFFT=512, noverlap=420, pad_to=2048, Fs=RATE, vmin=-100, vmax=-42, cmap="magma")
    axes.set(ylim=(0, 5000), xlabel="seconds", ylabel="hertz")
    file = data / "card" / f"{row['id']}.png"
    file.parent.mkdir(exist_ok=True)
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=100)
    pyplot.close(figure)
    Image.open(drawn).convert("RGB").quantize(20).save(file, optimize=True)  # 20 colours: a quarter of the bytes
    caption = ", ".join(row[name] for name in ("id", "genre", "palette", "meter", "singer"))
    return f"![{caption}, {row['tempo']} quarter notes a minute](card/{row['id']}.png)"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def hashes(data: Path) -> bytes:
    """The output of `sha256sum` for every sound and lyrics file, in the byte order of their names."""
    paths = [path.relative_to(data).as_posix() for folder in ("audio", "lyrics")
             for path in (data / folder).rglob("*") if path.is_file()]  # fmt: skip
    lines = (f"{sha256((data / path).read_bytes())}  {path}\n" for path in sorted(paths, key=str.encode))
    return "".join(lines).encode()


def card(data: Path, seed: int) -> str:
    """The text of README.md."""
    rows = read(data)
    tracks_per_artist = Counter(row["artist"] for row in rows).values()
    distinct = {column: len({row[column] for row in rows}) for column in ("singer", "palette", "genre")}
    languages = Counter(row["language"] for row in rows)
    return TEXT.format(
        tracks=len(rows), english=languages["en"], bangla=languages["bn"], seed=seed,
        no_lyrics=sum(not row["lyrics"] for row in rows), singers=distinct["singer"], palettes=distinct["palette"],
        genres=distinct["genre"], artists=len(tracks_per_artist),
        artist_sizes=f"{min(tracks_per_artist)} to {max(tracks_per_artist)}",
        tables="\n\n".join(counts(rows, column) for column in COUNTED), tempos=tempos(rows),
        pictures="\n\n".join(picture(row, data) for row in pictured(rows)),
        table_hash=sha256((data / "tracks.csv").read_bytes()), files_hash=sha256(hashes(data)),
        **file_facts(data, rows),
    )  # fmt: skip


def file_facts(data: Path, rows: Sequence[Row]) -> dict[str, Any]:
    """Lengths, sizes and formats of the files."""
    infos = [soundfile.info(data / row["audio"]) for row in rows]
    seconds = [info.duration for info in infos]
    forms = Counter("44.1 kHz stereo OGG" if info.channels == 2 else info.format for info in infos)
    size = sum(path.stat().st_size for folder in ("audio", "lyrics") for path in (data / folder).rglob("*.*"))
    return {
        "minutes": sum(seconds) / 60, "shortest": min(seconds), "longest": max(seconds), "megabytes": size / 1e6,
        "forms": ", ".join(f"{count} {form}" for form, count in forms.most_common()),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser("python -m pipeline.sample.card", description="Writes the data card of a sample.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--seed", type=int, default=7, help="the seed of the sample (default 7)")
    arguments = parser.parse_args()
    try:
        text = card(arguments.data, arguments.seed)
        (arguments.data / "README.md").write_text(text, encoding="utf-8")
    except (Problem, OSError, soundfile.LibsndfileError, csv.Error) as problem:
        sys.exit(f"error: {problem}")
    print(f"{arguments.data}/README.md")


if __name__ == "__main__":
    main()
