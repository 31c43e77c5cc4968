"""Stage pages on made-up outputs: no leaky score or collapsed model leads, and a gap names its command."""

import json
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipeline import pages
from pipeline.core import store
from pipeline.html import rank
from pipeline.html.outputs import MADE_BY, Outputs
from tests import sample_report


@pytest.fixture
def project(workspace: Path, set_param: Callable[[str, object], None]) -> Path:
    sample_report.write(workspace)
    set_param("evaluate.labels", list(sample_report.LABELS))
    return workspace


def written(name: str) -> str:
    pages.main()
    return (store.REPORTS / "_generated" / f"{name}.md").read_text(encoding="utf-8")


def change(name: str, how: Callable[[Any], Any]) -> None:
    file = store.REPORTS / name
    store.write_json(file, how(store.read_json(file)))


def plain(text: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def change_rows(name: str, how: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    file = store.REPORTS / name
    store.write_table(file, how(pd.read_csv(file, dtype=str, keep_default_na=False)))


def verdict_of(model: str, score: str, verdict: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """comparisons.csv with another verdict on the claim of a model on genre."""

    def changed(rows: pd.DataFrame) -> pd.DataFrame:
        same = (rows["model"] == model) & (rows["score"] == score) & (rows["label"] == "genre")
        return rows.assign(verdict=rows["verdict"].mask(same, verdict))

    return changed


@pytest.mark.usefixtures("project")
def test_the_answer_names_the_better_model_and_leads_with_the_mean_over_k_and_knn() -> None:
    text = plain(written("answer"))
    better = "easy beats the best linear method on its input: +0.30 AMI averaged over k against pca ( +0.20 to +0.40"
    assert f"On genre , {better} , better); +0.02 kNN accuracy against raw" in text
    assert "On language , no VAE beats the best linear method on its input." in text
    assert "Detectable here: a difference of 0.07 or more." in text
    assert "0.75 easy" in text  # the mean over k; at one k it is .81
    assert "0.81" not in text


@pytest.mark.usefixtures("project")
def test_a_win_on_a_poor_input_names_the_baseline_that_is_above_it() -> None:
    assert "best baseline of all" not in plain(written("answer"))
    higher = {"representation": "pca", "label": "genre", "score": "ami_curve"}
    change_rows(
        "results.csv",
        lambda rows: rows.assign(mean=rows["mean"].mask((rows[list(higher)] == higher).all(axis=1), "0.8")),
    )
    assert "The best baseline of all inputs, pca, is above it: 0.80 ." in plain(written("answer"))


@pytest.mark.usefixtures("project")
def test_where_no_vae_wins_the_answer_says_so_and_names_the_closest() -> None:
    """Fault 2 and 3: without a win over the strongest linear method the headline is that there is none."""
    change_rows("comparisons.csv", verdict_of("easy", "ami_curve", "undecided"))
    text = plain(written("answer"))
    assert "No VAE beats the best linear method on its own input. The closest is easy on genre : +0.30 AMI" in text
    assert "<b>" not in written("headline")


@pytest.mark.usefixtures("project")
def test_worse_models_are_named() -> None:
    """Fault 4: `no VAE is better` must not hide that some are worse, even a collapsed one."""
    text = plain(written("answer"))
    worse = "on genre hard ( −0.12 kNN accuracy) and conv2d ( −0.43 AMI averaged over k)."
    assert f"Worse than the best linear method on their input: {worse}" in text
    change_rows("comparisons.csv", lambda rows: rows[rows["verdict"] != "worse"])
    assert "Worse" not in plain(written("answer"))


@pytest.mark.usefixtures("project")
def test_neither_a_leaky_score_nor_a_collapsed_model_leads() -> None:
    tiles = re.findall(r'<p class="big">(.*?)</p>', written("answer"))
    assert [plain(tile) for tile in tiles] == ["0.75 easy", "0.03 easy"]  # conv2d and hard are higher


@pytest.mark.usefixtures("project")
def test_a_model_whose_fit_saw_the_answer_does_not_lead() -> None:
    """Fault 1: clusters of one modality hold what the network remembers of the other."""
    change_rows("comparisons.csv", verdict_of("easy", "ami_curve", "leaky"))
    assert "hard" in plain(re.findall(r'<p class="big">(.*?)</p>', written("answer"))[0])
    assert "They are not counted. kNN is" in plain(written("headline"))


@pytest.mark.usefixtures("project")
def test_only_a_better_model_is_bold() -> None:
    text = written("headline")
    bold = re.findall(r"<b>(.*?)</b>", text)
    assert [plain(part) for part in bold] == ["0.75"]
    for sign in "†‡▲▼＝○":
        assert sign in re.sub(r"<p.*?</p>", "", text)
    change("metrics.json", lambda metrics: metrics | {"easy": metrics["easy"] | {"flag": "collapsed"}})
    assert "<b>" not in written("headline")


@pytest.mark.usefixtures("project")
def test_without_a_comparison_nothing_is_claimed() -> None:
    change_rows("comparisons.csv", lambda rows: rows[(rows["label"] == "language") & (rows["against"] == "linear")])
    text = plain(written("answer"))
    assert "No VAE beats the best linear method on its own input. The closest is easy on language" in text
    assert "not compared with a linear method" in text
    (store.REPORTS / "comparisons.csv").unlink()
    assert "dvc repro compare" in plain(written("answer"))


@pytest.mark.usefixtures("project")
def test_over_corpora_of_the_generator_the_verdict_leads() -> None:
    """Where the songs were made by a program; else the other corpora are no corpora like this one."""
    store.write_table(store.REPORTS / "replicated.csv", sample_report.replicated())
    assert "corpora" not in written("answer")
    change_card(synthetic=True)
    text = plain(written("answer"))
    assert "No VAE beats the best linear method on its own input." in text
    over = "+0.01 AMI averaged over k against pca ( −0.01 to +0.03 over 10 corpora, no relevant difference)"
    assert f"The closest is easy on genre : {over}" in text
    assert "On this corpus alone: +0.30 +0.20 to +0.40 , better" in text
    assert "<b>" not in written("headline")


def change_card(**changed: object) -> None:
    file = store.BUILD / "tracks" / "corpus.json"
    store.write_json(file, store.read_json(file) | changed)


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("gone", MADE_BY)
def test_a_missing_output_is_named_with_its_command(gone: str) -> None:
    (store.REPORTS / gone).unlink()
    pages.main()
    texts = [file.read_text(encoding="utf-8") for file in (store.REPORTS / "_generated").iterdir()]
    wanted = {
        "comparisons.csv": "dvc repro compare",
        "stability.csv": ">missing<",
        "published.csv": ">missing<",
    }  # without them, other words stand there
    assert any(wanted.get(gone, f"`reports/{gone}` is missing: run `{MADE_BY[gone]}`") in text for text in texts)
    assert (store.REPORTS / "_variables.yml").exists()


def test_without_any_output_every_piece_names_its_command(workspace: Path) -> None:
    pages.main()
    for name in pages.PIECES:
        text = (workspace / "reports" / "_generated" / f"{name}.md").read_text(encoding="utf-8")
        assert "run `dvc" in text or "dvc repro" in text or "run `python -m" in text or name in ("card", "published")


@pytest.mark.usefixtures("project")
def test_the_map_carries_its_data_unchanged_and_closes_no_script() -> None:
    text = written("explorer")
    inner = re.search(r'id="map-data">(.*?)</script>', text, re.DOTALL)
    assert inner is not None
    data = json.loads(inner[1])
    languages = {"bn": {"name": "Bangla", "tag": "bn"}, "en": {"name": "English", "tag": "en"}}
    assert data == store.read_json(store.REPORTS / "figures" / "map.json") | {"languages": languages}
    assert text.count("</script>") == 3


@pytest.mark.usefixtures("project")
def test_cards_link_to_existing_previews_only() -> None:
    text = written("cards")
    assert re.findall(r'href="([^"]+)"', text) == ["figures/previews/t0.mp3", "figures/previews/t1.mp3"]
    assert "&lt;folk&gt;" in text
    assert "stable" in text
    assert '<dd dir="auto" lang="bn">বৃষ্টি</dd>' in text


@pytest.mark.usefixtures("project")
def test_the_data_card_is_shown_as_text() -> None:
    text = written("card")
    assert "<h3>Songs</h3>" in text
    assert "<script>" not in text
    assert 'src="shipped/card/a.png" alt="a song"' in text
    assert (store.REPORTS / "shipped" / "card" / "a.png").read_bytes() == b"picture"
    assert (store.REPORTS / "shipped" / "plotly.min.js").stat().st_size > 1_000_000


@pytest.mark.usefixtures("project")
def test_every_table_row_has_a_cell_for_each_head() -> None:
    pages.main()
    for file in (store.REPORTS / "_generated").iterdir():
        for table in re.findall(r'<table class="scores.*?</table>', file.read_text(encoding="utf-8"), re.DOTALL):
            heads, *rows = re.findall(r"<tr.*?</tr>", table, re.DOTALL)
            assert {len(re.findall(r"<t[hd][ >]", row)) for row in rows} == {heads.count("<th ")}, file.name


@pytest.mark.usefixtures("project")
def test_betas_of_the_questions_are_a_curve() -> None:
    assert "AMI of genre over beta: 0.612 at 1, 0.587 at 4" in written("sweep")


@pytest.mark.usefixtures("project")
def test_the_same_outputs_give_the_same_bytes() -> None:
    def all_bytes() -> dict[str, bytes]:
        pages.main()
        files = [*(store.REPORTS / "_generated").iterdir(), store.REPORTS / "_variables.yml"]
        return {file.name: file.read_bytes() for file in files}

    first = all_bytes()
    (store.REPORTS / "_generated" / "old.md").write_text("of an older run", encoding="utf-8")
    assert all_bytes() == first


@pytest.mark.usefixtures("project")
def test_a_verdict_stands_under_its_head() -> None:
    text = written("questions")
    heads, row = (re.findall(r"<t[hd][ >].*?</t[hd]>", part) for part in re.findall(r"<tr.*?</tr>", text)[:2])
    cells = dict(zip(map(plain, heads), map(plain, row), strict=True))
    assert cells["comparison"] == "beta 4 − vae"
    assert cells["verdict"] == "○ undecided"
    assert cells["clusterer"] == "kmeans"
    assert (cells["p"], cells["detectable"]) == ("0.700", "0.083")


@pytest.mark.usefixtures("project")
def test_the_claims_of_a_question_stand_first_and_apart_from_all_else() -> None:
    text = written("questions")
    first = plain(text)[:400]
    assert "● yes yes: <words>. ○ undecided Whether <it> is so is undecided (AMI)." in first
    assert text.index("Whether &lt;it&gt;") < text.index("<figure>") < text.index("Primary claims")
    assert "Secondary claims" in text
    assert "How alike clusters of refits on other artists are" in text


@pytest.mark.usefixtures("project")
def test_findings_have_a_line_per_question_with_its_claims() -> None:
    text = plain(written("verdicts"))
    assert "● yes Is it so, 0? beta 4 in AMI of genre: undecided" in text
    assert "＝ no relevant difference Is it so, 2?" in text


def test_labels_without_scores_are_left_out(project: Path) -> None:
    out = Outputs(project / "reports", ("theme", "genre"), "kmeans")
    assert out.shown() == ["genre"]


def test_a_model_has_active_units_and_a_baseline_has_none(project: Path) -> None:
    out = Outputs(project / "reports", sample_report.LABELS, "kmeans")
    assert rank.ordered(out, ["tfidf", "unknown", "pca", "hard", "easy"]) == ["easy", "hard", "pca", "tfidf", "unknown"]
    about = out.representations()
    assert [name for name in about if rank.is_model(about[name])] == ["easy", "hard", "conv2d"]


@pytest.mark.usefixtures("project")
def test_what_may_know_the_corpus_is_marked_and_its_encoders_are_named() -> None:
    for name in ("headline", "by_clusterer", "units"):
        assert "<code>hard</code>§" in written(name), name
        assert "<code>easy</code>§" not in written(name)
    text = plain(written("headline"))
    assert "§ It rests on a pretrained encoder (toy-ears, toy-words) that may have heard these songs" in text
    change("metrics.json", lambda metrics: metrics | {"hard": metrics["hard"] | {"may_know": False}})
    assert "§" not in written("headline")


@pytest.mark.usefixtures("project")
def test_encoders_are_named_with_what_they_know() -> None:
    text = plain(written("encoders"))
    assert "Sound: the models hear statistics of the sound and vectors of toy-ears." in text
    assert "toy-ears is a pretrained encoder, trained on a million <songs>. It may have heard these songs" in text
    assert "Lyrics: toy-words, trained on many texts. The mean vector of each language is subtracted" in text
    assert "Tags of songs and clusters are the opinion of toy-ears" in text
    file = store.BUILD / "ears" / "about.json"
    store.write_json(file, {"encoder": "none", "hears": "stats", "tagger": "", "trained_on": "", "may_know": False})
    text = plain(written("encoders"))
    assert "Sound: the models hear statistics of the sound. Lyrics" in text
    assert "Tags" not in text
    file.unlink()
    assert "build/ears/about.json is missing: run `dvc repro ears`" in written("encoders")


@pytest.mark.usefixtures("project")
def test_the_languages_of_table_and_lyrics_stand_side_by_side_with_their_names() -> None:
    text = plain(written("languages"))
    assert "Bangla 6 1" in text
    assert "German 0 1" in text
    assert "mixed – 1 unsure – 1 no lyrics – 2" in text
    assert "In 1 track the lyrics are mostly in another language than the table says." in text
    assert "t3 Bangla German 90 %" in text


@pytest.mark.usefixtures("project")
def test_cards_show_tags_as_the_opinion_of_the_tagger() -> None:
    text = plain(written("cards"))
    assert "toy-ears hears more than elsewhere: guitar <b> 0.62 ( +1.7 ), sad 0.31 ( +0.8 )." in text
    assert text.count("hears more than elsewhere") == 1  # the other cluster has none
    assert '<dt>German</dt><dd dir="auto" lang="de">Regen</dd>' in written("cards")
    assert "Tags are the opinion of toy-ears, a pretrained tagger, and no labels" in plain(written("reading"))


def without(labels: tuple[str, ...]) -> Callable[[Any], Any]:
    """metrics.json without the scores on these labels."""
    return lambda metrics: {
        name: {key: value for key, value in scores.items() if key not in labels} for name, scores in metrics.items()
    }


@pytest.fixture
def unlabelled(project: Path, set_param: Callable[[str, object], None]) -> Path:
    """The made-up run without labels: no score has one, and no figure shows one."""
    set_param("evaluate.labels", [])
    change("metrics.json", without(sample_report.LABELS))
    results = pd.read_csv(store.REPORTS / "results.csv", dtype=str, keep_default_na=False)
    store.write_table(store.REPORTS / "results.csv", results[results["label"] == ""])
    store.write_table(store.REPORTS / "kcurve.csv", pd.DataFrame(columns=["representation", "k", "label", "ami"]))
    gone = ("scores.png", "traversal_easy.png")
    change("figures/figures.json", lambda figures: [each for each in figures if each["file"] not in gone])
    return project


@pytest.mark.usefixtures("unlabelled")
def test_without_labels_the_report_shows_sizes_shape_and_stability() -> None:
    answer = plain(written("answer"))
    assert "The songs have no labels, so no grouping can be called right or wrong." in answer
    assert "easy groups them most steadily" in answer
    assert "0.69 stability silhouette 0.25 in the common space 1 clusters, of 4 songs" in answer
    headline = written("headline")
    assert "Shape and stability of kmeans clusters" in headline
    assert "AMI" not in headline
    assert "No model is trained on the labels" not in plain(written("setting"))
    assert "6 clusters by kmeans" in plain(written("setting"))
    assert "AMI" not in written("tables")
    assert "(unknown)" not in (store.REPORTS / "_variables.yml").read_text(encoding="utf-8")


@pytest.mark.usefixtures("unlabelled")
@pytest.mark.parametrize("name", ["by_clusterer", "k_curve", "seeds", "traversals"])
def test_without_content_there_is_no_heading(name: str) -> None:
    assert written(name) == ""


@pytest.mark.usefixtures("project")
def test_a_section_has_its_heading_above_its_content_and_above_what_is_missing() -> None:
    assert written("k_curve").startswith("## Does the number of clusters matter?\n\n```{=html}")
    (store.REPORTS / "kcurve.csv").unlink()
    text = written("k_curve")
    assert text.startswith("## Does the number of clusters matter?\n\n::: {.hint .hint-warning")
    assert "run `dvc repro evaluate`" in text


@pytest.mark.usefixtures("project")
def test_lyrics_models_have_no_row_where_there_are_no_lyrics() -> None:
    none = {"ami": None, "ami_low": None, "ami_high": None}
    empty = {"family": "TF-IDF", "genre": none, "language": none, "own_space": {"silhouette": None}}
    data = {"data": {"tracks": 6, "with_lyrics": 0}}
    change("metrics.json", lambda metrics: metrics | {"tfidf": empty} | data)
    assert "tfidf" in set(pd.read_csv(store.REPORTS / "results.csv")["representation"])
    for name in ("headline", "by_clusterer", "by_score", "k_curve"):
        assert "tfidf" not in written(name), name
    assert "none of them with lyrics" in plain(written("setting"))
    assert "read vectors" not in plain(written("setting"))
    assert "Lyrics: this corpus has none." in plain(written("encoders"))
    assert "words" not in plain(written("families"))


@pytest.mark.usefixtures("project")
def test_a_small_corpus_has_a_warning_above_its_results() -> None:
    assert "A small corpus" not in written("setting")
    change("metrics.json", lambda metrics: metrics | {"data": metrics["data"] | {"small": "Six songs are few."}})
    assert "A small corpus Six songs are few." in plain(written("setting"))


@pytest.mark.usefixtures("project")
def test_hard_is_described_by_the_condition_that_it_has() -> None:
    assert "Sound and words receive the language as input" in plain(written("families"))
    change("metrics.json", without(("condition",)))
    assert "as input" not in plain(written("families"))
    assert "as input" not in plain(written("setting"))


@pytest.mark.usefixtures("project")
def test_means_over_values_say_how_many_there_are_and_why_one_is_undefined() -> None:
    file = store.REPORTS / "results.csv"
    knn = {"representation": "easy", "family": "", "score": "knn", "mean": 0.5, "classes": 3, "counted": 117}
    undefined = {"representation": "pca", "family": "", "score": "probe", "note": "fewer than two values"}
    rows = pd.DataFrame([knn | {"label": "genre"}, undefined | {"label": "language"}])
    store.write_table(file, pd.concat([pd.read_csv(file), rows]).astype({"classes": "Int64", "counted": "Int64"}))
    text = plain(written("by_score"))
    assert "kNN of genre: mean over 3 values, of 117 tracks at most." in text
    assert "linear probe of language, –: fewer than two values." in text


@pytest.mark.usefixtures("project")
def test_a_comparison_without_an_interval_shows_no_dashes_as_numbers() -> None:
    def undefined(rows: pd.DataFrame) -> pd.DataFrame:
        numbers = ["difference", "low", "high", "p", "holm", "smallest"]
        rows.loc[rows["label"] == "language", [*numbers, "verdict"]] = [*[""] * len(numbers), "undecided"]
        return rows

    change_rows("comparisons.csv", undefined)
    text = plain(written("answer"))
    assert "no difference from pca can be computed" in text
    assert "–" not in text


@pytest.mark.usefixtures("project")
def test_the_ladder_has_a_tab_per_input_and_marks_the_rung_to_beat() -> None:
    text = written("ladder")
    assert re.findall(r'<label for="ladder-\d">(.*?)</label>', text) == ["sound", "lyrics"]
    rows = [plain(row) for row in re.findall(r"<tr>.*?</tr>", text)]
    pca = next(row for row in rows if row.startswith("pca"))
    assert pca.startswith("pca linear 0.45 ◆ the strongest linear method 0.40 to 0.50 0.70")
    assert next(row for row in rows if row.startswith("easy")).startswith("easy VAE 0.75 ▲ better 0.70 to 0.80 0.70 ○")


@pytest.mark.usefixtures("project")
def test_the_plane_names_every_representation_and_holds_its_numbers() -> None:
    text = written("plane")
    assert set(re.findall(r'<text class="name[d]?"[^>]*>(.*?)</text>', text)) == {"easy", "hard", "pca", "tfidf"}
    assert text.count('class="line-1"') == 2  # the VAEs
    assert "easy 0.80 0.90 0.90" in plain(text)


@pytest.mark.usefixtures("project")
def test_held_out_scores_stand_beside_fitted_ones() -> None:
    """Fault 1: a fitted score of songs that the fit saw is marked as such."""
    text = plain(written("by_score"))
    assert "kNN genre held out kNN genre fitted" in text
    assert "easy 0.70 0.65 to 0.75 chance 0.33 0.90 0.85 to 0.95 chance 0.33" in text
    assert "Held out: no fit has met the artist of the song." in text


@pytest.mark.usefixtures("project")
def test_mixing_disentanglement_and_retrieval_say_what_they_are_worth() -> None:
    text = plain(written("by_score"))
    assert "0.81 0.76 to 0.86 5 % line 0.88" in text  # fault 12
    assert "0.01 −0.04 to 0.06 95 % line 0.03" in text  # fault 13
    assert "Nothing disentangles here" in text
    assert "Highest MIG: 0.01 (easy) of the VAEs, 0.01 (pca) of the baselines." in text
    assert "Artist retrieval (secondary)" in text  # fault 14
    assert "chance 0.21" in text
    change_rows("results.csv", lambda rows: rows.assign(mean=rows["mean"].mask(rows["score"] == "mig", "0.5")))
    assert "Nothing disentangles" not in plain(written("by_score"))


@pytest.mark.usefixtures("project")
def test_what_was_tuned_with_labels_in_view_is_marked_on_the_corpus_where_it_was() -> None:
    """Fault 15."""
    assert "¶" not in written("headline")
    change_card(synthetic=True)
    assert "<code>hard</code>§¶" in written("headline")
    assert "<code>easy</code>¶" not in written("headline")
    assert "labels in view, so its scores there may be too high: power of the metric" in plain(written("headline"))


@pytest.mark.usefixtures("project")
def test_the_protocol_shows_how_often_verdicts_are_wrong_and_what_corpora_say() -> None:
    text = plain(written("calibration"))
    assert "AMI at k meaningless label 0.035 0.017 to 0.069 0.05 200" in text
    assert "Coverage" in text
    assert "`reports/replicated.csv` has no row yet: run `python -m pipeline.replicate`" in written("replicates")
    store.write_table(store.REPORTS / "replicated.csv", sample_report.replicated())
    assert "easy − linear ＝ no relevant difference genre AMI averaged over k kmeans +0.009" in plain(
        written("replicates")
    )


@pytest.mark.usefixtures("project")
def test_published_forms_are_shown_and_a_label_that_a_form_is_given_is_not_ranked() -> None:
    text = written("published")
    assert "## Published forms" in text
    rows = [row for row in re.findall(r"<tr.*?</tr>", text, re.DOTALL) if "cvae_genre" in row]
    genre, language = rows
    assert "0.91 † 0.86 to 0.96" in plain(genre)
    assert 'data-sort="0.91' not in genre
    assert "†" not in language
    assert 'data-sort="-0.0' in language
    assert "<code>dense_flat</code>‡" in text
    assert "Highest AMI averaged over k: −0.09 (cvae_genre) of the published forms, 0.54 (tfidf)" in plain(text)


@pytest.mark.usefixtures("project")
def test_without_published_forms_or_with_those_of_other_songs_no_table_is_shown() -> None:
    change_rows("published.csv", lambda rows: rows.assign(songs="of-others"))
    text = written("published")
    assert "<table" not in text
    assert "`reports/published.csv` is about other songs: run `python -m pipeline.published`" in text
    (store.REPORTS / "published.csv").unlink()
    assert written("published") == ""
