"""Do disentangled VAEs give more stable clusters? Stable is what a refit on other artists finds again.

Every method is refitted, PCA too. A model that encodes little is stable, so PCA that is as uneven is a rival as well,
and the agreement with a label stands beside the stability.
"""

from pipeline.trials import measures
from pipeline.trials.answers import About, Answer, QuestionData, answered, not_asked
from pipeline.trials.claims import Claim, TableRow, judged, score_rows
from pipeline.trials.designs import Condition
from pipeline.trials.sentences import Wording, counted

ABOUT = About("stability", "Do disentangled VAEs improve cluster stability?")
LEAST = 3  # fits: the spread of a mean over pairs needs as many
CONTROL = "pca_m"  # PCA as even as the model, whatever its number of dimensions
STABLE = Wording(
    better="Clusters of {model} are more stable than those of the plain VAE and of PCA as even as it ({score})",
    worse="Clusters of {model} are less stable than those of the plain VAE ({score})",
    equivalent="Clusters of {model} are as stable as those of the plain VAE, without a relevant difference ({score})",
    undecided="Whether clusters of {model} are more stable than those of the plain VAE is undecided ({score})",
)


def stability(data: QuestionData) -> Answer:
    (plain,) = data.names(lambda each: each.is_plain and not each.crossed)
    if min(map(len, data.trials[plain].refits.values()), default=0) < LEAST:
        return not_asked(ABOUT, f"clusters of {LEAST} fits to other artists or more are needed: see `folds`.")
    disentangled = data.names(lambda each: each.is_disentangled)
    standing = data.standing(disentangled)
    strongly = [name for name in standing if _is_primary(data.trials[name].condition, data.params.strength)]
    asked = [(name, score) for name in strongly for score in data.params.primary.stability]
    primary = judged([_claim(data, name, score, plain) for name, score in asked], "primary")
    others = [_claim(data, name, "refits", plain) for name in standing if name not in strongly]
    others.append(_over_control(data, plain))
    secondary = judged(others, "secondary")
    notes = data.left_out(disentangled)
    if len(secondary) > 1:
        notes.append(f"Other weights of the KL term: {counted(secondary[:-1])}.")
    models = [plain, *disentangled, *data.names(lambda each: each.is_relaxed)]
    return answered(ABOUT, data, primary, secondary, lambda _: STABLE, _rows(data, models), notes)


def _is_primary(condition: Condition, strength: float) -> bool:
    return condition.objective != "beta" or condition.beta == strength


def _claim(data: QuestionData, name: str, score: str, plain: str) -> Claim:
    """Against the plain VAE, and against PCA as even as the model."""
    control = data.controls[name]
    above = {plain: data.above(name, plain, score, ""), CONTROL: data.above(name, control, score, "")}
    return Claim(name, score, "", above, data.effects.of(score), f"{CONTROL} is {control}")


def _over_control(data: QuestionData, plain: str) -> Claim:
    control = data.controls[plain]
    above = {CONTROL: data.above(plain, control, "refits", "")}
    return Claim(plain, "refits", "", above, data.effects.of("refits"), f"{CONTROL} is {control}")


def _rows(data: QuestionData, models: list[str]) -> list[TableRow]:
    """Stability beside agreement, and beside what a model misses of the sound."""
    rows = list[TableRow]()
    for name in dict.fromkeys([*models, *(data.controls[each] for each in models)]):
        trial = data.trials[name]
        rows += score_rows(trial, "refits", "", measures.refits(trial, data.group))
        for column in data.columns(data.params.sound):
            agreed = measures.refit_agreement(trial, data.truths[column], data.group)
            rows += score_rows(trial, "ami", column, agreed)
        rows += score_rows(trial, "squared error", "", measures.squared_error(trial))
    return rows
