"""Tests of `count_words`. Yours: this file was made once, and is never overwritten."""

import pytest

from choir.boundary import CountWordsInput, CountWordsOutput
from choir.logic.count_words import count_words

pytestmark = pytest.mark.anyio


async def test_count_words_returns_1() -> None:
    """Example 1 of the specification."""
    given = CountWordsInput(words="The sea is calm")
    assert await count_words(given) == CountWordsOutput(words=4)


async def test_what_looks_like_an_option_is_counted() -> None:
    """The text is input of the program, not an argument."""
    assert await count_words(CountWordsInput(words="--help; rm -rf /")) == CountWordsOutput(words=4)
