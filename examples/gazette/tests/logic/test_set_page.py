"""Tests of `set_page`. Yours: this file was made once, and is never overwritten."""

import pytest

from gazette.boundary import SetPageInput, SetPageOutput, UnfitLayout
from gazette.logic.set_page import set_page

pytestmark = pytest.mark.anyio


async def test_set_page_returns_1() -> None:
    """Example 1 of the specification."""
    given = SetPageInput(
        layout="<h1>{{ headline }}</h1>{{ body }}", headline="Rain & sun", body="Wet."
    )
    assert await set_page(given) == SetPageOutput(html="<h1>Rain &amp; sun</h1>Wet.")


async def test_set_page_raises_unfit_layout_2() -> None:
    """Example 2 of the specification."""
    given = SetPageInput(layout="{{ secrets }}", headline="Rain", body="Wet.")
    with pytest.raises(UnfitLayout):
        await set_page(given)
