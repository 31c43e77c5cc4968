"""Does a VAE learn better music representations than linear methods? Only a win over the strongest of them is one."""

from pipeline.score.verdicts import strongest
from pipeline.trials.answers import ARTIST, About, Answer, QuestionData, answered, has_artists, without_column
from pipeline.trials.claims import Claim, JudgedClaim, judged
from pipeline.trials.sentences import Wording

ABOUT = About("representations", "Does a VAE learn better music representations than linear methods?")
LINEAR = "linear"  # the strongest linear method; which one that is depends on the score
BY_COLUMN = Wording(
    better="{model} groups songs by {column} better than {against} ({score})",
    worse="{model} groups songs by {column} worse than {against} ({score})",
    equivalent="{model} groups songs by {column} as well as {against}, without a relevant difference ({score})",
    undecided="Whether {model} groups songs by {column} better than {against} is undecided ({score})",
)


def representations(data: QuestionData) -> Answer:
    column = data.params.sound
    if column not in data.truths and not has_artists(data):
        return without_column(ABOUT, column, "no column says what the sound should show, such as a genre")
    columns = data.columns(column)
    asked = [(score, column) for score in data.params.primary.representations] if columns else [("artist_hit", ARTIST)]
    beside = [("artist_hit", ARTIST)] if columns and has_artists(data) else []
    models = data.names(lambda each: each.is_plain)
    rungs = data.names(lambda each: each.kind == "linear" and not each.dimensions)
    standing = data.standing(models)
    primary = judged([_over_linear(data, model, *pair, rungs) for model in standing for pair in asked], "primary")
    others = [_over_linear(data, model, *pair, rungs) for model in standing for pair in beside]
    others += [_over_pca(data, model, *pair) for model in standing for pair in asked]
    rows = data.rows([*models, *rungs], [*asked, *beside])
    notes = data.left_out(models)
    return answered(ABOUT, data, primary, judged(others, "secondary"), _wording, rows, notes)


def _over_linear(data: QuestionData, model: str, score: str, column: str, rungs: list[str]) -> Claim:
    """Against the strongest rung, with p that allow for the choice."""
    rung, chosen = strongest({rung: data.above(model, rung, score, column) for rung in rungs})
    note = f"{rung}, the strongest linear method"
    return Claim(model, score, column, {LINEAR: chosen}, data.effects.of(score), note)


def _over_pca(data: QuestionData, model: str, score: str, column: str) -> Claim:
    return Claim(model, score, column, {"pca": data.above(model, "pca", score, column)}, data.effects.of(score))


def _wording(_: JudgedClaim) -> Wording:
    return BY_COLUMN
