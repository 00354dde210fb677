"""Runs coroutines: each test has a loop of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest


@pytest.fixture
def run() -> Callable[[Coroutine[Any, Any, object]], object]:
    """Runs a coroutine to its end."""
    return asyncio.run
