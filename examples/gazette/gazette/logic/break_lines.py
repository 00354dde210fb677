"""break_lines: a text in the lines of a column.

Yours: this file was made once, and is never overwritten. `boundary.py` says what goes in, what
comes out, and what it may raise.
"""

from backwright_runtime.safe import Refused, programs

from gazette.boundary import BreakLinesInput, BreakLinesOutput, UnfitColumn

LONGEST = 60_000


async def break_lines(given: BreakLinesInput) -> BreakLinesOutput:
    """A text in the lines of a column, as the program `fmt` breaks them. Raises UnfitColumn."""
    arguments, text = ["-w", str(given.width)], given.body.encode()
    try:
        done = await programs.run("fmt", arguments, given=text, seconds=3, largest=LONGEST)
    except Refused:
        raise UnfitColumn from None
    if done.code != 0:
        raise UnfitColumn
    return BreakLinesOutput(column=done.output.decode())
