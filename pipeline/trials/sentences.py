"""Verdicts as sentences that are made from the numbers, with what could have been seen where nothing was."""

from collections.abc import Sequence

from pipeline.score.verdicts import Difference
from pipeline.trials.claims import Judged

OPENINGS = {
    "yes": "Yes.",
    "no": "No.",
    "mixed": "In part: better in some, worse in others.",
    "not shown": "Not shown.",
}


def signed(value: float) -> str:
    return f"{value:+.3f}"


def could(one: Judged) -> str:
    """The least difference that these data could have shown; none of these scores can differ by more than 1."""
    return f"{one.smallest:.3f}" if one.smallest < 1 else "none"


def told(difference: Difference) -> str:
    """`+0.031 [-0.010, +0.072]`: a difference with its interval."""
    return f"{signed(difference.mean)} [{signed(difference.low)}, {signed(difference.high)}]"


def compared(one: Judged) -> str:
    """A claim as a sentence; with the least that could have been seen where nothing was shown."""
    seen = f"{one.claim.score}: {one.claim.one} against {one.claim.other} {told(one.main)}, {one.verdict}"
    if one.verdict != "not shown":
        return f"{seen}."
    note = f" ({one.note})" if one.note else ""
    return f"{seen}{note}; these data could have shown {could(one)}."


def separates(one: Judged) -> str:
    """Whether a space falls apart by a label, as a part of a sentence."""
    said = {"better": "separated", "worse": "less than chance", "not shown": "not shown"}[one.verdict]
    smallest = f", {could(one)} would have been seen" if one.verdict == "not shown" else ""
    return f"{one.claim.one} {said} (AMI {told(one.main)}{smallest})"


def counted(found: Sequence[Judged], against: str) -> str:
    """How the verdicts of many claims fall out."""
    counts = {said: sum(one.verdict == said for one in found) for said in ("better", "worse", "not shown")}
    parts = ", ".join(f"{count} {said}" for said, count in counts.items() if count)
    return f"Against {against}, {len(found)} comparisons: {parts}."


def overall(found: Sequence[Judged]) -> str:
    """One word for several claims: what all that was shown agrees on."""
    said = {one.verdict for one in found} - {"not shown"}
    if len(said) == 2:
        return "mixed"
    return {"better": "yes", "worse": "no"}[said.pop()] if said else "not shown"
