"""The plain page: numbers of metrics.json, texts escaped, figures described, no other host, the same bytes twice."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from pipeline import report, store

METRICS: dict[str, Any] = {
    "data": {"tracks": 12, "with_lyrics": 9},
    "pca": {"family": "PCA", "language": {"ami": 0.1234, "ari": 0.5}, "genre": {"ami": 0.4321, "ari": None}},
    "hard": {
        "family": "<b>beta</b> & co",
        "active_units": 7.5,
        "latent": 16,
        "condition": "language",
        "language": {"ami": 0.9876, "ari": 0.1},
        "genre": {"ami": None},
        "own_space": {"silhouette": 0.25, "calinski_harabasz": 1234.5, "davies_bouldin": None},
        "dbscan": {"clusters": 2.0, "coverage": 0.75},
    },
}
TITLE = '<script>alert("গান")</script> & more'


class Seen(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    store.write_json(store.REPORTS / "metrics.json", METRICS)
    (store.REPORTS / "scores.csv").write_text("representation,seed\npca,0\npca,1\n", encoding="utf-8")
    told = [
        {"file": f"{name}.png", "section": section, "title": TITLE, "caption": "How to <read> it."}
        for name, section in (("one", "Maps"), ("two", "Learning"), ("gone", "Learning"))
    ]
    store.write_json(store.REPORTS / "figures" / "figures.json", told)
    for name in ("one", "two"):
        Figure(figsize=(2, 1), dpi=50).savefig(store.REPORTS / "figures" / f"{name}.png")
    return store.REPORTS


def written() -> str:
    report.main()
    return (store.REPORTS / "_site" / "index.html").read_text(encoding="utf-8")


def test_the_page_says_where_it_is(outputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report.main()
    assert str(outputs / "_site" / "index.html") in capsys.readouterr().out


def test_numbers_are_those_of_metrics_json(outputs: Path) -> None:
    text = written()
    cells = re.findall(r"<td>(.*?)</td>", text)
    assert "12 tracks, 9 of them with lyrics. Means over 2 seeds." in text
    assert cells[:3] == ["<strong>0.432</strong>", "<strong>0.123</strong>", "–"]  # genre, language, active units
    assert cells[3:6] == ["–", "<s>0.988</s><sup>†</sup>", "7.5 of 16"]  # leaky: marked, never the best
    assert "0.250" in cells
    assert "1234" in cells
    assert outputs.exists()


def test_texts_are_escaped_and_nothing_runs(outputs: Path) -> None:
    text = written()
    page = Seen(text)
    assert not page.all("script")
    assert "&lt;b&gt;beta&lt;/b&gt; &amp; co" in text
    assert "How to &lt;read&gt; it." in text
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    assert outputs.exists()


def test_every_image_is_beside_the_page_and_described(outputs: Path) -> None:
    images = Seen(written()).all("img")
    assert [image["src"] for image in images] == ["figures/one.png", "figures/two.png"]
    for image in images:
        assert image["alt"]
        assert TITLE in image["alt"]
        assert (image["width"], image["height"]) == ("100", "50")
        assert (outputs / "_site" / str(image["src"])).is_file()


def test_no_other_host_is_asked(outputs: Path) -> None:
    text = written()
    assert not re.search(r"https?://|//\w|url\(|@import", text)
    places = {attrs["href"] for attrs in Seen(text).all("a")}
    anchors = {f"#{attrs['id']}" for attrs in Seen(text).all("h2")}
    assert {place for place in places if str(place).startswith("#")} <= anchors
    assert outputs.exists()


def test_the_same_inputs_give_the_same_bytes(outputs: Path) -> None:
    first = written()
    (outputs / "_site" / "figures" / "old.png").write_bytes(b"old")
    assert written() == first
    assert sorted(file.name for file in (outputs / "_site" / "figures").iterdir()) == ["one.png", "two.png"]


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ("metrics.json", "reports/metrics.json is missing: run <code>dvc repro evaluate</code>"),
        ("scores.csv", "reports/scores.csv is missing: run <code>dvc repro evaluate</code>"),
        ("figures/figures.json", "reports/figures/figures.json is missing: run <code>dvc repro figures</code>"),
        ("figures/gone.png", "reports/figures/gone.png is missing: run <code>dvc repro figures</code>"),
    ],
)
def test_what_is_missing_is_said_with_its_command(outputs: Path, gone: str, said: str) -> None:
    (outputs / gone).unlink(missing_ok=True)
    assert said in written()


@pytest.mark.parametrize(
    ("value", "shown"), [(None, "–"), ("x", "–"), (0.0, "0.000"), (-0.0123, "-0.012"), (2500, "2500")]
)  # fmt: skip
def test_what_is_undefined_is_a_dash(value: object, shown: str) -> None:
    assert report.number(value) == shown


@pytest.mark.usefixtures("outputs")
def test_the_data_card_is_shown_and_never_run(tmp_path: Path) -> None:
    (tmp_path / "data" / "card").mkdir(parents=True)
    (tmp_path / "data" / "card" / "a.png").write_bytes(b"picture")
    card = "# Songs\n\n<script>alert(1)</script>\n\n| a | b |\n|---|---|\n| 1 | গান |\n\n![a song](card/a.png)\n"
    (tmp_path / "data" / "README.md").write_text(card, encoding="utf-8")
    report.main()
    text = (tmp_path / "reports" / "_site" / "index.html").read_text(encoding="utf-8")
    assert "<h3>Songs</h3>" in text
    assert "<script>" not in text
    assert "<td>গান</td>" in text
    assert '<img src="card/a.png" alt="a song"' in text
    assert (tmp_path / "reports" / "_site" / "card" / "a.png").read_bytes() == b"picture"
