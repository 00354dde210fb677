"""print_programme.

Yours: this file was made once, and is never overwritten. `boundary.py` says what goes in, what
comes out, and what it may raise.
"""

from backwright_runtime.safe import templates

from choir.boundary import PrintProgrammeInput, PrintProgrammeOutput, PrintProgrammeUse

PAGE = (
    "<h1>{{ heading }}, {{ year }}</h1>"
    "<ol>{% for title in titles %}<li>{{ title }}</li>{% endfor %}</ol>"
)


async def print_programme(
    given: PrintProgrammeInput, use: PrintProgrammeUse
) -> PrintProgrammeOutput:
    """The titles of the caller's scores as a page."""
    scores = sorted(await use.scores.where(), key=lambda each: each.title)
    values = {
        "heading": given.heading,
        "year": use.now.year,
        "titles": [each.title for each in scores],
    }
    return PrintProgrammeOutput(page=templates.html(PAGE, values, largest=100_000))
