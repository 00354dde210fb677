"""Tests of `find_lines`. Yours: this file was made once, and is never overwritten."""

from uuid import UUID

import pytest
from backwright_runtime.testing import Rows

from choir.boundary import FindLinesInput, FindLinesOutput, FindLinesUse, ScoreRead, UnfitPattern
from choir.logic.find_lines import find_lines

pytestmark = pytest.mark.anyio


async def test_find_lines_returns_1() -> None:
    """Example 1 of the specification."""
    given = FindLinesInput(pattern=".*sea.*")
    use = FindLinesUse(scores=Rows())
    assert await find_lines(given, use) == FindLinesOutput(lines=[])


async def test_find_lines_raises_unfit_pattern_2() -> None:
    """Example 2 of the specification."""
    given = FindLinesInput(pattern="(sea")
    use = FindLinesUse(scores=Rows())
    with pytest.raises(UnfitPattern):
        await find_lines(given, use)


async def test_lines_are_in_the_order_of_titles() -> None:
    """Whole lines, whatever order rows come in; a pattern that takes for ever elsewhere ends."""
    key = UUID(int=1)
    rows = Rows(
        ScoreRead(id=key, title="B", words="The sea\nThe land", word_count=4, singer_id=key),
        ScoreRead(id=key, title="A", words=f"{'a' * 5000}\nA sea", word_count=3, singer_id=key),
    )
    found = await find_lines(FindLinesInput(pattern=".*sea"), FindLinesUse(scores=rows))
    assert found.lines == ["A sea", "The sea"]
    assert (
        await find_lines(FindLinesInput(pattern="(a+)+b"), FindLinesUse(scores=rows))
    ).lines == []
