"""Stage figures, on a build folder that is made up: twelve tracks, two languages, random places."""

import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
import yaml

from pipeline import figures
from pipeline.core import store
from pipeline.draw import cards, learning, map_data, maps, planes, style
from pipeline.draw.run import read_run
from pipeline.draw.style import LeftOut
from pipeline.score.labels import ABSENT
from pipeline.score.runs import Run, RunKey, write_runs

MELS, COEFFICIENTS, FRAMES, UNITS = 16, 6, 12, 4
FAMILIES = {"baselines": ("pca", "ae"), "medium": ("conv1d", "conv2d"), "hard": ("hard",)}
INPUT = {"conv1d": "mfcc", "conv2d": "logmel"}
NAMES = [f"mfcc{n:02d}_{kind}" for kind in ("mean", "std") for n in range(COEFFICIENTS)] + ["flatness_mean", "pulse_1s"]
SHAPE = {"mfcc": (COEFFICIENTS, FRAMES), "logmel": (MELS, FRAMES // 3), "sound": (len(NAMES),)}
RATE = 8000
ROOT = Path(__file__).parents[1]
EARS = store.BUILD / "ears"

Fake = Callable[..., None]


def tracks(many: int) -> pd.DataFrame:
    half = many // 2
    title = "বৃষ্টি পড়ে টাপুর টুপুর নদে এল বান"
    table = pd.DataFrame({"id": [f"t{n:02d}" for n in range(many)], "reason": "", "title": title})
    table["language"] = ["বাংলা"] * half + ["English"] * (many - half)
    table["artist"], table["tempo"] = "", [str(60 + n) for n in range(many)]
    table["audio"] = "audio/" + table["id"] + ".wav"
    table["genre"] = [("rock", "$oul $", "লোকগীতি", "")[n % 4] for n in range(many)]
    return table


def hear(ids: list[str], rng: np.random.Generator, tags: tuple[str, ...] = ("guitar", "sad", "piano")) -> None:
    """What stage ears leaves, with a tagger if it has tags."""
    values = rng.random((len(ids), len(tags)), np.float32)
    store.write_rows(EARS, ids, sound=np.zeros((len(ids), 1, 2)), valid=np.ones((len(ids), 1), dtype=bool), tags=values)
    store.write_json(EARS / "names.json", NAMES)
    store.write_json(EARS / "tags.json", {"tags": list(tags)})
    store.write_json(EARS / "about.json", {"encoder": "toy", "tagger": "toy tagger" if tags else "", "hears": "stats"})


def model(folder: Path, name: str, ids: list[str], seeds: int, rng: np.random.Generator) -> dict[str, Any]:
    """What a model stage leaves, apart from the embedding."""
    source = INPUT.get(name, "sound")
    shape = (2, *SHAPE[source])
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / f"{name}_input.npy", rng.normal(size=shape).astype(np.float32))
    np.save(folder / f"{name}_output.npy", rng.normal(size=shape).astype(np.float32))
    store.write_json(folder / f"{name}_examples.json", ids[:2])
    kept = (shape[1], 1) if len(shape) == 3 else shape[1:]  # of pictures the mean over time is kept
    np.save(folder / f"{name}_traversal.npy", rng.normal(size=(3, 5, *kept)).astype(np.float32))
    store.write_json(folder / f"{name}_units.json", [2, 0, 1])
    rows = [
        {"model": name, "seed": s, "epoch": e, "loss": 9 - e, "kl": 0.1 * e, "mse_audio": 1 / e}
        | ({"mse_lyrics": 2 / e} if name == "hard" else {})
        for s in range(seeds)
        for e in (1, 2, 3)
    ]
    store.write_table(folder / f"{name}_curve.csv", pd.DataFrame(rows))
    about = {"family": f"{name} family", "input": source, "beta": float(name != "ae"), "active_units": [3] * seeds}
    condition = {"condition": "language"} if name == "hard" else {}
    return about | condition | {"kl_per_unit": [[1.0, 0.5, 0.1, 0.0]] * seeds, "shapes": {"audio": list(shape[1:])}}


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> Fake:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(style.STYLE, "savefig.dpi", 40)  # quick to write
    monkeypatch.setattr("pipeline.core.workers.cores", lambda: 1)
    shutil.copy(ROOT / "dvc.yaml", tmp_path)

    def make(many: int = 12, *, seeds: int = 2, lyrics: bool = True, genre: bool = True) -> None:
        table = tracks(many)
        ids = list(table["id"])
        store.write_table(store.BUILD / "tracks" / "tracks.csv", table if genre else table.drop(columns="genre"))
        stats = rng.normal(size=(many, 1, *SHAPE["sound"]))
        store.write_rows(store.BUILD / "audio", ids, valid=np.ones((many, 1), dtype=bool), stats=stats)
        store.write_json(store.BUILD / "audio" / "stats_names.json", NAMES)
        has_lyrics = np.arange(many) > 0 if lyrics else np.zeros(many, dtype=bool)
        tfidf = rng.random((many, 3)) * has_lyrics[:, None]
        store.write_rows(store.BUILD / "lyrics", ids, tfidf=tfidf, has_lyrics=has_lyrics)
        store.write_json(store.BUILD / "lyrics" / "vocabulary.json", ["বৃষ্টি", "rain", "river"])
        store.write_json(store.BUILD / "lyrics" / "stopwords.json", [])
        lines = pd.DataFrame({"id": ids, "language": "bn", "name": "Bangla", "share": 1.0})
        store.write_table(store.BUILD / "lyrics" / "languages.csv", lines)
        hear(ids, rng)
        for file in table["audio"]:
            path = store.DATA / file
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, rng.normal(scale=0.1, size=RATE), RATE)
        runs, scores = [], []
        for stage, members in FAMILIES.items():
            folder, arrays = store.BUILD / stage, {}
            for name in members:
                plain = {"family": "PCA", "input": "sound", "dimensions": UNITS}
                about = plain if name == "pca" else model(folder, name, ids, seeds, rng)
                store.write_json(folder / f"{name}.json", about)
                arrays[name] = rng.normal(size=(many, 1 if name == "pca" else seeds, UNITS))
            if stage == "hard" and lyrics:
                for view in ("hard_audio", "hard_lyrics"):
                    arrays[view] = rng.normal(size=(many, seeds, UNITS))
                    store.write_json(folder / f"{view}.json", {"family": view, "condition": "language"})
                arrays["hard_lyrics"][0] = np.nan  # a track without lyrics
            store.write_rows(folder, ids, **arrays)
            for name in arrays:
                for seed in range(seeds):
                    labels = np.arange(many) % 3 if many > 5 else np.full(many, ABSENT)
                    runs.append(Run(RunKey(name, "kmeans", 3, seed), labels))
                    row = {"representation": name, "clusterer": "kmeans", "seed": seed, "score": "ami", "leaky": ""}
                    leaky = "yes" if name.startswith("hard") else ""
                    scores += [row | {"label": "language", "value": rng.random(), "leaky": leaky}]
                    scores += [row | {"label": "genre", "value": rng.random() - 0.1}] if genre else []
        write_runs(ids, runs)
        store.write_table(store.REPORTS / "scores.csv", pd.DataFrame(scores))
        values = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
        values["evaluate"] |= {"labels": ["language", "genre", "nowhere"], "factors": [], "headline": "kmeans"}
        values["audio"] |= {"mels": MELS, "mfcc": COEFFICIENTS, "frames": FRAMES}
        drawn = {"maps": ["tsne"], "colours": 4, "max_points": 100, "seed": 0, "map_models": ["nobody", "hard", "pca"]}
        drawn |= {"previews": {"seconds": 1, "tracks": 5}}
        values["figures"] = drawn
        Path("params.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")

    return make


def drawn() -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(Path("reports/figures").rglob("*")) if file.is_file()}


def pictured() -> set[str]:
    return {name for name in drawn() if name.endswith(".png")}


MAPPED = ("pca", "ae", "conv1d", "conv2d", "hard")
CROSS = {"crossmodal_matrix", "crossmodal_retrieval"}
ALL = {
    *(f"{kind}_{name}.png" for kind in ("map", "clusters") for name in MAPPED),
    *("reconstruction_conv1d.png", "reconstruction_conv2d.png", "reconstruction_envelopes.png"),
    *(f"traversal_{name}.png" for name in ("ae", "conv1d", "conv2d", "hard")),
    *("crossmodal_matrix.png", "crossmodal_retrieval.png", "curves.png", "units.png", "scores.png"),
}


def draw_only(monkeypatch: pytest.MonkeyPatch, *starts: str) -> None:
    """Leaves the figures out that a test does not look at, since they take long."""
    plan = figures.plan
    monkeypatch.setattr(figures, "plan", lambda *given: (each for each in plan(*given) if each.name.startswith(starts)))


def test_every_figure_is_drawn_the_same_bytes_twice_and_listed(fake: Fake) -> None:
    fake()
    figures.main()  # Bangla labels and dollars without a warning: warnings are errors here
    first = drawn()
    Path("reports/figures/map_gone.png").write_bytes(b"of a model that is no more")
    figures.main()
    assert pictured() == ALL
    heard = {name for name in first if name.endswith(".mp3")}
    assert len(heard) == 5
    assert set(first) - ALL - heard == {"figures.json", "map.json", "clusters.json"}
    assert drawn() == first
    records = read("figures.json")
    assert {record["file"] for record in records} == ALL
    assert all(record["title"] and record["caption"] and record["section"] for record in records)
    captions = {record["file"]: record["caption"] for record in records}
    assert "both receive the language as input" in captions["crossmodal_matrix.png"]
    assert "so the panel within one language counts" in captions["crossmodal_retrieval.png"]
    assert "hard_audio and hard_lyrics" in captions["scores.png"]


def test_captions_mention_no_condition_where_there_is_none(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    fake()
    plan = figures.plan
    wanted = ("scores", "crossmodal_matrix", "crossmodal_retrieval")
    monkeypatch.setattr(figures, "plan", lambda *args: (each for each in plan(*args) if each.name in wanted))
    for view in ("hard", "hard_audio", "hard_lyrics"):
        file = store.BUILD / "hard" / f"{view}.json"
        store.write_json(file, store.read_json(file) | {"condition": "none"})
    figures.main()
    assert len(read("figures.json")) == 3
    assert all("input" not in record["caption"] for record in read("figures.json"))


def test_a_collapsed_model_has_no_map(fake: Fake) -> None:
    fake()
    np.save("build/baselines/ae.npy", np.zeros((12, 2, UNITS)))
    with pytest.raises(LeftOut, match="one point"):
        maps.sheet(read_run(("language",), "kmeans", None), "ae", ("tsne",), 4, 100, 0)


def test_curves_for_git_are_means_over_the_seeds(fake: Fake) -> None:
    fake(seeds=3)
    curves = learning.mean_curves(learning.curves(read_run(("language",), "kmeans", None)))
    assert list(curves) == ["model", "epoch", "loss", "kl", "mse_audio", "mse_lyrics"]
    hard = curves[curves["model"] == "hard"]
    assert len(hard) == 3
    assert hard["mse_lyrics"].tolist() == pytest.approx([2, 1, 2 / 3], abs=1e-4)
    assert curves.loc[curves["model"] == "ae", "mse_lyrics"].isna().all()


@pytest.mark.parametrize(
    ("how", "absent"),
    [
        ({"genre": False, "seeds": 1, "lyrics": False}, CROSS),
        ({"many": 3}, {f"{kind}_{name}" for kind in ("map", "clusters") for name in MAPPED} | CROSS),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_left_out_with_a_line(
    fake: Fake, caplog: pytest.LogCaptureFixture, how: dict[str, Any], absent: set[str]
) -> None:
    fake(**how)
    with caplog.at_level(logging.INFO):
        figures.main()
    assert {name.removesuffix(".png") for name in ALL - pictured()} == absent
    said = [message for message in caplog.messages if "is left out: " in message]
    assert {message.split(".png")[0] for message in said} == absent


def test_models_that_hear_an_encoder_have_no_spectrum(
    fake: Fake, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake()
    store.write_json(EARS / "names.json", [f"toy {n}" for n in range(len(NAMES))])
    spectra = ("reconstruction", "traversal")
    draw_only(monkeypatch, *spectra)
    with caplog.at_level(logging.INFO):
        figures.main()
    absent = {"reconstruction_envelopes.png", "traversal_ae.png", "traversal_hard.png"}
    assert {name for name in ALL if name.startswith(spectra)} - pictured() == absent
    assert "traversal_ae.png is left out: the models hear vectors of an encoder" in caplog.text


def test_a_model_that_was_not_trained_has_no_figure(fake: Fake) -> None:
    fake()
    for file in Path("build/medium").glob("conv2d*"):
        file.unlink()
    asked = figures.Figures(("tsne",), (), figures.Previews(1, 0), 4, 100, 0)
    names = {picture.name for picture in figures.plan(read_run(("language",), "kmeans", None), asked)}
    assert names == {name.removesuffix(".png") for name in ALL if "conv2d" not in name}


def read(name: str) -> Any:
    return store.read_json(Path("reports/figures") / name)


@pytest.fixture
def mapped(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """The figures stage without its pictures, which take long."""
    monkeypatch.setattr(figures, "plan", lambda *_: iter(()))
    return fake


def test_a_card_says_what_is_heard_and_which_words_weigh_more(mapped: Fake) -> None:
    mapped()
    stats = np.load("build/audio/stats.npy")
    stats[:, 0, NAMES.index("flatness_mean")] = np.arange(12) % 3 == 1  # cluster 1 alone is noisy
    np.save("build/audio/stats.npy", stats)
    words = np.zeros((12, 3))
    words[1::3, 0] = words[2::3, 2] = 1  # and cluster 1 has the first word
    np.save("build/lyrics/tfidf.npy", words)
    np.save("build/lyrics/has_lyrics.npy", np.ones(12, dtype=bool))
    table = store.read_table(store.BUILD / "tracks" / "tracks.csv").assign(language="bn")
    store.write_table(store.BUILD / "tracks" / "tracks.csv", table)
    figures.main()
    by_cluster = {card["cluster"]: card for card in read("clusters.json")["models"]["hard"]}
    assert "noisier" in [word for word, _ in by_cluster["1"]["sound"]]
    assert "purer tone" in [word for word, _ in by_cluster["0"]["sound"]]
    assert by_cluster["1"]["terms"] == {"bn": ["বৃষ্টি"]}
    assert by_cluster["0"]["terms"] == {"bn": []}


def tag(where: Any, high: float, low: float) -> None:
    """The first tag is `high` in these tracks, `low` elsewhere; all other tags are alike."""
    values = np.full((12, 3), 0.3, np.float32)
    values[:, 0] = np.where(where, high, low)
    np.save(EARS / "tags.npy", values)


def test_a_card_shows_what_the_tagger_hears_more_than_elsewhere(mapped: Fake) -> None:
    mapped()
    tag(np.arange(12) % 3 == 1, 0.8, 0.1)
    figures.main()
    content = read("clusters.json")
    by_cluster = {card["cluster"]: card for card in content["models"]["hard"]}
    assert content["tagger"] == "toy tagger"
    assert by_cluster["1"]["tags"] == [["guitar", pytest.approx(2.12, abs=0.01), 0.8]]
    assert by_cluster["0"]["tags"] == by_cluster["2"]["tags"] == []


def test_a_tag_that_is_rare_everywhere_is_not_shown(mapped: Fake) -> None:
    mapped()
    tag(np.arange(12) % 3 == 1, 0.02, 0.001)
    figures.main()
    assert all(card["tags"] == [] for card in read("clusters.json")["models"]["hard"])


def test_each_track_of_the_map_has_its_strongest_tags(mapped: Fake) -> None:
    mapped()
    tag(np.arange(12) == 0, 0.2, 0.9)
    figures.main()
    data = read("map.json")
    assert data["tagger"] == "toy tagger"
    assert data["tracks"]["t00"]["tags"] == [["sad", 0.3], ["piano", 0.3], ["guitar", 0.2]]
    assert data["tracks"]["t01"]["tags"][0] == ["guitar", 0.9]


def test_without_a_tagger_there_is_no_tag(mapped: Fake, rng: np.random.Generator) -> None:
    mapped()
    hear([f"t{n:02d}" for n in range(12)], rng, ())
    (EARS / "tags.npy").unlink()
    (EARS / "tags.json").unlink()
    figures.main()
    assert read("clusters.json")["tagger"] == read("map.json")["tagger"] == ""
    assert all(track["tags"] == [] for track in read("map.json")["tracks"].values())
    assert all(card["tags"] == [] for card in read("clusters.json")["models"]["hard"])


def test_one_exemplar_per_artist_where_there_are_enough(mapped: Fake) -> None:
    mapped()
    table = store.read_table(store.BUILD / "tracks" / "tracks.csv")
    table["artist"] = ["one"] * 9 + ["two", "", ""]
    store.write_table(store.BUILD / "tracks" / "tracks.csv", table)
    places = np.load("build/hard/hard.npy")
    places[:, 0] = 0
    places[:, 0, 0] = np.arange(12)  # cluster 0 is t00, t03, t06 and t09: by distance t03 and t06, then t00 and t09
    np.save("build/hard/hard.npy", places)
    figures.main()
    by_cluster = {card["cluster"]: card["exemplars"] for card in read("clusters.json")["models"]["hard"]}
    assert by_cluster["0"] == ["t03", "t09", "t06", "t00"]
    assert by_cluster["1"][:2] == ["t04", "t10"]


def test_languages_are_named_on_figures_and_stay_codes_in_the_data(mapped: Fake) -> None:
    mapped()
    table = store.read_table(store.BUILD / "tracks" / "tracks.csv").assign(language=["de"] * 6 + ["Klingon"] * 6)
    store.write_table(store.BUILD / "tracks" / "tracks.csv", table)
    run = read_run(("language",), "kmeans", None)
    assert run.shown("language") == ["German"] * 6 + ["Klingon"] * 6
    assert run.shown("genre") == run.values("genre")
    figures.main()
    assert read("map.json")["tracks"]["t00"]["values"]["language"] == "de"


def test_the_map_lists_the_true_neighbours_and_its_trustworthiness(mapped: Fake) -> None:
    mapped()
    figures.main()
    data = read("map.json")
    assert list(data["models"]) == ["hard", "pca"]  # in the order of the parameter; an untrained one is passed over
    assert data["columns"] == ["language", "genre", "tempo"]
    assert data["tracks"]["t00"]["values"] == {"language": "বাংলা", "genre": "rock", "tempo": "60"}
    hard = data["models"]["hard"]
    places = np.load("build/hard/hard.npy")[:, 0]
    for row, near in enumerate(hard["neighbours"].values()):
        off = np.linalg.norm(places - places[row], axis=1)
        assert near == [f"t{place:02d}" for place in np.argsort(off)[1 : map_data.NEIGHBOURS + 1]]
    assert set(hard["planes"]) == {"pca"}  # the others come with the pictures
    assert 0 <= hard["planes"]["pca"]["trustworthiness"] <= 1
    assert list(hard["planes"]["pca"]["places"]) == list(hard["neighbours"]) == list(data["tracks"])
    assert set(hard["clusters"].values()) == {"0", "1", "2"}
    assert [track["preview"] for track in data["tracks"].values()].count(True) == 5


def test_a_plane_of_two_dimensions_keeps_all_neighbours(mapped: Fake) -> None:
    mapped()
    np.save("build/hard/hard.npy", np.random.default_rng(1).normal(size=(12, 1, 2)))
    figures.main()
    assert read("map.json")["models"]["hard"]["planes"]["pca"]["trustworthiness"] == 1


def test_a_track_without_a_place_is_on_no_plane_and_nobodys_neighbour(mapped: Fake) -> None:
    mapped()
    values = np.load("build/hard/hard.npy")
    values[3] = np.nan
    np.save("build/hard/hard.npy", values)
    figures.main()
    data = read("map.json")
    hard = data["models"]["hard"]
    assert "t03" in data["tracks"]
    assert "t03" not in hard["planes"]["pca"]["places"]
    assert "t03" not in hard["neighbours"]
    assert all("t03" not in near for near in hard["neighbours"].values())


def test_printed_and_interactive_map_share_a_plane(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    fake()
    draw_only(monkeypatch, "map_hard")
    figures.main()
    planes_of = read("map.json")["models"]["hard"]["planes"]
    assert list(planes_of) == ["tsne", "pca"]
    assert [plane["label"] for plane in planes_of.values()] == ["t-SNE", "PCA"]
    tsne = planes.tsne(np.load("build/hard/hard.npy")[:, 0].astype(np.float32), 0).astype(float)
    assert list(planes_of["tsne"]["places"].values()) == ((tsne - tsne.mean(axis=0)) / tsne.std()).round(3).tolist()


def test_a_card_counts_its_tracks_and_lists_those_in_its_middle(mapped: Fake) -> None:
    mapped()
    figures.main()
    content = read("clusters.json")
    sheet = content["models"]["hard"]
    assert sum(card["size"] for card in sheet) == 12
    for card in sheet:
        assert sum(count for _, count in card["labels"]["language"]) == card["size"]
        assert len(card["exemplars"]) == min(cards.EXEMPLARS, card["size"])
    first = next(card for card in sheet if card["cluster"] == "0")
    places = np.load("build/hard/hard.npy")[::3, 0]
    nearest = int(np.argmin(np.linalg.norm(places - places.mean(axis=0), axis=1)))
    assert first["exemplars"][0] == f"t{3 * nearest:02d}"
    assert list(content["tracks"]) == cards.exemplars(content["models"])
    assert [track["preview"] for track in content["tracks"].values()][:5] == [True] * 5  # cards come first


def test_tracks_without_cluster_are_on_the_map_and_have_no_card(mapped: Fake) -> None:
    mapped()
    folder = Path("build/cluster")
    store.write_packed(folder, "labels", np.full_like(store.read_rows(folder, "labels")["labels"], ABSENT))
    figures.main()
    assert set(read("map.json")["models"]["hard"]["clusters"].values()) == {""}
    assert read("clusters.json")["models"]["hard"] == []


def test_several_processes_make_the_same_files(mapped: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    mapped()
    figures.main()
    alone = drawn()
    monkeypatch.setattr("pipeline.core.workers.cores", lambda: 2)
    figures.main()
    assert drawn() == alone


def test_made_from_follows_the_inputs(mapped: Fake) -> None:
    mapped()
    figures.main()
    file = store.BUILD / "figures" / "made_from.json"
    first = store.read_json(file)
    figures.main()
    assert store.read_json(file) == first
    np.save("build/hard/hard.npy", np.random.default_rng(1).normal(size=(12, 1, 2)))
    figures.main()
    assert store.read_json(file)["inputs"] != first["inputs"]
