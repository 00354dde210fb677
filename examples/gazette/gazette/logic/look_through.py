"""look_through: every part of a text that a pattern describes.

Yours: this file was made once, and is never overwritten. `boundary.py` says what goes in, what
comes out, and what it may raise.
"""

from backwright_runtime.safe import Refused, patterns

from gazette.boundary import LookThroughInput, LookThroughOutput, UnfitPattern

MOST = 100
LONGEST = 255


async def look_through(given: LookThroughInput) -> LookThroughOutput:
    """The first hundred parts of a text that a pattern describes. Raises UnfitPattern."""
    try:
        found = patterns.every(given.pattern, given.body)
    except Refused:
        raise UnfitPattern from None
    return LookThroughOutput(found=[each[:LONGEST] for each in found[:MOST]])
