"""How do lyrics change what a model finds? Their gain must exceed that of shuffled lyrics, which say nothing."""

import numpy as np

from pipeline.core.store import Array
from pipeline.score import heldout
from pipeline.score.verdicts import Scores, interval
from pipeline.trials.answers import About, Answer, QuestionData, answered, not_asked, without_column
from pipeline.trials.claims import Claim, JudgedClaim, TableRow, judged, rounded
from pipeline.trials.sentences import WORDS, Wording, interval_text

ABOUT = About("lyrics", "How does lyric information influence clustering?")
FOUND = Wording(
    better="Lyrics help to find the {column} ({score})",
    worse="Lyrics make the {column} harder to find ({score})",
    equivalent="Lyrics make no relevant difference to finding the {column} ({score})",
    undecided="Whether lyrics help to find the {column} is undecided ({score})",
)
OPENINGS = {"yes": "They help", "no": "They do not help", "mixed": "They help in part"}
KEPT = "share of the gain in kNN"  # that songs keep which keep their lyrics


def influence_of_lyrics(data: QuestionData) -> Answer:
    texts = data.names(lambda each: each.has_all_lyrics)
    if not texts:
        return not_asked(ABOUT, "no track has lyrics.")
    columns = data.columns(data.params.sound, data.params.words)
    if not columns:
        return without_column(ABOUT, data.params.words, "no column says what the lyrics should show, such as a theme")
    (audio,), best = data.names(lambda each: each.kind == "fused" and not each.text), texts[-1]
    (shuffled,) = data.names(lambda each: each.shuffled)
    asked = [(score, column) for column in columns for score in data.params.primary.lyrics]
    primary = judged([_claim(data, best, *pair, [audio, shuffled]) for pair in asked], "primary")
    words = data.columns(data.params.words)
    fewer = data.names(lambda each: 0 < each.missing < 1) if words else []
    curve = judged([_claim(data, name, "knn", words[0], [audio]) for name in fewer], "secondary")
    rows = data.rows([audio, *texts, shuffled], asked) + data.rows(fewer, [("knn", column) for column in words])
    notes = _curve(curve)
    if _is_shown(primary, data.params.words):
        kept = [_kept(data, audio, best, name) for name in fewer]
        notes += [text for text, _ in kept if text]
        rows += [row for _, row in kept if row]
    return answered(ABOUT, data, primary, curve, lambda _: FOUND, rows, notes, openings=OPENINGS)


def _claim(data: QuestionData, model: str, score: str, column: str, rivals: list[str]) -> Claim:
    above = {rival: data.above(model, rival, score, column) for rival in rivals}
    return Claim(model, score, column, above, data.effects.of(score))


def _is_shown(primary: list[JudgedClaim], column: str) -> bool:
    """Whether kNN of the words' column gains from lyrics: only then is there a gain to keep a share of."""
    return any(
        each.verdict == "better" and (each.claim.score, each.claim.column) == ("knn", column) for each in primary
    )


def _curve(claims: list[JudgedClaim]) -> list[str]:
    """What the lyrics that are left add to the sound, for each share that is missing."""
    column = "".join({f" of {each.claim.column}" for each in claims})
    return [
        f"{each.claim.model}: kNN{column} over sound alone {interval_text(each.main)}, {WORDS[each.verdict]}."
        for each in claims
        if each.main
    ]


def _kept(data: QuestionData, audio: str, best: str, name: str) -> tuple[str, TableRow | None]:
    """The share of the gain that is left to the songs that keep their lyrics when others lose theirs."""
    share, column = data.trials[name].condition.missing, data.params.words
    base, full, left = (_on_kept(data, each, column, data.kept[share]) for each in (audio, best, name))
    if not (base and full and left) or full.whole.mean() <= base.whole.mean():
        return "", None
    gain = full.whole.mean() - base.whole.mean()
    ratio = (left.whole.mean() - base.whole.mean()) / gain
    # The ratio's error is that of what it leaves over: (left - base) - ratio (full - base), which is 0 on average.
    ends = interval(_combined([(1, left), (ratio - 1, base), (-ratio, full)]))
    low, high = ratio + ends.low / gain, ratio + ends.high / gain
    row: TableRow = {"name": name, "score": KEPT, "column": column, "clusterer": "", "mean": rounded(ratio)}
    row |= {"low": rounded(low), "high": rounded(high), "seeds": len(left.whole), "active_units": None, "beta": None}
    of_gain = f"keep {ratio:.0%} of the gain in kNN of {column} ({low:.0%} to {high:.0%})"
    return f"With {share:.0%} of the lyrics missing, songs that keep theirs {of_gain}.", row


def _on_kept(data: QuestionData, name: str, column: str, kept: Array) -> Scores | None:
    """kNN of a column, of these tracks alone; their neighbours are of all tracks."""
    truth = data.sized(column)
    correct = heldout.knn_heldout(data.trials[name].heldout, data.fold, truth)
    return heldout.balanced(np.where(kept, correct, np.nan), truth, data.group)


def _combined(parts: list[tuple[float, Scores]]) -> Scores:
    """A weighted sum of scores of the same tracks."""
    whole = np.sum([weight * scores.whole for weight, scores in parts], axis=0)
    without = np.sum([weight * scores.without for weight, scores in parts], axis=0)
    return Scores(whole, without, predicted=any(scores.predicted for _, scores in parts))
