"""Command `explain`: what a cluster has in common, or why a song is where it is, in words with their numbers.

WHAT is the number of a cluster, or the id or title of a song. Of a cluster: tags and sound against the whole library
(in standard deviations of its songs), typical words of each language, the songs in its middle, and how well it comes
back when the model is trained from another seed. Of a song: its cluster, the next one, and in what these two differ:
that is what the song would have to be like to belong there.
"""

import argparse
from collections.abc import Iterator
from contextlib import chdir

import numpy as np
import pandas as pd

from pipeline.core import languages
from pipeline.core.command import Problem
from pipeline.core.store import Array
from pipeline.library import names, printing
from pipeline.library.distances import distances
from pipeline.library.groups import KMEANS
from pipeline.library.songs import Library
from pipeline.library.spaces import FACETS, SOUND, WORDS
from pipeline.score.runs import read_runs

MIDDLE = 4  # songs in the middle of a cluster that are named
DIFFERENT = 0.5  # standard deviations between two clusters that are worth a line
LINES = 6  # of differences


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", metavar="WHAT", help="the number of a cluster, or the id or title of a song")
    parser.add_argument("--by", choices=FACETS, default=SOUND, help="default: sound")


def run(arguments: argparse.Namespace) -> int:
    songs, what = Library.open(), str(arguments.what)
    printing.aside(songs.smallness)
    if what.isdigit() and what not in songs.tracks.index:
        lines = cluster(songs, int(what), arguments.by)
    else:
        lines = song(songs, songs.find(what), arguments.by)
    print("\n".join(printing.line(line) for line in lines))
    return 0


def cluster(songs: Library, number: int, by: str) -> Iterator[str]:
    """What sets a cluster apart, in lines."""
    groups = songs.groups(by)
    many = len(groups.centres)
    if number >= many:
        raise Problem(f"there is no cluster {number} by {by}: they are numbered from 0 to {many - 1}")
    members = groups.labels == number
    known = names.material(songs).of_cluster(members, songs.languages)
    spoken = ", ".join(f"{languages.name(code)} {share:.0%}" for code, share in known.languages.items())
    yield f"cluster {number} by {by}: {known.name(by)}"
    yield f"  {members.sum()} of {len(songs)} songs; {spoken or 'languages unknown'}"
    if known.lifts:
        tags = (f"{tag} {mean:.2f} ({lift:+.1f} sd)" for tag, lift, mean in known.lifts)
        yield "  tags, as the encoder hears them: " + ", ".join(tags)
    if known.sound:
        yield "  sound: " + ", ".join(f"{word} ({mean:+.1f} sd)" for word, mean in known.sound)
    for code, terms in known.words.items():
        yield f"  words, {languages.name(code)}: " + ", ".join(terms)
    yield "  in its middle: " + "; ".join(_middle(songs, by, number))
    if (back := returning(songs, by, members)) is not None:
        yield f"  comes back from other seeds of the model with an overlap of {back:.0%}"


def cards(songs: Library, by: str) -> pd.DataFrame:
    """One row per cluster, by its number."""
    groups, known, rows = songs.groups(by), names.material(songs), []
    for number in range(len(groups.centres)):
        members = groups.labels == number
        each = known.of_cluster(members, songs.languages)
        rows.append(
            {
                "cluster": number,
                "name": each.name(by),
                "songs": int(members.sum()),
                "languages": ", ".join(f"{code} {share:.0%}" for code, share in each.languages.items()),
                "tags": ", ".join(each.tags),
                "sound": ", ".join(word for word, _ in each.sound),
                "words": "; ".join(f"{code}: {', '.join(terms)}" for code, terms in each.words.items()),
                "middle": "; ".join(_middle(songs, by, number)),
            }
        )
    return pd.DataFrame(rows)


def _middle(songs: Library, by: str, number: int) -> list[str]:
    groups, space = songs.groups(by), songs.space(by)
    rows = np.flatnonzero(groups.labels == number)
    nearest = rows[np.argsort(distances(groups.centres[number][None], space.points[rows])[0], kind="stable")]
    table = songs.shown(nearest[:MIDDLE])
    return [f"{printing.named(row)} ({row['id']})" for row in table.to_dict("records")]


def returning(songs: Library, by: str, members: Array) -> float | None:
    """The overlap (Jaccard) with the most similar cluster of each other seed, a mean; None where there is no other."""
    with chdir(songs.folder):
        try:
            seeds = read_runs(songs.trained.ids).by_seed(songs.space(by).embedding, KMEANS)
        except Problem:
            return None
    best, members = [], members[: len(songs.trained)]
    for labels in list(seeds.values())[1:]:
        shared = [
            (members & (labels == n)).sum() / (members | (labels == n)).sum() for n in np.unique(labels[labels >= 0])
        ]
        best.append(max(shared, default=0.0))
    return float(np.mean(best)) if best else None


def song(songs: Library, row: int, by: str) -> Iterator[str]:
    """Why a song is in its cluster, and what the next cluster is like, in lines."""
    space, groups = songs.space(by), songs.groups(by)
    if not space.present[row]:
        raise Problem(f"{songs.ids[row]} has no place by {by}, as it has no lyrics: use --by sound")
    shares = groups.probabilities(space.points[row][None])[0]
    apart = distances(space.points[row][None], groups.centres)[0]
    mine = int(groups.labels[row])
    following = next(int(number) for number in np.argsort(apart, kind="stable") if number != mine)
    known, title = names.material(songs), songs.column("title")[row] or songs.ids[row]
    first, second = (known.of_cluster(groups.labels == n, songs.languages) for n in (mine, following))
    yield f"{title} ({songs.ids[row]}) by {by}"
    yield f"  in cluster {mine}, {first.name(by)}: {shares[mine]:.0%}, {apart[mine]:.2f} from its centre"
    yield f"  next is cluster {following}, {second.name(by)}: {shares[following]:.0%}, {apart[following]:.2f}"
    yield "  to belong there, it would have to be:"
    lines = [] if by == WORDS else list(differences(known, groups.labels == mine, groups.labels == following, row))
    if by != SOUND:
        spoken = [code for code in second.words if code == songs.languages[row]] or list(second.words)
        lines += [f"    of words such as {', '.join(second.words[code])}, not {_said(first, code)}" for code in spoken]
    yield from lines or ["    different in something that has no word: sound, tags and typical words do not show it"]


def _said(cluster_of_song: names.Described, code: str) -> str:
    return ", ".join(cluster_of_song.words.get(code, [])) or "those of its cluster"


def differences(known: names.Material, mine: Array, following: Array, row: int) -> Iterator[str]:
    """In what two clusters differ, the clearest first, and where the song stands (standard deviations of all songs)."""
    rows = []
    for pair, value in known.sound.items():
        gap = float(value[following].mean() - value[mine].mean())
        rows.append((gap, pair[int(gap > 0)], value))
    if tags := known.run.tags:
        spread = np.maximum(tags.values.std(axis=0), 1e-9)
        scaled = (known.tags - tags.values.mean(axis=0)) / spread
        for place, tag in enumerate(tags.names):
            gap = float(scaled[following, place].mean() - scaled[mine, place].mean())
            rows.append((gap, f"{'more' if gap > 0 else 'less'} '{tag}'", scaled[:, place]))
    clear = sorted((each for each in rows if abs(each[0]) >= DIFFERENT), key=lambda each: -abs(each[0]))
    for _, word, value in clear[:LINES]:
        both = f"{value[mine].mean():+.1f} in its cluster, {value[following].mean():+.1f} in the next"
        yield f"    {word}: the song {value[row]:+.1f}, {both}"
