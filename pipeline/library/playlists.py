"""Command `playlists`: a playlist for each cluster, or one that begins with a song, as M3U8 and CSV.

Neighbours follow each other, and an artist follows itself only where nothing else is left. DIR/playlists.json remembers
which song was in which cluster: when songs come and go, a playlist keeps its number, its name and its file. What
changed is printed. Of the files in DIR only those that an earlier run wrote are replaced.

--language: mixed (default) takes all; one makes a list for each language of a cluster; balanced takes as many songs of
each language; a code such as bn takes that language alone.
"""

import argparse
from collections import Counter
from dataclasses import asdict, dataclass
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.core import store
from pipeline.core.command import Problem
from pipeline.core.store import Array
from pipeline.library import m3u, printing
from pipeline.library.groups import Groups, continued
from pipeline.library.lasting import Lasting, changes, matched
from pipeline.library.neighbours import ANY, wanted
from pipeline.library.relatives import relatives
from pipeline.library.running_order import ordered, repeats
from pipeline.library.songs import Library
from pipeline.library.spaces import FACETS, SOUND

STATE = "playlists.json"
MIXED, SINGLE, BALANCED = "mixed", "one", "balanced"
FEW = 3  # songs of a language in a cluster, below which it gets no list of its own and no share


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--by", choices=FACETS, default=SOUND, help="whose clusters; default: sound")
    parser.add_argument("--seed-song", default="", metavar="SONG", help="one list, from this song (id or title) on")
    parser.add_argument("--language", default=MIXED, metavar="WHICH", help="mixed, one, balanced, or a code such as bn")
    parser.add_argument("--size", type=int, default=50, metavar="N", help="songs of a list, 0: all; default: 50")
    parser.add_argument("--out", type=Path, default=Path("playlists"), metavar="DIR", help="default: playlists")


def run(arguments: argparse.Namespace) -> int:
    if arguments.size < 0:
        raise Problem(f"--size is {arguments.size}: it must be 0 (all) or more")
    asked = arguments.by, arguments.language, arguments.size, arguments.seed_song
    songs = Library.open()
    printing.aside(songs.smallness)
    print("\n".join(songs.save_playlists(arguments.out, *asked)))
    return 0


@dataclass(frozen=True)
class Playlist:
    """Songs in the order of the list."""

    key: str  # the same from run to run
    name: str
    rows: Array  # of the library
    repeats: int  # how often an artist follows itself
    cluster: Lasting | None = None
    by: str = SOUND


@dataclass(frozen=True)
class State:
    """What an earlier run left: the clusters of each facet, the next number of each, and the files that it wrote."""

    clusters: dict[str, list[Lasting]]
    next_number: dict[str, int]
    files: dict[str, str]  # key of a list -> stem of its files


def read_state(folder: Path) -> State:
    file = folder / STATE
    if not file.exists():
        return State({}, {}, {})
    try:
        raw: dict[str, Any] = store.read_json(file)
        clusters = {
            by: [Lasting(int(each["number"]), str(each["name"]), tuple(each["members"])) for each in kept]
            for by, kept in raw["clusters"].items()
        }
        return State(clusters, dict(raw["next_number"]), dict(raw["files"]))
    except (Problem, KeyError, TypeError, ValueError, AttributeError):
        raise Problem(f"{file} is damaged: remove it, and all playlists get new numbers and names") from None


def playlists(
    songs: Library,
    by: str = SOUND,
    language: str = MIXED,
    size: int = 50,
    seed_song: str = "",
    state: State | None = None,
) -> list[Playlist]:
    """The lists, not yet written."""
    if seed_song:
        return [_from_song(songs, by, language, size, songs.find(seed_song))]
    groups, lasting = clusters(songs, by, state or State({}, {}, {}))
    lists = []
    for number, cluster in enumerate(lasting):
        members = np.flatnonzero(groups.labels == number)
        for code, rows in _languages(songs, members, language).items():
            chosen = _nearest_to(groups.centres[number], songs, by, rows, language, size)
            if len(chosen):
                suffix = f" ({code})" if code else ""
                lists.append(_list(songs, by, f"{by} {cluster.number}{suffix}", cluster.name + suffix, chosen, cluster))
    return lists


def clusters(songs: Library, by: str, state: State) -> tuple[Groups, list[Lasting]]:
    """The clusters, and for each a number and a name that last.

    They go on from those of the earlier run, as long as most songs of the library were there then.
    """
    from pipeline.library.names import described

    earlier = [cluster.members for cluster in state.clusters.get(by, [])]
    known = set(chain.from_iterable(earlier)) & set(songs.ids)
    lasts = 2 * len(known) > int(songs.space(by).present.sum())
    groups = continued(songs.space(by), earlier) if lasts else songs.groups(by)
    members = [[songs.ids[row] for row in np.flatnonzero(groups.labels == n)] for n in range(len(groups.centres))]
    names = [each.name(by) for each in described(songs, groups.labels)]
    return groups, matched(state.clusters.get(by, []), members, names, state.next_number.get(by, 1))


def _languages(songs: Library, members: Array, language: str) -> dict[str, Array]:
    """The songs of each list that a cluster gives, by the language that its name has to mention."""
    if language in (MIXED, BALANCED):
        return {"": members}
    if language == SINGLE:
        counts = Counter(songs.languages[members])
        return {code: members[songs.languages[members] == code] for code in counts if code and counts[code] >= FEW}
    mask = wanted(songs.languages, language, "")
    return {language: members[mask[members]]}


def _nearest_to(centre: Array, songs: Library, by: str, rows: Array, language: str, size: int) -> Array:
    """The songs nearest to the centre of their cluster; balanced: as many of each language."""
    rows = rows[np.argsort(np.linalg.norm(songs.space(by).points[rows] - centre, axis=1), kind="stable")]
    if language == BALANCED:
        rows = balanced(rows, songs.languages[rows])
    return rows[: size or len(rows)]


def balanced(rows: Array, spoken: Array) -> Array:
    """As many rows of each language that has a few, in turns."""
    by_language = [rows[spoken == code] for code in sorted(set(spoken.tolist()) - {""})]
    by_language = [each for each in by_language if len(each) >= FEW]
    fewest = min(map(len, by_language), default=0)
    turns = chain.from_iterable(zip_longest(*(each[:fewest].tolist() for each in by_language)))
    return np.array(list(turns), dtype=np.int64)


def _from_song(songs: Library, by: str, language: str, size: int, row: int) -> Playlist:
    space = songs.space(by)
    if not space.present[row]:
        raise Problem(f"{songs.ids[row]} has no place by {by}, as it has no lyrics: use --by sound")
    asked = ANY if language in (MIXED, BALANCED) else str(songs.languages[row]) if language == SINGLE else language
    allowed = space.present & (wanted(songs.languages, asked, "") if asked else True)
    many = (size or len(songs)) - 1
    near = relatives(space.points[row], space.points, allowed, space.present, len(songs), row).rows
    near = balanced(near, songs.languages[near]) if language == BALANCED else near
    rows = np.concatenate([[row], near[:many]]).astype(np.int64)
    title = songs.column("title")[row] or songs.ids[row]
    suffix = "" if language == MIXED else f" ({language})"
    return _list(songs, by, f"{by} from {songs.ids[row]}{suffix}", f"from {title}{suffix}", rows, None, first=0)


def _list(
    songs: Library, by: str, key: str, name: str, rows: Array, cluster: Lasting | None, first: int | None = None
) -> Playlist:
    artists = np.array(songs.column("artist"), dtype=object)[rows]
    order = ordered(songs.space(by).points[rows], artists, first)
    return Playlist(key, name, rows[order], repeats(order, artists), cluster, by)


def table(songs: Library, playlist: Playlist) -> pd.DataFrame:
    """The songs of a list in their order."""
    rows = songs.shown(playlist.rows)
    rows.insert(0, "position", range(1, len(rows) + 1))
    return rows.assign(audio=[songs.column("audio")[row] for row in playlist.rows])


def write_playlists(songs: Library, lists: list[Playlist], folder: Path, state: State) -> list[str]:
    """Writes the lists and the state into `folder`; the lines say what was written and what changed."""
    if not lists:
        raise Problem(f"no cluster holds {FEW} songs of a language that is asked for: try --language mixed")
    folder.mkdir(parents=True, exist_ok=True)
    folder = folder.resolve()  # a player follows a link before it goes up
    files, lines = dict(state.files), []
    for playlist in lists:
        number = f"{playlist.by} {playlist.cluster.number:02d} " if playlist.cluster else f"{playlist.by} "
        stem = m3u.file_name(number + playlist.name)
        stem = f"{stem} {m3u.file_name(playlist.key)}" if stem in files.values() else stem  # two songs of one title
        stem = files.setdefault(playlist.key, stem)
        write_files(songs, playlist, folder, stem)
        twice = f", an artist follows itself {playlist.repeats} times" if playlist.repeats else ""
        lines.append(f"{stem}.m3u8: {len(playlist.rows)} songs{twice}")
    changed, after = _next_state(lists, state, files, folder)
    store.write_json(folder / STATE, asdict(after))
    return [*lines, *changed]


def write_files(songs: Library, playlist: Playlist, folder: Path, stem: str) -> None:
    """The list as M3U8 and as CSV; `folder` is there, and no link leads to it."""
    (folder / f"{stem}.m3u8").write_text(m3u.text(_entries(songs, playlist), playlist.name, folder), encoding="utf-8")
    store.write_table(folder / f"{stem}.csv", table(songs, playlist))


def _entries(songs: Library, playlist: Playlist) -> list[m3u.Entry]:
    titles, artists, seconds = (songs.column(name) for name in ("title", "artist", "seconds"))
    audio = songs.column("audio")
    return [
        m3u.Entry(songs.folder / store.DATA / audio[row], float(seconds[row] or 0), artists[row], titles[row])
        for row in playlist.rows
    ]


def _next_state(lists: list[Playlist], state: State, files: dict[str, str], folder: Path) -> tuple[list[str], State]:
    """What changed since the earlier run, and the state for the next; removes lists of clusters that are gone."""
    lasting = {playlist.cluster.number: playlist.cluster for playlist in lists if playlist.cluster}
    if not lasting:
        return [], State(state.clusters, state.next_number, files)
    by = lists[0].by
    old, new = state.clusters.get(by, []), [lasting[number] for number in sorted(lasting)]
    gone = {cluster.number for cluster in old} - set(lasting)
    for key in [key for key in files if any(key == f"{by} {n}" or key.startswith(f"{by} {n} (") for n in gone)]:
        for ending in ("m3u8", "csv"):
            (folder / f"{files[key]}.{ending}").unlink(missing_ok=True)
        del files[key]
    highest = max([state.next_number.get(by, 1), *(number + 1 for number in lasting)])
    lines = changes(old, new) if old else []
    unchanged = ["nothing changed since the earlier run"] if old and not lines else []
    after = State({**state.clusters, by: new}, {**state.next_number, by: highest}, files)
    return [*lines, *unchanged], after
