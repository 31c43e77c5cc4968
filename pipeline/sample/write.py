"""Writes a corpus: sounds, lyrics files, the table of the planted factors, and the card that declares them."""

import csv
import io
import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import soundfile

from pipeline.core import workers
from pipeline.core.command import progress
from pipeline.sample import command, mix, ogg
from pipeline.sample.mix import Wave
from pipeline.sample.song import RATE, Song, render

COLUMNS: Final = ("id", "audio", "lyrics", "title", "artist", "language", "genre", "theme", "second_theme", "mixing",
                  "tempo", "key", "mode", "meter", "singer", "palette", "sung_lines", "license", "source")  # fmt: skip
SOURCE: Final = "surbani-sample"
CARD: Final = """\
# What this corpus is, and which columns of tracks.csv are scored (stage tracks checks it).
synthetic: true
labels: [language, genre, theme]
factors: [language, genre, tempo, mode, meter, theme]
words: theme
"""
CONTENTS: Final = {"audio", "lyrics", "stems", "card", "README.md", "corpus.yaml", "tracks.csv"}  # of a sample folder
SUFFIX: Final = {"ogg": "ogg", "stereo": "ogg", "mp3": "mp3", "flac": "flac", "wav": "wav"}


def corpus(songs: Sequence[Song], out: Path, *, stems: bool, jobs: int) -> None:
    """Writes all songs next to `out`, and moves them into it when all are complete, the table last."""
    refuse_foreign(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as scratch:
        new = Path(scratch)
        written = workers.in_order(partial(files, out=new, stems=stems), songs, jobs)
        for _ in progress(written, "songs", len(songs)):
            pass
        (new / "corpus.yaml").write_text(CARD, encoding="utf-8")
        (new / "tracks.csv").write_text(table(songs), encoding="utf-8")
        out.mkdir(exist_ok=True)
        for old in CONTENTS:
            remove(out / old)
        for name in sorted(path.name for path in new.iterdir()):  # tracks.csv comes last
            (new / name).replace(out / name)


def refuse_foreign(out: Path) -> None:
    """Raises a Problem if the folder holds anything but an earlier sample."""
    command.refuse_foreign(out, CONTENTS)
    if out.exists() and any(out.iterdir()) and not _is_sample(out / "tracks.csv"):
        raise command.refusal(out, "tracks that are not a sample")


def _is_sample(table: Path) -> bool:
    """Whether every row of the table names the sample as its source."""
    if not table.is_file():
        return False
    with table.open(encoding="utf-8", newline="") as file:
        return all(row.get("source") == SOURCE for row in csv.DictReader(file))


def remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def files(song: Song, out: Path, stems: bool) -> None:
    """Writes the files of one song."""
    sound = render(song)
    written = {audio_path(song): encoded(sound.mix, song.track.form, song.track.number)}
    if song.track.has_lyrics:
        written[lyrics_path(song)] = song.lyrics.text.encode()
    if stems:
        for name, wave in (("vocal", sound.vocal), ("backing", sound.backing)):
            written[f"stems/{name}/{song.track.id}.ogg"] = encoded(wave, "ogg", song.track.number)
    for name, data in written.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def audio_path(song: Song) -> str:
    return f"audio/{song.track.language}/{song.track.id}.{SUFFIX[song.track.form]}"


def lyrics_path(song: Song) -> str:
    """The path of the lyrics in the corpus; empty if the track has no lyrics file."""
    return f"lyrics/{song.track.language}/{song.track.id}.txt" if song.track.has_lyrics else ""


def encoded(wave: Wave, form: str, number: int) -> bytes:
    """The file's bytes, decoding to no more than 1; the same wave gives the same bytes."""
    data = _encoded(wave, form, number)
    peak = float(np.abs(soundfile.read(io.BytesIO(data), dtype="float32")[0]).max())
    if peak <= 1:
        return data
    return _encoded(wave * np.float32(0.9 / peak), form, number)  # a lossy file may decode a fifth higher


def _encoded(wave: Wave, form: str, number: int) -> bytes:
    file = io.BytesIO()
    if form in {"ogg", "stereo"}:
        samples, rate = (mix.stereo(wave), 2 * RATE) if form == "stereo" else (wave, RATE)
        soundfile.write(file, samples, rate, format="OGG", subtype="VORBIS", compression_level=1.0)  # 1: smallest, q0
        return ogg.renumber(file.getvalue(), number + 1)
    subtype = {"mp3": "MPEG_LAYER_III", "flac": "PCM_16", "wav": "PCM_16"}[form]
    soundfile.write(file, wave, RATE, format=form.upper(), subtype=subtype)
    return file.getvalue()


def table(songs: Sequence[Song]) -> str:
    """tracks.csv."""
    text = io.StringIO()
    rows = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    rows.writeheader()
    for song in songs:
        track = song.track
        rows.writerow({
            "id": track.id, "audio": audio_path(song), "lyrics": lyrics_path(song), "title": song.lyrics.title,
            "artist": track.artist, "language": track.language, "genre": track.genre, "theme": track.theme,
            "second_theme": track.second_theme, "mixing": track.mixing, "tempo": track.tempo, "key": track.key,
            "mode": track.mode, "meter": track.meter, "singer": track.singer, "palette": track.palette,
            "sung_lines": song.score.in_clip, "license": "CC0-1.0", "source": SOURCE,
        })  # fmt: skip
    return text.getvalue()
