"""The rows: articles with an author, three tags and three favorites each, loaded past every service."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

AUTHORS = 1000
TAGS = 200
FAVORITES = 3
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
BODY = "All words of this article are the same, as nobody is going to read them. " * 6
READER = UUID(int=1)
"""Who asks: follows some authors, favorites nothing at first."""

USER = ("id", "email", "username", "password", "bio", "image")
ARTICLE = ("id", "slug", "title", "description", "body", "tags", "author_id", "created_at", "updated_at")
FOLLOW = ("follower_id", "followed_id")
FAVORITE = ("article_id", "user_id")


def author(number: int) -> UUID:
    return UUID(int=(1 << 100) + number)


def article(number: int) -> UUID:
    return UUID(int=(7 << 76) + (number << 80) + (0b10 << 62) + number)


def users() -> Iterator[tuple[object, ...]]:
    yield READER, "reader@example.com", "reader", "no password", "", ""
    for n in range(AUTHORS):
        yield author(n), f"author{n}@example.com", f"author{n}", "no password", f"Author {n}", ""


def articles(count: int) -> Iterator[tuple[object, ...]]:
    for n in range(count):
        at = FIRST + timedelta(seconds=n)
        tags = [f"tag{(n * step) % TAGS}" for step in (1, 3, 7)]
        slug, title = f"article-{n}", f"Article {n}"
        yield article(n), slug, title, f"What {n} is about", BODY, tags, author(n % AUTHORS), at, at


def favorites(count: int) -> Iterator[tuple[object, ...]]:
    for n in range(count):
        for step in range(FAVORITES):
            yield article(n), author((n * 31 + step) % AUTHORS)


def follows() -> Iterator[tuple[object, ...]]:
    for n in range(0, AUTHORS, 20):
        yield READER, author(n)


def load(url: str, count: int) -> None:
    """Fill the tables."""
    tables = (
        ("user", USER, users()),
        ("follow", FOLLOW, follows()),
        ("article", ARTICLE, articles(count)),
        ("favorite", FAVORITE, favorites(count)),
    )
    if url.startswith("sqlite:"):
        with closing(_file(url)) as file:
            file.execute("BEGIN")
            for table, columns, rows in tables:
                places = ", ".join("?" * len(columns))
                statement = f'INSERT INTO "{table}" ({", ".join(columns)}) VALUES ({places})'  # noqa: S608
                file.executemany(statement, (tuple(map(_stored, row)) for row in rows))
            file.execute("COMMIT")
        return

    async def copied() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute("SET session_replication_role = replica")  # the rows are known to fit
            for table, columns, rows in tables:
                await connection.copy_records_to_table(table, columns=columns, records=rows)
        finally:
            await connection.close()

    asyncio.run(copied())


def settle(url: str) -> None:
    """The same rows before every measurement that writes, and statistics about them."""
    statements = (
        "DELETE FROM article WHERE slug LIKE 'made-%'",
        f"DELETE FROM favorite WHERE user_id = '{READER}'",  # noqa: S608
    )
    if url.startswith("sqlite:"):
        with closing(_file(url)) as file:
            for statement in (*statements, "ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)"):
                file.execute(statement)
        return

    async def work() -> None:
        connection = await asyncpg.connect(url)
        try:
            for statement in (
                *statements,
                "VACUUM (ANALYZE) article",
                "VACUUM (ANALYZE) favorite",
                "CHECKPOINT",
            ):
                await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(work())


def _file(url: str) -> sqlite3.Connection:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=10)
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _stored(value: object) -> object:
    match value:
        case UUID():
            return str(value)
        case datetime():
            return value.isoformat(timespec="microseconds")[:-6] + "Z"
        case list():
            return json.dumps(value, separators=(",", ":"))
        case _:
            return value
