"""Small outputs of a made-up run, in the form that the stages write, for the tests of the pages and of the site."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
import yaml
from matplotlib.figure import Figure

from pipeline import pages
from pipeline.core import catalog, store
from pipeline.core.cache import digest
from pipeline.site import preview

ROOT = Path(__file__).parents[1]

TITLES = ("বৃষ্টি পড়ে", 'Rain </script> & "quotes" ```', "Third <b>song</b>", "পাখি", "Fifth", "Sixth")
LABELS = ("genre", "language")
AMI = {  # of each representation: genre, language
    "easy": (0.8125, 0.0312),
    "hard": (0.4431, 0.9519),
    "conv2d": (0.9731, -0.0123),
    "pca": (0.5127, 0.0214),
    "tfidf": (0.0143, 0.5821),
}
CURVE = {  # AMI averaged over k
    "easy": (0.7513, 0.0279),
    "hard": (0.4219, 0.9413),
    "conv2d": (0.9127, -0.0101),
    "pca": (0.4517, 0.0198),
    "tfidf": (0.0131, 0.5433),
}
TAGS = [["guitar <b>", 0.6213], ["sad", 0.3111], ["piano", 0.0123]]
PICTURES = ["map_easy", "map_pca", "clusters_easy", "curves", "units", "scores", "reconstruction_conv1d"]
PICTURES += ["traversal_easy", "crossmodal_matrix"]
KNOWN = {"hard": {"reads": ["toy-ears", "toy-words"], "may_know": True}}
FLAGS = {("hard", "language"): "leaky", ("conv2d", "genre"): "collapsed", ("conv2d", "language"): "collapsed"}


def write(project: Path) -> None:
    """Everything that the pages read, under the folder of a project."""
    reports = project / "reports"
    store.write_json(reports / "metrics.json", metrics())
    results = pd.DataFrame(
        [row for name in AMI for place, label in enumerate(LABELS) for row in score_rows(name, place, label)]
    )
    store.write_table(reports / "results.csv", results)
    curve = [
        {"representation": name, "k": k, "label": "genre", "ami": AMI[name][0] - 0.01 * k}
        for name in AMI
        for k in (2, 3)
    ]
    store.write_table(reports / "kcurve.csv", pd.DataFrame(curve))
    store.write_table(
        reports / "stability.csv",
        pd.DataFrame([{"representation": "easy", "cluster": 0, "size": 4, "jaccard": 0.8765}]),
    )
    store.write_table(reports / "comparisons.csv", pd.DataFrame([*comparisons()]))
    store.write_table(reports / "ladder.csv", ladder())
    store.write_table(reports / "plane.csv", plane())
    store.write_table(reports / "replicated.csv", replicated().iloc[:0])
    store.write_table(reports / "calibration.csv", calibration())
    store.write_table(reports / "audit.csv", audit())
    store.write_json(reports / "questions.json", questions())
    pictures(reports / "figures")
    corpus(project)
    songs = digest(project / "build" / "tracks" / "tracks.csv")[:12]
    store.write_table(reports / "published.csv", published().assign(songs=songs))


def site(project: Path) -> Path:
    """The pages of this project, built as a preview out of the made-up outputs."""
    write(project)
    source = ROOT / "reports"
    for file in (*source.glob("*.qmd"), source / "references.bib", source / "_quarto.yml"):
        shutil.copy(file, project / "reports")
    shutil.copytree(source / "assets", project / "reports" / "assets")
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    params["evaluate"]["labels"] = list(LABELS)
    (project / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    again(project)
    return project / "reports" / "_site"


def again(project: Path) -> None:
    """Makes pieces and pages anew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        pages.main()
        preview.build(Path("reports"), Path("reports/_site"))


def metrics() -> dict[str, Any]:
    scores: dict[str, Any] = {"data": {"tracks": 6, "with_lyrics": 4}}
    for name, values in AMI.items():
        about: dict[str, Any] = {"family": f"<i>{name}</i> & co"}
        if name in ("easy", "hard", "conv2d"):
            about |= {"active_units": 7.5, "latent": 16}
        if name == "conv2d":
            about["flag"] = "collapsed"
        if name == "hard":
            about["condition"] = "language"
        about["own_space"] = about["reference_space"] = {"silhouette": 0.2531}
        about["stability"] = {"seeds": 0.6123, "subsamples": 0.7 - 0.01 * len(scores)}
        about |= KNOWN.get(name, {})
        for label, value in zip(LABELS, values, strict=True):
            about[label] = {"ami": value, "ami_low": value - 0.0613, "ami_high": value + 0.0587, "ari": None}
            if FLAGS.get((name, label)) == "leaky":
                about[label]["leaky"] = True
        scores[name] = about
    return scores


def score_rows(name: str, place: int, label: str) -> list[dict[str, Any]]:
    about = {"representation": name, "family": name}
    same = about | {"k": 6, "label": label, "seeds": 5, "flag": FLAGS.get((name, label), ""), "null_high": 0.0211}
    rows = []
    for clusterer in ("kmeans", "dbscan"):
        for score in ("ami", "nmi"):
            mean = AMI[name][place] * (0.9 if clusterer == "dbscan" else 1)
            rows.append(same | scored(clusterer, score, mean) | {"null_mean": 0.0017})
        rows.append(same | {"clusterer": clusterer, "label": "", "score": "own_silhouette", "mean": 0.2531, "flag": ""})
    rows.append(same | scored("kmeans", "ami_curve", CURVE[name][place]))
    for score, mean in (("knn", 0.7), ("knn_fitted", 0.9), ("probe", 0.6), ("probe_fitted", 0.8)):
        rows.append(same | scored("", score, mean) | {"null_mean": 0.3333})
    if label == "language":
        rows.append(same | scored("", "ilisi", 0.81) | {"null_low": 0.8765})
        rows.append(about | scored("", "artist_hit", 0.25) | {"label": "", "null_mean": 0.2111})
        rows.append(about | scored("", "mig", 0.0123) | {"label": "", "null_high": 0.0345})
    return rows


def scored(clusterer: str, score: str, mean: float) -> dict[str, Any]:
    return {"clusterer": clusterer, "score": score, "mean": mean, "low": mean - 0.05, "high": mean + 0.05}


def comparisons() -> list[dict[str, Any]]:
    """On genre `easy` is better than its ladder and `hard` worse in kNN; conv2d, collapsed, is worse everywhere."""
    rows = [
        claim("easy", "genre", "ami_curve", 0.2998, "better"),
        claim("easy", "genre", "knn", 0.0211, "undecided"),
        claim("easy", "genre", "ami", 0.2511, "undecided", note="better under kmeans only"),
        claim("hard", "genre", "ami_curve", -0.0196, "equivalent"),
        claim("hard", "genre", "knn", -0.1234, "worse"),
        claim("conv2d", "genre", "ami_curve", -0.4321, "worse"),
        claim("easy", "language", "ami_curve", -0.0109, "undecided"),
        claim("easy", "language", "knn", 0.0091, "equivalent"),
    ]
    leaky = {"against": "linear", "clusterer": "kmeans", "verdict": "leaky", "note": "the model was given the language"}
    rows += [leaky | {"model": "hard", "label": "language", "score": score} for score in ("ami_curve", "knn")]
    secondary = claim("easy", "language", "ami_curve", -0.5509, "worse") | {"against": "tfidf", "rival": "tfidf"}
    return [*rows, secondary]


def claim(model: str, label: str, score: str, difference: float, verdict: str, note: str = "") -> dict[str, Any]:
    """A claim against the strongest linear method."""
    rival = "raw" if score == "knn" else "pca"
    row: dict[str, Any] = {
        "model": model,
        "against": "linear",
        "rival": rival,
        "label": label,
        "score": score,
        "verdict": verdict,
    }
    row |= {"clusterer": "" if score == "knn" else "kmeans", "difference": difference, "low": difference - 0.0987}
    return row | {"high": difference + 0.0988, "p": "0.001", "holm": "0.004", "smallest": 0.0719, "note": note}


def ladder() -> pd.DataFrame:
    kinds = {"pca": "linear", "easy": "model", "conv2d": "model"}
    rows = [{"input": "sound", "representation": name, "kind": kind} for name, kind in kinds.items()]
    rows += [{"input": "lyrics", "representation": "tfidf", "kind": "linear"}]
    return pd.DataFrame(rows)


def plane() -> pd.DataFrame:
    places = {"easy": (0.8, 0.9), "hard": (0.5, 0.95), "pca": (0.6, 0.9), "tfidf": (0.1, 0.2)}
    rows = [
        {
            "representation": name,
            "facet": "sound",
            "label": "genre",
            "conservation": kept,
            "mixing": mixed,
            "ilisi": mixed,
        }
        for name, (kept, mixed) in places.items()
    ]
    return pd.DataFrame(rows)


def replicated() -> pd.DataFrame:
    """Over corpora `easy` is not better on genre."""
    same: dict[str, Any] = {
        "source": "compare",
        "family": "primary",
        "model": "easy",
        "against": "linear",
        "label": "genre",
    }
    same |= {"score": "ami_curve", "clusterer": "kmeans", "corpora": 10, "p": "0.4", "holm": "0.8", "smallest": 0.0456}
    row = {"difference": 0.0087, "low": -0.0123, "high": 0.0298, "verdict": "equivalent", "note": ""}
    return pd.DataFrame([same | row])


def calibration() -> pd.DataFrame:
    same: dict[str, Any] = {"setting": "meaningless label", "corpora": 200}
    false = {
        "kind": "AMI at k",
        "what": "false verdicts",
        "nominal": 0.05,
        "rate": 0.035,
        "low": 0.0174,
        "high": 0.0693,
    }
    held = {"kind": "AMI at k", "what": "coverage", "nominal": 0.95, "rate": 0.945, "low": 0.9041, "high": 0.9691}
    return pd.DataFrame([same | false, same | held])


def published() -> pd.DataFrame:
    """A form that is given the genre, and one that has collapsed, is not given it and has no mean over k."""
    given = {"name": "cvae_genre", "input": "5 numbers of the sound + genre", "what": "beta-VAE <given>", "seeds": 5}
    flat = {"name": "dense_flat", "input": "12000 MFCC", "what": "dense VAE", "seeds": 5}
    rows: list[dict[str, Any]] = []
    for place, label in enumerate(LABELS):
        leaky = {"label": label, "flag": "" if place else "leaky"}
        rows += [given | leaky | scored("kmeans", score, 0.91 - place) for score in ("ami", "nmi", "ami_curve")]
        rows.append(flat | {"label": label, "flag": "collapsed"} | scored("kmeans", "ami", 0.1234))
    rows.append(given | {"label": "", "clusterer": "kmeans", "score": "own_silhouette", "mean": 0.4567, "flag": ""})
    return pd.DataFrame(rows)


def audit() -> pd.DataFrame:
    rows = [
        {
            "shortcut": "column mode",
            "label": "genre",
            "verdict": "strong",
            "score": 0.9,
            "chance": 0.2,
            "null_high": 0.3,
        },
        {"shortcut": "folder", "label": "genre", "verdict": "none", "score": 0.2, "chance": 0.2, "null_high": 0.3},
        {"shortcut": "duplicate lyrics", "label": "", "verdict": "duplicate", "note": "t0 t1"},
    ]
    return pd.DataFrame(rows)


def questions() -> dict[str, Any]:
    numbers = {"difference": 0.0107, "low": -0.05, "high": 0.0712, "holm": 1.0, "smallest": 0.0831}
    about = {"model": "beta 4", "against": "vae", "score": "ami", "column": "genre", "verdict": "undecided"}
    claim = numbers | about | {"short": "beta 4 in AMI of genre", "sentence": "Whether <it> is so is undecided (AMI)."}
    primary = numbers | about | {"clusterer": "kmeans", "p": 0.7, "note": "", "family": "primary"}
    compared = [primary, primary | {"clusterer": "gmm"}, primary | {"against": "pca_m", "family": "secondary"}]
    trials = (("vae", 0.6123, 12.0, 1.0), ("beta 4", 0.5871, 8.5, 4.0), ("pca_3", 0.7071, None, None))
    shared = {"clusterer": "kmeans", "low": 0.1, "high": 0.9, "seeds": 5}
    rows = [
        shared | {"name": name, "mean": mean, "active_units": units, "beta": beta} | score
        for name, mean, units, beta in trials
        for score in ({"score": "ami", "column": "genre"}, {"score": "refits", "column": ""})
    ]
    names = {"representations": "yes", "lyrics": "mixed", "language": "equivalent", "stability": "undecided"}
    asked = [
        {"id": name, "question": f"Is it so, {number}?", "answer": answer, "verdict": f"{answer}: <words>. More words."}
        | {"claims": [claim], "rows": rows, "comparisons": compared}
        for number, (name, answer) in enumerate(names.items())
    ]
    return {"seeds": 5, "folds": 5, "questions": asked}


def pictures(folder: Path) -> None:
    figures, same = [], {"section": "Any", "caption": "How to [read] $it_"}
    folder.mkdir(parents=True)
    for name in PICTURES:
        Figure(figsize=(2, 1), dpi=50).savefig(folder / f"{name}.png")
        figures.append(same | {"file": f"{name}.png", "title": f'{name}: *so* "it" is'})
    store.write_json(folder / "figures.json", figures)
    rng = np.random.default_rng(5)
    (folder / "previews").mkdir()
    for number in range(5):
        soundfile.write(folder / "previews" / f"t{number}.mp3", 0.1 * rng.normal(size=22_050), 22_050, format="MP3")
    store.write_json(folder / "map.json", the_map(rng))
    cards = [card("0", [0, 2, 4]), card("1", [1, 3])]
    tracks = {f"t{n}": track(n) | {"preview": n < 2} for n in range(5)}
    shared = {"clusterer": "kmeans", "tagger": "toy-ears", "tracks": tracks}
    store.write_json(folder / "clusters.json", shared | {"models": {"easy": cards}})


def track(n: int) -> dict[str, Any]:
    return {"title": TITLES[n], "artist": f"artist {n % 2}", "language": ("bn", "en")[n % 2], "preview": n < 5}


def the_map(rng: np.random.Generator) -> dict[str, Any]:
    ids = [f"t{n}" for n in range(6)]
    genre, tempo = ["rock", "", "folk"] * 2, [str(60 + 9 * n) for n in range(6)]
    tracks = {
        id_: track(n) | {"values": {"genre": genre[n], "tempo": tempo[n]}, "tags": TAGS} for n, id_ in enumerate(ids)
    }
    trust = {"trustworthiness": 0.9123, "neighbours": 2}
    planes = {
        name: {
            "label": label,
            **trust,
            "places": dict(zip(ids, rng.normal(size=(6, 2)).round(3).tolist(), strict=True)),
        }
        for name, label in (("umap", "UMAP"), ("tsne", "t-SNE"), ("pca", "PCA"))
    }
    near = {f"t{n}": [f"t{(n + 1) % 6}", f"t{(n + 2) % 6}"] for n in range(6)}
    clusters = {id_: str(n % 2) for n, id_ in enumerate(ids)}
    model = {"family": "dense VAE", "condition": "none", "clusters": clusters, "neighbours": near, "planes": planes}
    models = {"easy": model, "pca": model | {"family": "PCA"}}
    shared = {"columns": ["genre", "tempo"], "tagger": "toy-ears", "preview_seconds": 1}
    return shared | {"tracks": tracks, "models": models}


def card(cluster: str, rows: list[int]) -> dict[str, Any]:
    labels = {"genre": [["rock", 2], ["<folk>", 1]]}
    content = {"labels": labels, "sound": [["noisier", 1.25]], "terms": {"bn": ["বৃষ্টি"], "de": ["Regen"]}}
    content["tags"] = [["guitar <b>", 1.7321, 0.6213], ["sad", 0.8132, 0.3111]] if cluster == "0" else []
    return {"cluster": cluster, "size": len(rows), **content, "exemplars": [f"t{n}" for n in rows]}


def corpus(project: Path) -> None:
    table = pd.DataFrame({"id": [f"t{n}" for n in range(6)], "audio": "a.ogg", "language": "bn", "genre": "rock"})
    table["has_lyrics"] = ["yes"] * 4 + ["no"] * 2
    store.write_table(project / "build" / "tracks" / "tracks.csv", table)
    for stage, files in {"tracks": ["a.ogg"], "audio": [], "lyrics": []}.items():
        rows = [("t6", stage, file, f"{file} is missing") for file in files]
        store.write_table(project / "build" / stage / "skipped.csv", pd.DataFrame(rows, columns=catalog.SKIPPED))
    heard(project / "build")
    (project / "data" / "card").mkdir(parents=True)
    (project / "data" / "card" / "a.png").write_bytes(b"picture")
    text = "# Songs\n\n<script>alert(1)</script>\n\n| a | b |\n|---|---|\n| 1 | গান |\n\n![a song](card/a.png)\n"
    (project / "data" / "README.md").write_text(f"{text}\n```\ncode\n```\n", encoding="utf-8")


def heard(build: Path) -> None:
    """What stages ears and lyrics say of their encoders and of the languages."""
    known = {"encoder": "toy-ears", "trained_on": "a million <songs>", "tagger": "toy-ears", "may_know": True}
    store.write_json(build / "ears" / "about.json", known | {"hears": "both", "numbers": 5})
    read = {"encoder": "toy-words", "trained_on": "many texts", "language": "mean", "may_know": False}
    store.write_json(build / "lyrics" / "about.json", read)
    shares = [("t0", "bn", 1.0), ("t1", "bn", 0.5), ("t1", "en", 0.5), ("t2", "unsure", 0.8), ("t2", "bn", 0.2)]
    rows = [{"id": id_, "language": code, "share": share} for id_, code, share in [*shares, ("t3", "de", 0.9)]]
    store.write_table(build / "lyrics" / "languages.csv", pd.DataFrame(rows).assign(name=""))
    doubts = pd.DataFrame([{"id": "t3", "table": "bn", "heard": "de", "share": 0.9}])
    store.write_table(build / "lyrics" / "disagreements.csv", doubts)
    card = {"synthetic": False, "labels": list(LABELS), "factors": [], "unseen_by": []}
    store.write_json(build / "tracks" / "corpus.json", card | {"sound": "genre", "words": "genre", "language": ""})
