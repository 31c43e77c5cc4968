"""Can a latent space separate languages without labels? Clustered, readable off the neighbours, and by a line."""

from dataclasses import replace

import numpy as np

from pipeline.core.store import Array
from pipeline.score.agreement import agreement
from pipeline.score.permutation import permutation_p
from pipeline.score.verdicts import Scores, paired
from pipeline.trials.answers import About, Answer, QuestionData, answered, without_column
from pipeline.trials.claims import Claim, JudgedClaim, judged
from pipeline.trials.sentences import Wording, interval_text, worded
from pipeline.trials.trials import Trial

ABOUT = About("language", "Can latent space separate songs by language without labels?")
CHANCE = "chance"
SCORES = ("ami", "knn", "probe")
SHUFFLES = 999  # of whole artists: twelve claims of p .001 pass Holm
LEAST_SCRIPT = 0.05  # AMI of the languages with their scripts, from which on scripts give languages away
SOUND = "By sound alone"
WORDINGS = {
    "ami": Wording(
        better="clusters follow the {column} ({score})",
        worse="clusters mix the {column} more evenly than chance ({score})",
        equivalent="clusters do not follow the {column} by a relevant amount ({score})",
        undecided="whether clusters follow the {column} is undecided ({score})",
    ),
    "knn": Wording(
        better="the nearest songs show the {column} ({score})",
        worse="the nearest songs show the {column} less than chance ({score})",
        equivalent="the nearest songs do not show the {column} by a relevant amount ({score})",
        undecided="whether the nearest songs show the {column} is undecided ({score})",
    ),
    "probe": Wording(
        better="a straight boundary separates the {column} ({score})",
        worse="a straight boundary separates the {column} less than chance ({score})",
        equivalent="no straight boundary separates the {column} by a relevant amount ({score})",
        undecided="whether a straight boundary separates the {column} is undecided ({score})",
    ),
}


def language_apart(data: QuestionData) -> Answer:
    column = data.params.language
    if column not in data.truths:
        return without_column(ABOUT, column, "no column names the languages")
    truth, basis = within_one_source(data.truths[column], data.sources)
    data = data.with_column(column, truth)
    (audio,) = data.names(lambda each: each.kind == "fused" and not each.text)
    primary = judged([_above_chance(data, audio, score) for score in data.params.primary.language], "primary")
    parts = _parts(data)
    others = judged([_above_chance(data, name, score) for name in parts for score in SCORES], "secondary")
    notes = [_of_part(part, [each for each in others if each.claim.model == name]) for name, part in parts.items()]
    notes.append(basis)
    script = _script_alone(data.script, truth)
    if script is not None and script >= LEAST_SCRIPT:
        notes.append(f"The script of the lyrics gives AMI {script:.2f} with no model: language in text proves little.")
    rows = data.rows([audio, *parts], [(score, column) for score in SCORES])
    return answered(ABOUT, data, primary, others, _wording, rows, notes)


def _parts(data: QuestionData) -> dict[str, str]:
    """The trials beside the sound alone, each with what it reads."""
    lyrics = {name: f"By lyrics alone ({name})" for name in data.names(lambda each: each.kind == "lyrics")}
    return lyrics | {name: f"By both ({name})" for name in data.names(lambda each: each.has_all_lyrics)[-1:]}


def _above_chance(data: QuestionData, name: str, score: str) -> Claim:
    """A trial against chance: 0 for AMI, 1 / values for the shares."""
    column, trial, margin = data.params.language, data.trials[name], data.effects.of(score)
    scores = data.scored(name, score, column)
    base = 0.0 if score == "ami" else _chance(data, trial)
    above = {
        clusterer: paired(each, _level(base, each), margin) if each else None for clusterer, each in scores.items()
    }
    if score == "ami":
        # AMI of chance is skewed, and a language is one of whole artists: t would call too much a difference.
        above = {
            clusterer: replace(each, p=_by_shuffling(data, trial, clusterer)) if each else None
            for clusterer, each in above.items()
        }
        return Claim(name, score, column, {CHANCE: above}, margin)
    share = next(iter(scores.values()))
    value = float(share.whole.mean()) if share else None
    return Claim(name, score, column, {CHANCE: above}, margin, value=value, base=base)


def _by_shuffling(data: QuestionData, trial: Trial, clusterer: str) -> float:
    truth = data.truths[data.params.language]
    return permutation_p("ami", truth, trial.labels[clusterer], data.group, SHUFFLES)


def _level(value: float, like: Scores) -> Scores:
    return Scores(np.full_like(like.whole, value), np.full_like(like.without, value))


def _chance(data: QuestionData, trial: Trial) -> float:
    """The balanced accuracy of guessing, of the tracks that have a place."""
    present = np.isfinite(trial.heldout).all(axis=(1, 2))
    values = set(data.sized(data.params.language)[present]) - {""}
    return 1 / max(len(values), 1)


def _wording(claim: JudgedClaim) -> Wording:
    return worded(WORDINGS[claim.claim.score], f"{SOUND}, ")


def _of_part(part: str, claims: list[JudgedClaim]) -> str:
    """The three answers of one part, in one sentence."""
    named = {"ami": "clusters AMI", "knn": "kNN", "probe": "linear probe"}
    words = {"better": "above chance", "worse": "below chance", "equivalent": "no relevant difference from chance"}
    answers = [
        f"{named[each.claim.score]} {interval_text(each.main)} over chance, {words.get(each.verdict, each.verdict)}"
        for each in claims
        if each.main
    ]
    return f"{part}: {'; '.join(answers) or 'undefined'}."


def within_one_source(truth: Array, sources: Array) -> tuple[Array, str]:
    """The languages of the largest source that has two, so that a difference of production does not pass for one."""
    sizes = {
        str(source): int((sources == source).sum())
        for source in np.unique(sources)
        if len(set(truth[sources == source]) - {""}) > 1
    }
    if not sizes:
        return truth, "Each source has one language only, so production and language cannot be separated here."
    largest = max(sizes, key=lambda source: sizes[source])
    source = f"within one production source ({largest})" if largest else "all without a named source"
    return np.where(sources == largest, truth, ""), f"Based on {sizes[largest]} of {len(truth)} tracks, {source}."


def _script_alone(script: Array, truth: Array) -> float | None:
    """AMI of the language with the script of the lyrics, for the tracks that have lyrics."""
    known = np.where(script != "", truth, "")
    return agreement("ami", known, np.unique(script, return_inverse=True)[1].astype(np.int64))
