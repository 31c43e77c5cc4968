"""The four questions, each answered from its trials: yes, no, mixed or not shown, with the numbers behind it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np

from pipeline.core.store import Array
from pipeline.score.agreement import agreement
from pipeline.score.jackknife import of_tracks, stability_scores
from pipeline.score.neighbours import artist_hit, knn_accuracy
from pipeline.score.verdicts import Scores, paired
from pipeline.trials.claims import By, Claim, Judged, Row, ami, claim, judged, row, under_each
from pipeline.trials.designs import Questions
from pipeline.trials.sentences import OPENINGS, compared, counted, overall, separates, signed
from pipeline.trials.trials import CLUSTERERS, Trial

SHARE_OF = 0.05  # the least gain of which it is told how much is left when lyrics are missing
PRESSED = ("beta ", "tc ", "dip ")  # how the names of the disentangled models begin
COLLAPSED = 0.25  # share of active units below which a model is no answer, as evaluate.collapsed

Measure = Callable[[Trial], By | None]


@dataclass(frozen=True)
class World:
    """All that an answer may look at."""

    trials: Mapping[str, Trial]
    truths: Mapping[str, Array]  # by column
    artists: Array
    sources: Array  # who made the recording, "" where that is not known
    script: Array  # the script that most lines of a track's lyrics are in, "" for none
    kept: Mapping[float, Array]  # share of missing lyrics -> which tracks keep theirs
    group: Array  # of artists, each left out once for the intervals
    asked: Questions
    controls: Mapping[str, str]  # of each model: PCA at its number of active units

    def agreement(self, *columns: str) -> dict[str, Measure]:
        """AMI with these columns, as far as the tracks have them."""
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
    rows: list[Row]
    comparisons: list[Row]

    def json(self) -> dict[str, object]:
        return asdict(self)


def better_than_pca(world: World) -> Answer:
    about = ("representations", "Does a VAE learn better music representations than PCA?")
    measures = world.agreement(world.asked.sound)
    if not measures:
        return _not_asked(*about, world.asked.sound)
    if (world.artists != "").any():
        measures["artist hit@5"] = partial(_hits, artists=world.artists, group=world.group)
    models = [name for name in ("vae", "vae cross") if name in world.trials]
    rivals = {name: dict.fromkeys(("pca", world.controls[name], "track_lda")) for name in models}
    pairs = [(name, other) for name in models for other in rivals[name] if other in world.trials]
    found = _judge(world, pairs, measures)
    rows = _rows(world, dict.fromkeys(name for pair in pairs for name in pair), measures)
    versus_pca = [one for one in found if one.claim.other == "pca" and not _collapsed(world, one.claim.one)]
    sentences = [*map(compared, versus_pca), *_left_out(world, models)]
    return _answer(*about, overall(versus_pca), sentences, rows, found)


def influence_of_lyrics(world: World) -> Answer:
    about = ("lyrics", "How does lyric information influence clustering?")
    measures = world.agreement(world.asked.sound, world.asked.words)
    fused = [name for name in world.trials if name.startswith("audio + ")]
    if not fused:
        return Answer(*about, "not asked", "Not asked: no track has lyrics.", [], [])
    if not measures:
        return _not_asked(*about, world.asked.words)
    best = _plain(fused)[-1]
    pairs = [*((name, "audio") for name in fused), (best, f"{best} shuffled")]
    found = _judge(world, pairs, measures)
    told = [one for one in found if one.claim.one == best]  # against audio alone, and against the shuffled control
    versus_audio = [one for one in told if one.claim.other == "audio"]
    earned = _earned(versus_audio, told)
    sentences = list(map(compared, told))
    if len(earned) < len(versus_audio):
        sentences.append("A gain that is not shown against the lyrics of other songs is none of what these lyrics say.")
    gain = f"AMI {world.asked.words}"
    if any(one.verdict == "better" and one.claim.score == gain for one in earned):
        sentences += _kept(world, best)
    return _answer(*about, overall(earned), sentences, _rows(world, ["audio", *fused], measures), found)


def language_apart(world: World) -> Answer:
    about = ("language", "Can latent space separate songs by language without labels?")
    column = world.asked.language
    if column not in world.truths:
        return _not_asked(*about, column)
    truth, told = within_one_source(world.truths[column], world.sources)
    score, measure = f"AMI {column}", partial(ami, truth=truth, group=world.group)
    fused = _plain([name for name in world.trials if name.startswith("audio + ")])
    parts = {"sound alone": ["audio"], "lyrics alone": [t for t in ("tfidf", "word2vec", "bert") if t in world.trials]}
    parts["both"] = fused
    names = [name for own in parts.values() for name in own]
    found = judged([_above_chance(world.trials[name], score, measure, len(names) * len(CLUSTERERS)) for name in names])
    seen = {one.claim.one: one for one in found}
    sentences = [
        f"{what.capitalize()}: " + "; ".join(separates(seen[name]) for name in own if name in seen) + "."
        for what, own in parts.items()
        if any(name in seen for name in own)
    ]
    sentences.append(told)
    alone = _script_alone(world.script, truth)
    if alone is not None:
        sentences.append(f"The script of the lyrics gives {alone:.3f} with no model: language in text proves little.")
    answer = overall([seen["audio"]]) if "audio" in seen else "not shown"
    sentences.insert(0, {"yes": "By sound alone, yes.", "no": "Not by sound."}.get(answer, "By sound it is not shown."))
    return _answer(*about, answer, sentences, _rows(world, names, {score: measure}), found, opened=True)


def within_one_source(truth: Array, sources: Array) -> tuple[Array, str]:
    """The languages of the largest source that has two: else a difference of production would pass for one of them."""
    sizes = {
        str(source): int((sources == source).sum())
        for source in np.unique(sources)
        if len(set(truth[sources == source]) - {""}) > 1
    }
    if not sizes:
        return truth, "Each source has one language only, so production and language cannot be told apart here."
    largest = max(sizes, key=lambda source: sizes[source])
    named = f"within one production source ({largest})" if largest else "of no source that is told"
    return np.where(sources == largest, truth, ""), f"Asked of {sizes[largest]} of {len(truth)} tracks, {named}."


def stability(world: World) -> Answer:
    about = ("stability", "Do disentangled VAEs improve cluster stability?")
    measures: dict[str, Measure] = {
        "stability over seeds": partial(_over_seeds, group=world.group),
        "stability over subsamples": _over_subsamples,
    }
    pressed = [name for name in world.trials if name.startswith(PRESSED) and not _weak(name)]
    models = ["vae", *pressed]
    pairs = [(name, "vae") for name in pressed] + [(name, world.controls[name]) for name in models]
    found = _judge(world, pairs, measures)
    sound = [name for name in pressed if not _collapsed(world, name)]
    versus_vae = [one for one in found if one.claim.other == "vae" and one.claim.one in sound]
    versus_pca = [one for one in found if one.claim.other != "vae" and one.claim.one in sound]
    earned = _earned(versus_vae, found)
    sentences = [compared(one) for one in versus_vae if one.verdict != "not shown"]
    if len(earned) < len(versus_vae):
        sentences.append(
            "Against PCA with as few dimensions as they have active units it is not shown, so it is no merit of theirs."
        )
    sentences.append(counted(versus_vae, "the plain VAE"))
    sentences.append(counted(versus_pca, "PCA with as many dimensions as they have active units"))
    sentences += _left_out(world, pressed)
    weak = [name for name in world.trials if _weak(name)]
    shown = dict.fromkeys([*models, *weak, *(world.controls[name] for name in models)])
    rows = _rows(world, shown, measures | world.agreement(world.asked.sound) | {"squared error": _error})
    return _answer(*about, overall(earned), sentences, rows, found)


def _collapsed(world: World, name: str) -> bool:
    """Whether nearly all units say nothing: its clusters come again because there is little left to cluster."""
    active = world.trials[name].active
    return active is not None and active < COLLAPSED * world.asked.latent


def _left_out(world: World, names: Iterable[str]) -> list[str]:
    return [
        f"{name} is collapsed ({world.trials[name].active:.1f} of {world.asked.latent} units active) and left out."
        for name in names
        if _collapsed(world, name)
    ]


def _earned(asked: Sequence[Judged], found: Sequence[Judged]) -> list[Judged]:
    """Those of `asked` that count: a gain has to be shown against the model's other rival, its control, too."""
    better = {(one.claim.one, one.claim.other, one.claim.score) for one in found if one.verdict == "better"}

    def counts(one: Judged) -> bool:
        own = one.claim
        return one.verdict != "better" or any(
            (model, score) == (own.one, own.score) and other != own.other for model, other, score in better
        )

    return [one for one in asked if counts(one)]


def resampled(name: str) -> bool:
    """Whether a trial is in the last question, which asks how its clusters come back from fewer tracks."""
    return name == "vae" or name.startswith((*PRESSED, "pca"))


def _weak(name: str) -> bool:
    """A beta below 1 presses less than the plain VAE: it is in the curve, and is no disentangled model."""
    return name.startswith("beta ") and float(name.removeprefix("beta ")) < 1


def _plain(fused: Sequence[str]) -> list[str]:
    """The trials with all lyrics as they are."""
    return [name for name in fused if "," not in name and not name.endswith("shuffled")]


def _judge(world: World, pairs: Sequence[tuple[str, str]], measures: Mapping[str, Measure]) -> list[Judged]:
    """The verdicts of every pair in every measure, which are one family."""
    some = world.trials[pairs[0][0]]
    family = len(pairs) * sum(len(measure(some) or ()) for measure in measures.values())
    return judged(
        [
            claim(world.trials[one], world.trials[other], score, measure, max(family, 1))
            for one, other in pairs
            for score, measure in measures.items()
        ]
    )


def _rows(world: World, names: Iterable[str], measures: Mapping[str, Measure]) -> list[Row]:
    trials = [world.trials[name] for name in names]
    return [
        line for trial in trials for score, measure in measures.items() for line in row(trial, score, measure(trial))
    ]


def _answer(
    id_: str,
    question: str,
    answer: str,
    sentences: Iterable[str],
    rows: list[Row],
    found: Sequence[Judged],
    *,
    opened: bool = False,
) -> Answer:
    opening = [] if opened else [OPENINGS[answer]]
    comparisons = [line for one in found for line in one.rows()]
    if not found:
        few = f"Not asked: {' and '.join(CLUSTERERS)} do not both find clusters in these tracks."
        return Answer(id_, question, "not asked", few, rows, [])
    return Answer(id_, question, answer, " ".join([*opening, *sentences]), rows, comparisons)


def _not_asked(id_: str, question: str, column: str) -> Answer:
    return Answer(id_, question, "not asked", f"Not asked: the tracks tell too little of {column!r}.", [], [])


def _kept(world: World, best: str) -> list[str]:
    """How much of what the lyrics gained is left to the songs that keep theirs when others lose them."""
    found = []
    for share in sorted(share for share in world.kept if 0 < share < 1):
        parts = []
        for score, measure in _among(world, world.kept[share]).items():
            audio, full, left = (
                _mean(measure(world.trials[name])) for name in ("audio", best, f"{best}, {share:.0%} missing")
            )
            if full - audio >= SHARE_OF:
                parts.append(f"{(left - audio) / (full - audio):.0%} of the gain in {score} ({signed(full - audio)})")
        if parts:
            found.append(f"With {share:.0%} of the lyrics missing, songs that keep theirs keep {' and '.join(parts)}.")
    return found


def _among(world: World, here: Array) -> dict[str, Measure]:
    """How well what the words should tell is told, of these tracks alone."""
    column = world.asked.words
    truth = np.where(here, world.truths[column], "")
    return {
        f"AMI {column}": partial(ami, truth=truth, group=world.group),
        f"kNN {column}": partial(_near, truth=truth, artists=world.artists, group=world.group),
    }


def _near(trial: Trial, truth: Array, artists: Array, group: Array) -> By | None:
    """How well a track's label is that of its nearest of other artists; no clusterer is needed."""

    def near(points: Array, some: Array) -> float | None:
        return knn_accuracy(points[some], truth[some], artists[some])

    _, scores = of_tracks(near, trial.values, group)
    return None if scores is None else {"": scores}


def _mean(by: By | None) -> float:
    """The mean over the seeds, under KMeans where there are several clusterers."""
    return float(next(iter(by.values())).whole.mean()) if by else float("nan")


def _hits(trial: Trial, artists: Array, group: Array) -> By | None:
    """How often a track of the same artist is among the nearest; no clusterer is needed."""

    def hit(points: Array, some: Array) -> float | None:
        return artist_hit(points[some], artists[some])

    _, scores = of_tracks(hit, trial.values, group)
    return None if scores is None else {"": scores}


def _over_seeds(trial: Trial, group: Array) -> By | None:
    return under_each({name: stability_scores(trial.labels[name], group) for name in CLUSTERERS})


def _error(trial: Trial) -> By | None:
    """What a model misses of the sound: beside stability, since a model that says little is stable."""
    values = np.array(trial.errors)
    return {"": Scores(values, np.tile(values[:, None], (1, 2)))} if len(values) else None


def _over_subsamples(trial: Trial) -> By | None:
    found = {name: np.array(trial.subsamples.get(name, [np.nan])) for name in CLUSTERERS}
    # Artists have no part in it: the interval is over the seeds, each of which draws subsamples of its own.
    return under_each(
        {
            name: None if np.isnan(values).any() else Scores(values, np.tile(values[:, None], (1, 2)))
            for name, values in found.items()
        }
    )


def _above_chance(trial: Trial, score: str, measure: Measure, family: int) -> Claim | None:
    """Agreement above 0, which is what chance gives."""
    by = measure(trial)
    if by is None:
        return None
    zero = {name: Scores(np.zeros_like(one.whole), np.zeros_like(one.without)) for name, one in by.items()}
    return Claim(trial.name, "chance", score, {name: paired(by[name], zero[name], family) for name in by})


def _script_alone(script: Array, truth: Array) -> float | None:
    """AMI of the language with the script of the lyrics, for the tracks that have some."""
    known = np.where(script != "", truth, "")
    return agreement("ami", known, np.unique(script, return_inverse=True)[1].astype(np.int64))


QUESTIONS: tuple[Callable[[World], Answer], ...] = (better_than_pca, influence_of_lyrics, language_apart, stability)
