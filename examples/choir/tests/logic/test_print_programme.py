"""Tests of `print_programme`. Yours: this file was made once, and is never overwritten."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from backwright_runtime.testing import Rows

from choir.boundary import PrintProgrammeInput, PrintProgrammeOutput, PrintProgrammeUse, ScoreRead
from choir.logic.print_programme import print_programme

pytestmark = pytest.mark.anyio


async def test_print_programme_returns_1() -> None:
    """Example 1 of the specification."""
    given = PrintProgrammeInput(heading="Night & Sea")
    use = PrintProgrammeUse(now=datetime(2030, 1, 1, tzinfo=UTC), scores=Rows())
    assert await print_programme(given, use) == PrintProgrammeOutput(
        page="<h1>Night &amp; Sea, 2030</h1><ol></ol>"
    )


async def test_titles_are_escaped() -> None:
    """A title is text, whatever it looks like."""
    key = UUID(int=1)
    rows = Rows(ScoreRead(id=key, title="<script>", words="", word_count=0, singer_id=key))
    use = PrintProgrammeUse(now=datetime(2030, 1, 1, tzinfo=UTC), scores=rows)
    page = (await print_programme(PrintProgrammeInput(heading="{{ 7 * 7 }}"), use)).page
    assert page == "<h1>{{ 7 * 7 }}, 2030</h1><ol><li>&lt;script&gt;</li></ol>"
