"""Every piece of HTML comes from templates/: a value is text and is escaped, unless a template made it."""

from pathlib import Path

import jinja2
from markupsafe import Markup

SIGNS = {  # verdict -> sign, so that colour is never the only mark of a verdict
    "better": "▲",
    "worse": "▼",
    "equivalent": "＝",
    "undecided": "○",
    "strongest": "◆",
    "leaky": "†",
    "collapsed": "‡",
    "yes": "●",
    "no": "●",
    "mixed": "◐",
    "strong": "▲",
    "weak": "△",
}
WORDS = {  # verdict -> what readers see, where it is another word
    "equivalent": "no relevant difference",
    "strongest": "the strongest linear method",
    "leaky": "not counted",
}


def rounded(value: float, digits: int, *, signed: bool = False) -> str:
    """A number as readers see it: zero has no sign, and a minus is a minus."""
    if abs(value) >= 1000:
        digits = 0
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    elif signed and value > 0:
        text = f"+{text}"
    return text.replace("-", "\N{MINUS SIGN}")


ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
ENVIRONMENT.filters |= {
    "rounded": rounded,
    "g": lambda value: f"{value:g}",
    "sign": lambda verdict: SIGNS.get(verdict, SIGNS["undecided"]),
    "worded": lambda verdict: WORDS.get(verdict, verdict),
}


def render(name: str, **values: object) -> Markup:
    """The HTML of templates/NAME.html with these values."""
    return Markup(ENVIRONMENT.get_template(f"{name}.html").render(values))


def part(name: str, *values: object, **options: object) -> Markup:
    """The HTML of a macro of templates/parts.html with these values."""
    macro = getattr(ENVIRONMENT.get_template("parts.html").module, name)
    return Markup(macro(*values, **options))
