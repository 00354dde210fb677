"""set_page: a draft in a layout that the editor wrote.

Yours: this file was made once, and is never overwritten. `boundary.py` says what goes in, what
comes out, and what it may raise.
"""

from backwright_runtime.safe import Refused, templates

from gazette.boundary import SetPageInput, SetPageOutput, UnfitLayout

LONGEST = 60_000
"""Characters of a page, so that a loop in a layout ends."""


async def set_page(given: SetPageInput) -> SetPageOutput:
    """A draft as a page of HTML, in a layout that the editor wrote. Raises UnfitLayout."""
    values = {"headline": given.headline, "body": given.body}
    try:
        return SetPageOutput(html=templates.html(given.layout, values, largest=LONGEST))
    except Refused:
        raise UnfitLayout from None
