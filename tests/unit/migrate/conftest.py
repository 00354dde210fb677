"""An empty database of each kind for a test: SQLite always, PostgreSQL where a server is to be had."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from backwright.migrate import disposable


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of an empty database."""
    if request.param == "postgresql":
        yield request.getfixturevalue("postgres_url")
        return
    with disposable.sqlite_url() as url:
        yield url
