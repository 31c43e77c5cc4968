"""Verdicts as sentences made from the numbers, with the least significant difference where none was significant."""

from collections.abc import Sequence

from pipeline.score.verdicts import Difference
from pipeline.trials.claims import JudgedClaim

OPENINGS = {
    "yes": "Yes.",
    "no": "No.",
    "mixed": "In part: better in some, worse in others.",
    "not shown": "Not shown.",
}


def signed(value: float) -> str:
    return f"{value:+.3f}"


def interval_text(difference: Difference) -> str:
    """`+0.031 [-0.010, +0.072]`: a difference with its interval."""
    return f"{signed(difference.mean)} [{signed(difference.low)}, {signed(difference.high)}]"


def detectable(claim: JudgedClaim) -> str:
    """The least difference that could have been detected; none of these scores can differ by more than 1."""
    if claim.smallest < 1:
        return f"a difference of {claim.smallest:.3f} could have been detected"
    return "no difference within the score's range could have been detected"


def compared(judged: JudgedClaim) -> str:
    """A claim as a sentence."""
    claim = judged.claim
    sentence = f"{claim.score}: {claim.model} against {claim.against} {interval_text(judged.main)}, {judged.verdict}"
    if judged.verdict != "not shown":
        return f"{sentence}."
    note = f" ({judged.judgement.note})" if judged.judgement.note else ""
    return f"{sentence}{note}; {detectable(judged)}."


def separates(claim: JudgedClaim) -> str:
    """Whether a space separates the values of a label, as a part of a sentence."""
    verdict = {"better": "separated", "worse": "less than chance", "not shown": "not shown"}[claim.verdict]
    smallest = f"; {detectable(claim)}" if claim.verdict == "not shown" else ""
    return f"{claim.claim.model} {verdict} (AMI {interval_text(claim.main)}{smallest})"


def counted(claims: Sequence[JudgedClaim], against: str) -> str:
    """How many claims have each verdict."""
    counts = {
        verdict: sum(claim.verdict == verdict for claim in claims) for verdict in ("better", "worse", "not shown")
    }
    parts = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    return f"Against {against}, {len(claims)} comparisons: {parts}."


def overall(claims: Sequence[JudgedClaim]) -> str:
    """One word for several claims: what all significant ones agree on."""
    verdicts = {claim.verdict for claim in claims} - {"not shown"}
    if len(verdicts) == 2:
        return "mixed"
    return {"better": "yes", "worse": "no"}[verdicts.pop()] if verdicts else "not shown"
