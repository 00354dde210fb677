"""A pytest plugin for `unit` where one finding is enough: tests that name certain operations run first."""

from __future__ import annotations

import os
from typing import Protocol

NAMES = "BACKWRIGHT_LOOK_FIRST"
"""The variable that holds the names, separated by commas."""


class Item(Protocol):
    """A test, as far as its name goes."""

    name: str


def pytest_collection_modifyitems(items: list[Item]) -> None:
    """Those first whose name begins like one of the names; otherwise the order stays."""
    begin = tuple(f"test_{name}" for name in os.environ.get(NAMES, "").split(",") if name)
    items.sort(key=lambda item: not item.name.startswith(begin))
