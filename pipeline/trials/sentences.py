"""Verdicts as plain sentences made from the numbers, with what could have been detected where nothing was."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from pipeline.score.verdicts import Difference, Verdict
from pipeline.trials.claims import JudgedClaim

OPENINGS = {
    "yes": "Yes",
    "no": "No",
    "mixed": "In part",
    "undecided": "Undecided",
    "equivalent": "No relevant difference",
}
WORDS = {"better": "better", "worse": "worse", "equivalent": "no relevant difference", "undecided": "undecided"}
SCORES = {
    "ami": "AMI",
    "ami_curve": "mean AMI over k",
    "knn": "kNN",
    "probe": "linear probe",
    "artist_hit": "artist hit@5",
    "refits": "ARI of refits",
}


@dataclass(frozen=True)
class Wording:
    """A claim in words for each verdict; {model}, {against}, {column} and {score} stand in them."""

    better: str
    worse: str
    equivalent: str
    undecided: str

    def of(self, verdict: Verdict) -> str:
        return {
            "better": self.better,
            "worse": self.worse,
            "equivalent": self.equivalent,
            "undecided": self.undecided,
        }[verdict]


def worded(wording: Wording, prefix: str) -> Wording:
    """The same after these words."""
    return Wording(*(f"{prefix}{getattr(wording, each.name)}" for each in fields(Wording)))


def two_digits(value: float) -> str:
    """`+0.03`; zero has no sign."""
    text = f"{value:+.2f}"
    return text if float(text) else text.lstrip("+-")


def interval_text(difference: Difference) -> str:
    """`+0.03 (-0.01 to +0.07)`: a difference with its interval."""
    return f"{two_digits(difference.mean)} ({two_digits(difference.low)} to {two_digits(difference.high)})"


def detectable(judged: JudgedClaim) -> str:
    """The least difference that could have been detected; none of these scores can differ by more than 1."""
    smallest = judged.judgement.smallest
    if smallest is None or smallest >= 1:
        return "no difference within the score's range could have been detected"
    return f"a difference of {smallest:.2f} could have been detected"


def sentence(judged: JudgedClaim, wording: Wording) -> str:
    """A claim as a sentence."""
    claim, difference = judged.claim, judged.main
    words = wording.of(judged.verdict).format(
        model=claim.model, against=claim.note or claim.against, column=claim.column, score=_scored(judged)
    )
    if judged.judgement.p is None or difference is None:
        return f"{words}: the score is undefined."
    parts = [f"{words}: {interval_text(difference)}"]
    if judged.verdict == "equivalent":
        parts.append(f"less than {claim.margin:.2f} either way")
    if judged.verdict == "undecided":
        parts.append(detectable(judged))
    if judged.judgement.note:
        parts.append(judged.judgement.note)
    return f"{'; '.join(parts)}."


def _scored(judged: JudgedClaim) -> str:
    """The score's name; with its value and that of chance where these are shares."""
    claim, name = judged.claim, SCORES[judged.claim.score]
    if claim.value is None or claim.base is None:
        return name
    return f"{name} {claim.value:.2f}, chance {claim.base:.2f}"


def short(judged: JudgedClaim) -> str:
    """What a claim is about, in a few words."""
    claim = judged.claim
    column = f" of {claim.column}" if claim.column and claim.score != "artist_hit" else ""
    return f"{claim.model} in {SCORES[claim.score]}{column}"


def overall(claims: Sequence[JudgedClaim]) -> str:
    """One word for the primary claims of a question: yes or equivalent only if that is true of all of them."""
    verdicts = {each.verdict for each in claims}
    if verdicts == {"better"}:
        return "yes"
    if "better" in verdicts:
        return "mixed"
    if "worse" in verdicts:
        return "no"
    return "equivalent" if verdicts == {"equivalent"} else "undecided"


def counted(claims: Sequence[JudgedClaim]) -> str:
    """How many claims have each verdict, in words."""
    counts = {word: sum(each.verdict == verdict for each in claims) for verdict, word in WORDS.items()}
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count)
