"""Stage figures, on a build folder that is made up: twelve tracks, two languages, random places."""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.fft
import soundfile
import yaml
from matplotlib import font_manager

from pipeline import figures
from pipeline.core import store
from pipeline.draw import cards, composition, crossmodal, learning, map_data, maps, reconstructions, run, style
from pipeline.draw.style import LeftOut, Letters
from pipeline.score.agreement import ABSENT, NOISE
from pipeline.score.runs import Run, RunKey, write_runs
from pipeline.sound import previews

MELS, COEFFICIENTS, FRAMES, UNITS = 16, 6, 12, 4
FAMILIES = {"baselines": ("pca", "ae"), "medium": ("conv1d", "conv2d"), "hard": ("hard",)}
INPUT = {"conv1d": "mfcc", "conv2d": "logmel"}
NAMES = [f"mfcc{n:02d}_{kind}" for kind in ("mean", "std") for n in range(COEFFICIENTS)] + ["flatness_mean", "pulse_1s"]
SHAPE = {"mfcc": (COEFFICIENTS, FRAMES), "logmel": (MELS, FRAMES // 3), "stats": (len(NAMES),)}
RATE = 8000
PARAMS = Path(__file__).parents[1] / "params.yaml"

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


def model(folder: Path, name: str, ids: list[str], seeds: int, rng: np.random.Generator) -> dict[str, Any]:
    """What a model stage leaves, apart from the embedding."""
    source = INPUT.get(name, "stats")
    shape = (2, *SHAPE[source])
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / f"{name}_input.npy", rng.normal(size=shape).astype(np.float32))
    np.save(folder / f"{name}_output.npy", rng.normal(size=shape).astype(np.float32))
    store.write_json(folder / f"{name}_examples.json", ids[:2])
    own = (shape[1], 1) if len(shape) == 3 else shape[1:]  # of pictures the mean over time is kept
    np.save(folder / f"{name}_traversal.npy", rng.normal(size=(3, 5, *own)).astype(np.float32))
    store.write_json(folder / f"{name}_units.json", [2, 0, 1])
    rows = [
        {"model": name, "seed": s, "epoch": e, "loss": 9 - e, "kl": 0.1 * e, "mse_audio": 1 / e}
        | ({"mse_lyrics": 2 / e} if name == "hard" else {})
        for s in range(seeds)
        for e in (1, 2, 3)
    ]
    store.write_table(folder / f"{name}_curve.csv", pd.DataFrame(rows))
    about = {"family": f"{name} family", "input": source, "beta": float(name != "ae"), "active_units": [3] * seeds}
    told = {"condition": "language"} if name == "hard" else {}
    return about | told | {"kl_per_unit": [[1.0, 0.5, 0.1, 0.0]] * seeds, "shapes": {"audio": list(shape[1:])}}


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> Fake:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(style.STYLE, "savefig.dpi", 40)  # quick to write

    def make(many: int = 12, *, seeds: int = 2, lyrics: bool = True, genre: bool = True) -> None:
        table = tracks(many)
        ids = list(table["id"])
        store.write_table(store.BUILD / "tracks" / "tracks.csv", table if genre else table.drop(columns="genre"))
        audio = {name: rng.normal(size=(many, 1, *shape)) for name, shape in SHAPE.items()}
        store.write_rows(store.BUILD / "audio", ids, valid=np.ones((many, 1), dtype=bool), **audio)
        store.write_json(store.BUILD / "audio" / "stats_names.json", NAMES)
        there = np.arange(many) > 0 if lyrics else np.zeros(many, dtype=bool)
        store.write_rows(store.BUILD / "lyrics", ids, tfidf=rng.random((many, 3)) * there[:, None], has_lyrics=there)
        store.write_json(store.BUILD / "lyrics" / "vocabulary.json", ["বৃষ্টি", "rain", "river"])
        for file in table["audio"]:
            path = store.DATA / file
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, rng.normal(scale=0.1, size=RATE), RATE)
        runs, scores = [], []
        for stage, members in FAMILIES.items():
            folder, arrays = store.BUILD / stage, {}
            for name in members:
                plain = {"family": "PCA", "input": "stats", "dimensions": UNITS}
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
        evaluate = yaml.safe_load(PARAMS.read_text(encoding="utf-8"))["evaluate"]
        evaluate |= {"labels": ["language", "genre", "nowhere"], "headline": "kmeans"}
        drawn = {"maps": ["tsne"], "colours": 4, "max_points": 100, "seed": 0, "map_models": ["nobody", "hard", "pca"]}
        drawn |= {"previews": {"seconds": 1, "tracks": 5}}
        Path("params.yaml").write_text(yaml.safe_dump({"evaluate": evaluate, "figures": drawn}), encoding="utf-8")

    return make


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


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


def test_every_figure_is_drawn_the_same_bytes_twice_and_told_of(fake: Fake) -> None:
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
    told = store.read_json(Path("reports/figures/figures.json"))
    assert {entry["file"] for entry in told} == ALL
    assert all(entry["title"] and entry["caption"] and entry["section"] for entry in told)


def test_curves_for_git_are_means_over_the_seeds(fake: Fake) -> None:
    fake(seeds=3)
    known = run.read_run(("language",), "kmeans")
    curves = learning.mean_curves(learning.curves(known))
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


def test_a_model_that_was_not_trained_has_no_figure(fake: Fake) -> None:
    fake()
    for file in Path("build/medium").glob("conv2d*"):
        file.unlink()
    known = run.read_run(("language",), "kmeans")
    asked = figures.Figures(("tsne",), (), figures.Previews(1, 0), 4, 100, 0)
    names = {name for _, name, _ in figures.plan(known, asked)}
    assert names == {name.removesuffix(".png") for name in ALL if "conv2d" not in name}


def test_umap_and_tsne_put_the_same_points_at_the_same_place(rng: np.random.Generator) -> None:
    points = rng.normal(size=(8, 3)).astype(np.float32)
    for _, mapping in maps.MAPS.values():
        once, again = (mapping(points, 0) for _ in range(2))
        assert once.shape == (8, 2)
        assert np.array_equal(once, again)


def test_a_collapsed_model_has_no_map(fake: Fake) -> None:
    fake()
    np.save("build/baselines/ae.npy", np.zeros((12, 2, UNITS)))
    with pytest.raises(LeftOut, match="one point"):
        maps.sheet(run.read_run(("language",), "kmeans"), "ae", ("tsne",), 4, 100, 0)


def test_neighbours_that_are_alike_are_counted_beside_chance() -> None:
    points = np.array([[0.0], [0.1], [5.0], [5.1], [9.0]])
    alike, chance = maps.alike(points[:4], ["a", "a", "b", "b"]) or (0, 0)
    assert (alike, chance) == pytest.approx((1 / 3, 1 / 3))  # all three others are asked
    assert maps.alike(points, ["a", "a", "a", "", "a"]) is None


def test_ranks_by_hand_and_a_constant_finds_nothing() -> None:
    similarity = np.array([[0.9, 0.1, 0.2], [0.5, 0.4, 0.6], [0.3, 0.2, 0.25]])
    everyone = np.ones((3, 3), dtype=bool)
    assert crossmodal.ranks(similarity, everyone).tolist() == [1, 3, 2]
    assert crossmodal.ranks(similarity, np.eye(3, dtype=bool)).tolist() == [1, 1, 1]
    assert crossmodal.ranks(np.zeros((3, 3)), everyone).tolist() == [2, 2, 2]


def test_clusters_are_counted_with_noise_apart() -> None:
    found = np.array([0, 0, 1, NOISE, ABSENT])
    names, clusters, table = composition.counted(found, ["a", "b", "a", "a", "b"])
    assert (names, clusters) == (["a", "b"], ["0", "1", "noise"])
    assert table.tolist() == [[1, 1, 1], [1, 0, 0]]


def test_mfcc_turn_back_into_the_spectrum_that_they_came_from(rng: np.random.Generator) -> None:
    logmel = rng.normal(size=(2, MELS, FRAMES))
    mfcc = scipy.fft.dct(logmel, axis=1, norm="ortho")
    flat = reconstructions.spectrum(mfcc.reshape(2, -1), "mfcc", MELS, FRAMES)
    assert np.allclose(flat, logmel)


def test_rare_values_become_other_and_empty_ones_unknown() -> None:
    values = ["a", "a", "b", "b", "c", "d", ""]
    assert style.grouped(values, 4) == [*values[:-1], "unknown"]
    assert style.grouped(values, 3) == ["a", "a", "b", "b", "other", "other", "unknown"]


def test_letters_of_no_font_are_written_in_latin(monkeypatch: pytest.MonkeyPatch) -> None:
    font_manager.findfont("DejaVu Sans")  # kept by matplotlib, also when no font is left below
    monkeypatch.setattr(font_manager.fontManager, "ttflist", [])
    found = style.letters(["বাংলা গান", "naïve"])
    assert found.families == ("DejaVu Sans",)
    assert found("বাংলা গান").isascii()
    assert found("naïve") == "naïve"
    assert replace(found, known=found.known | {ord(letter) for letter in "বাংলা"})("বাংলা") == "বাংলা"


def test_the_font_of_boxes_is_never_taken() -> None:
    assert not any(name.startswith("Last Resort") for name in style.letters(["বাংলা", "日本", "ไทย"]).families)


def test_a_text_is_cut_between_words() -> None:
    assert style.brief("বৃষ্টি পড়ে টাপুর টুপুর", 12) == "বৃষ্টি পড়ে …"
    assert style.brief("short", 12) == "short"


def test_letters_are_spelled_on_every_part_of_a_figure(tmp_path: Path) -> None:
    figure = style.canvas(4, 3, "গান")
    axes = figure.subplots()
    axes.plot([0, 1], label="গান")
    axes.set(title="গান", xlabel="গান")
    axes.set_xticks([0, 1], ["গান", "বান"])
    axes.legend()
    latin = Letters(("DejaVu Sans",), frozenset(range(128)))
    style.save(style.Drawn(figure, "গান", ""), tmp_path / "x.png", latin)
    assert [label.get_text() for label in axes.get_xticklabels()] == ["gan", "ban"]


def told(name: str) -> Any:
    return store.read_json(Path("reports/figures") / name)


@pytest.fixture
def mapped(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """The figures stage without its pictures, which take long."""
    monkeypatch.setattr(figures, "plan", lambda *_: iter(()))
    return fake


def test_the_map_knows_the_true_neighbours_and_says_how_far_to_trust_it(mapped: Fake) -> None:
    mapped()
    figures.main()
    found = told("map.json")
    assert list(found["models"]) == ["hard", "pca"]  # in the order of the parameter; who was not trained is passed over
    assert list(found["columns"]) == ["language", "genre", "tempo"]
    hard = found["models"]["hard"]
    places = np.load("build/hard/hard.npy")[:, 0]
    for row, near in enumerate(hard["neighbours"]):
        off = np.linalg.norm(places - places[row], axis=1)
        assert near == np.argsort(off)[1 : map_data.NEAR + 1].tolist()
    assert set(hard["planes"]) == {"tsne", "pca"}
    for plane in hard["planes"].values():
        assert 0 <= plane["trustworthiness"] <= 1
        assert np.array(plane["places"]).shape == (12, 2)
    assert set(hard["clusters"]) == {"0", "1", "2"}
    assert [track["heard"] for track in found["tracks"]].count(True) == 5


def test_a_plane_of_two_dimensions_is_trusted_wholly(mapped: Fake) -> None:
    mapped()
    np.save("build/hard/hard.npy", np.random.default_rng(1).normal(size=(12, 1, 2)))
    figures.main()
    assert told("map.json")["models"]["hard"]["planes"]["pca"]["trustworthiness"] == 1


def test_a_track_without_a_place_is_on_no_map_and_near_to_nobody(mapped: Fake) -> None:
    mapped()
    values = np.load("build/hard/hard.npy")
    values[3] = np.nan
    np.save("build/hard/hard.npy", values)
    figures.main()
    hard = told("map.json")["models"]["hard"]
    assert hard["planes"]["pca"]["places"][3] is None
    assert hard["neighbours"][3] == []
    assert all(3 not in near for near in hard["neighbours"])


def test_a_card_counts_its_tracks_and_names_those_in_its_middle(mapped: Fake) -> None:
    mapped()
    figures.main()
    found = told("clusters.json")["models"]["hard"]
    assert sum(card["size"] for card in found) == 12
    for card in found:
        assert sum(count for _, count in card["labels"]["language"]) == card["size"]
        assert len(card["exemplars"]) == min(cards.EXEMPLARS, card["size"])
    first = next(card for card in found if card["cluster"] == "0")
    places = np.load("build/hard/hard.npy")[::3, 0]
    nearest = int(np.argmin(np.linalg.norm(places - places.mean(axis=0), axis=1)))
    assert first["exemplars"][0]["id"] == f"t{3 * nearest:02d}"


def test_what_was_not_clustered_is_on_the_map_and_has_no_card(mapped: Fake) -> None:
    mapped()
    labels = np.full_like(np.load("build/cluster/labels.npy"), ABSENT)
    np.save("build/cluster/labels.npy", labels)
    figures.main()
    assert set(told("map.json")["models"]["hard"]["clusters"]) == {""}
    assert told("clusters.json")["models"]["hard"] == []


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
    found = {card["cluster"]: card for card in told("clusters.json")["models"]["hard"]}
    assert "noisier" in [word for word, _ in found["1"]["sound"]]
    assert "purer tone" in [word for word, _ in found["0"]["sound"]]
    assert found["1"]["terms"] == {"bn": ["বৃষ্টি"]}
    assert found["0"]["terms"] == {"bn": []}


def test_a_preview_is_the_loudest_stretch_and_the_same_bytes_twice(tmp_path: Path, rng: np.random.Generator) -> None:
    wave = 0.01 * rng.normal(size=10 * RATE)
    wave[6 * RATE : 8 * RATE] *= 20
    loud = previews.loudest(wave.astype(np.float32), 2, RATE)
    assert np.array_equal(loud, wave[6 * RATE : 8 * RATE].astype(np.float32))
    soundfile.write(tmp_path / "a.wav", wave, RATE)
    written = []
    for name in ("a.mp3", "b.mp3"):
        assert previews.write(tmp_path / "a.wav", tmp_path / name, 2)
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]
    heard, rate = soundfile.read(tmp_path / "a.mp3")
    assert rate == previews.RATE
    assert len(heard) == pytest.approx(2 * previews.RATE, rel=0.05)
    assert np.abs(heard).max() == pytest.approx(previews.PEAK, abs=0.1)
    assert np.abs(heard[:100]).max() < 0.1  # from silence


def test_what_cannot_be_read_has_no_preview(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_bytes(b"no sound")
    assert not previews.write(tmp_path / "a.mp3", tmp_path / "b.mp3", 1)
    assert not previews.write(tmp_path / "gone.mp3", tmp_path / "b.mp3", 1)
    assert not (tmp_path / "b.mp3").exists()
