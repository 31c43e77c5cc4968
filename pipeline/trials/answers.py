"""The four questions, each answered from its trials: yes, no, mixed or not shown, with the numbers behind it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np

from pipeline.core.store import Array
from pipeline.score.agreement import agreement
from pipeline.score.labels import sizeable
from pipeline.trials.claims import JudgedClaim, TableRow, above_chance, claim, judged, score_rows
from pipeline.trials.designs import Condition, Questions
from pipeline.trials.measures import (
    Measure,
    ami,
    hits,
    knn,
    mean,
    squared_error,
    stability_over_seeds,
    stability_over_subsamples,
)
from pipeline.trials.sentences import OPENINGS, compared, counted, overall, separates, signed
from pipeline.trials.trials import Trial

LEAST_SCRIPT = 0.05  # AMI of the languages with their scripts, from which on scripts give languages away
LEAST_GAIN = 0.05  # below it, no share of the gain is reported for missing lyrics


@dataclass(frozen=True)
class QuestionData:
    """The trials, and what is known of the tracks."""

    trials: Mapping[str, Trial]
    truths: Mapping[str, Array]  # by column
    artists: Array
    sources: Array  # who made the recording, "" where that is not known
    script: Array  # the script of most lines of a track's lyrics, "" without lyrics
    kept: Mapping[float, Array]  # share of missing lyrics -> which tracks keep theirs
    group: Array  # of artists, each left out once for the intervals
    params: Questions
    collapsed: float  # share of active units below which a model is no answer
    smallest: int  # tracks that a value needs to enter a mean over the values of a column
    small: str  # a sentence where there are too few tracks for the clusters; "" where there are enough

    def names(self, chosen: Callable[[Condition], bool]) -> list[str]:
        """The trials whose condition is chosen."""
        return [name for name, trial in self.trials.items() if chosen(trial.condition)]

    def pca(self, dimensions: int | None = None) -> str:
        """The trial of PCA with so many dimensions; the one with the most where no other has."""
        sizes = {self.trials[name].condition.dimensions: name for name in self.names(lambda each: each.kind == "pca")}
        return sizes.get(-1 if dimensions is None else dimensions, sizes[max(sizes)])

    def control(self, name: str) -> str:
        """PCA with as many dimensions as a model has active units."""
        return self.pca(round(self.trials[name].active or 0))

    def is_collapsed(self, name: str) -> bool:
        """Whether nearly all units are inactive: its clusters are stable because there is little left to cluster."""
        active = self.trials[name].active
        return active is not None and active < self.collapsed * self.params.latent

    def agreement(self, *columns: str) -> dict[str, Measure]:
        """AMI with those of these columns that the tracks have."""
        return {
            f"AMI {column}": partial(ami, truth=self.truths[column], group=self.group)
            for column in columns
            if column in self.truths
        }


@dataclass(frozen=True)
class Answer:
    id: str
    question: str
    answer: str  # yes | no | mixed | not shown | not asked
    verdict: str
    rows: list[TableRow]
    comparisons: list[TableRow]

    def json(self) -> dict[str, object]:
        return asdict(self)


def better_than_pca(data: QuestionData) -> Answer:
    about = ("representations", "Does a VAE learn better music representations than PCA?")
    measures = data.agreement(data.params.sound)
    if not measures and not (data.artists != "").any():
        return _not_asked(*about, data.params.sound, "no column says what the sound should show, such as a genre")
    if (data.artists != "").any():
        measures["artist hit@5"] = partial(hits, artists=data.artists, group=data.group)
    models, pca = data.names(lambda each: each.is_plain), data.pca()
    lda = data.names(lambda each: each.kind == "track_lda")
    pairs = [(name, baseline) for name in models for baseline in dict.fromkeys((pca, data.control(name), *lda))]
    claims = _judge(data, pairs, measures)
    rows = _rows(data, dict.fromkeys(name for pair in pairs for name in pair), measures)
    versus_pca = _of(claims, model=[name for name in models if not data.is_collapsed(name)], against=[pca])
    sentences = [*map(compared, versus_pca), *_left_out(data, models)]
    return _answer(data, *about, overall(versus_pca), sentences, rows, claims)


def influence_of_lyrics(data: QuestionData) -> Answer:
    about = ("lyrics", "How does lyric information influence clustering?")
    measures = data.agreement(data.params.sound, data.params.words)
    fused = data.names(lambda each: each.kind == "fused" and bool(each.text))
    if not fused:
        return Answer(*about, "not asked", "Not asked: no track has lyrics.", [], [])
    if not measures:
        return _not_asked(*about, data.params.words, "no column says what the lyrics should show, such as a theme")
    audio, best = _audio(data), data.names(lambda each: each.has_all_lyrics)[-1]
    pairs = [(name, audio) for name in fused] + [(best, name) for name in data.names(lambda each: each.shuffled)]
    claims = _judge(data, pairs, measures)
    of_best = _of(claims, model=[best])  # against audio alone, and against the shuffled control
    versus_audio = _of(of_best, against=[audio])
    earned = _earned(versus_audio, of_best)
    sentences = list(map(compared, of_best))
    if len(earned) < len(versus_audio):
        sentences.append("A gain that shuffled lyrics also give is not credited to the lyrics.")
    if "better" in {each.verdict for each in _of(earned, score=[f"AMI {data.params.words}"])}:
        sentences += _with_missing_lyrics(data, audio, best)
    return _answer(data, *about, overall(earned), sentences, _rows(data, [audio, *fused], measures), claims)


def language_apart(data: QuestionData) -> Answer:
    about = ("language", "Can latent space separate songs by language without labels?")
    column = data.params.language
    if column not in data.truths:
        return _not_asked(*about, column, "no column names the languages")
    truth, basis = within_one_source(data.truths[column], data.sources)
    score, measure = f"AMI {column}", partial(ami, truth=truth, group=data.group)
    parts = {
        "Sound alone": [_audio(data)],
        "Lyrics alone": data.names(lambda each: each.kind == "lyrics"),
        "Both": data.names(lambda each: each.has_all_lyrics),
    }
    trials = [data.trials[name] for names in parts.values() for name in names]
    family = sum(len(trial.labels) for trial in trials)
    claims = judged([above_chance(trial, score, measure, family) for trial in trials])
    separated = {part: "; ".join(map(separates, _of(claims, model=names))) for part, names in parts.items()}
    sentences = [f"{part}: {each}." for part, each in separated.items() if each] + [basis]
    script = _script_alone(data.script, truth)
    if script is not None and script >= LEAST_SCRIPT:
        sentences.append(f"The script of the lyrics gives {script:.3f} with no model: language in text proves little.")
    answer = overall(_of(claims, model=parts["Sound alone"]))
    opening = {"yes": "By sound alone, yes.", "no": "Not by sound."}.get(answer, "By sound it is not shown.")
    rows = _rows(data, [trial.name for trial in trials], {score: measure})
    return _answer(data, *about, answer, sentences, rows, claims, opening=opening)


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


def stability(data: QuestionData) -> Answer:
    about = ("stability", "Do disentangled VAEs improve cluster stability?")
    measures: dict[str, Measure] = {
        "stability over seeds": partial(stability_over_seeds, group=data.group),
        "stability over subsamples": stability_over_subsamples,
    }
    (plain,) = data.names(lambda each: each.is_plain and not each.crossed)
    disentangled = data.names(lambda each: each.is_disentangled)
    models = [plain, *disentangled]
    pairs = [(name, plain) for name in disentangled] + [(name, data.control(name)) for name in models]
    claims = _judge(data, pairs, measures)
    active = [name for name in disentangled if not data.is_collapsed(name)]
    versus_vae = _of(claims, model=active, against=[plain])
    versus_pca = _of(claims, model=active, against=data.names(lambda each: each.kind == "pca"))
    earned = _earned(versus_vae, claims)
    sentences = [compared(each) for each in versus_vae if each.verdict != "not shown"]
    if len(earned) < len(versus_vae):
        sentences.append("The gain does not exceed PCA of the same size, so it is not credited to disentangling.")
    rivals = {"the plain VAE": versus_vae, "PCA with as many dimensions as they have active units": versus_pca}
    sentences += [counted(claims, rival) for rival, claims in rivals.items() if claims]
    sentences += _left_out(data, disentangled)
    relaxed = data.names(lambda each: each.is_relaxed)
    shown = dict.fromkeys([*models, *relaxed, *map(data.control, models)])
    rows = _rows(data, shown, measures | data.agreement(data.params.sound) | {"squared error": squared_error})
    return _answer(data, *about, overall(earned), sentences, rows, claims)


def _of(claims: Iterable[JudgedClaim], **fields: Sequence[str]) -> list[JudgedClaim]:
    """The claims whose named fields have one of these values."""
    return [each for each in claims if all(getattr(each.claim, name) in values for name, values in fields.items())]


def _audio(data: QuestionData) -> str:
    """The fused model without lyrics."""
    return data.names(lambda each: each.kind == "fused" and not each.text)[0]


def _left_out(data: QuestionData, names: Iterable[str]) -> list[str]:
    return [
        f"{name} is collapsed ({data.trials[name].active:.1f} of {data.params.latent} units active) and left out."
        for name in names
        if data.is_collapsed(name)
    ]


def _earned(claims: Sequence[JudgedClaim], every: Sequence[JudgedClaim]) -> list[JudgedClaim]:
    """The claims that count: a gain must also be shown against the model's other baseline, its control."""
    better = {(each.claim.model, each.claim.score, each.claim.against) for each in every if each.verdict == "better"}

    def counts(judged_claim: JudgedClaim) -> bool:
        claim = judged_claim.claim
        elsewhere = [key for key in better if key[:2] == (claim.model, claim.score) and key[2] != claim.against]
        return judged_claim.verdict != "better" or bool(elsewhere)

    return [each for each in claims if counts(each)]


def _judge(data: QuestionData, pairs: Sequence[tuple[str, str]], measures: Mapping[str, Measure]) -> list[JudgedClaim]:
    """The verdicts of every pair in every measure, which are one family."""
    first = data.trials[pairs[0][0]]
    family = len(pairs) * sum(len(measure(first) or ()) for measure in measures.values())
    return judged(
        [
            claim(data.trials[model], data.trials[against], score, measure, max(family, 1))
            for model, against in pairs
            for score, measure in measures.items()
        ]
    )


def _rows(data: QuestionData, names: Iterable[str], measures: Mapping[str, Measure]) -> list[TableRow]:
    trials = [data.trials[name] for name in names]
    return [
        row
        for trial in trials
        for score, measure in measures.items()
        for row in score_rows(trial, score, measure(trial))
    ]


def _answer(
    data: QuestionData,
    id_: str,
    question: str,
    answer: str,
    sentences: Iterable[str],
    rows: list[TableRow],
    claims: Sequence[JudgedClaim],
    *,
    opening: str = "",
) -> Answer:
    if not claims:
        undefined = "no score is defined under every clusterer, as where one of them finds no cluster."
        return Answer(id_, question, "not asked", f"Not asked: {data.small or undefined}", rows, [])
    verdict = " ".join([opening or OPENINGS[answer], *sentences])
    return Answer(id_, question, answer, verdict, rows, [row for each in claims for row in each.rows()])


def _not_asked(id_: str, question: str, column: str, unnamed: str) -> Answer:
    """The answer where the column has no two values; `unnamed` is the reason where the corpus has no such column."""
    reason = f"too few tracks have a {column!r}" if column else unnamed
    return Answer(id_, question, "not asked", f"Not asked: {reason}.", [], [])


def _with_missing_lyrics(data: QuestionData, audio: str, best: str) -> list[str]:
    """How much of the gain from lyrics is left to the songs that keep theirs when others lose them."""
    sentences = []
    text = data.trials[best].condition.text
    for name in data.names(lambda each: each.text == text and 0 < each.missing < 1):
        share, parts = data.trials[name].condition.missing, []
        for score, measure in _with_lyrics(data, data.kept[share]).items():
            base, full, left = (mean(measure(data.trials[each])) for each in (audio, best, name))
            if full - base >= LEAST_GAIN:
                parts.append(f"{(left - base) / (full - base):.0%} of the gain in {score} ({signed(full - base)})")
        if parts:
            kept = f"With {share:.0%} of the lyrics missing, songs that keep theirs keep {' and '.join(parts)}."
            sentences.append(kept)
    return sentences


def _with_lyrics(data: QuestionData, mask: Array) -> dict[str, Measure]:
    """How well the column of the words is recovered for these tracks alone."""
    column = data.params.words
    truth = np.where(mask, data.truths[column], "")
    return {
        f"AMI {column}": partial(ami, truth=truth, group=data.group),
        f"kNN {column}": partial(knn, truth=sizeable(truth, data.smallest), artists=data.artists, group=data.group),
    }


def _script_alone(script: Array, truth: Array) -> float | None:
    """AMI of the language with the script of the lyrics, for the tracks that have lyrics."""
    known = np.where(script != "", truth, "")
    return agreement("ami", known, np.unique(script, return_inverse=True)[1].astype(np.int64))


QUESTIONS: tuple[Callable[[QuestionData], Answer], ...] = (
    better_than_pca,
    influence_of_lyrics,
    language_apart,
    stability,
)
