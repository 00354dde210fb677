"""A file of SQL as a migration: which part of it goes forward, and whether its tool runs it in a transaction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from backwright.review.findings import Finding, Site
from backwright.review.sql.judge import judge
from backwright.review.sql.reading import NotSql, statements, up_part
from backwright.review.sql.rules import RULES
from backwright.review.suppress import UNREAD

_OTHER_DATABASE = re.compile(r"(?:^|[._-])(?:sqlite3?|mysql|mariadb|mssql|oracle)(?:[._-]|$)", re.IGNORECASE)
_REVERSE = re.compile(r"(?:^|[._-])(?:down|undo|rollback|revert)(?:[._-]|$)|^U\d[\d._]*__", re.IGNORECASE)
_SECTION = re.compile(
    r"^\s*--\s*(?:\+goose\s+up|\+migrate\s+up|migrate:up)\b(.*)$", re.IGNORECASE | re.MULTILINE
)
_DOWN_SECTION = re.compile(
    r"^\s*--\s*(?:\+goose\s+down|\+migrate\s+down|migrate:down)\b", re.IGNORECASE | re.MULTILINE
)
_NO_TRANSACTION = re.compile(r"no\s*transaction|transaction:\s*false", re.IGNORECASE)


def review(path: Path, file: str, text: str) -> Iterator[Finding]:
    """The findings of a file of SQL. What goes back, and what is for another database, is not judged."""
    if _OTHER_DATABASE.search(path.name) or _REVERSE.search(path.name):
        return
    section = _SECTION.search(text)
    sectioned = section is not None and not _NO_TRANSACTION.search(text[: section.end() + 200])
    try:
        found = statements(up_part(text), file, transaction=sectioned)
    except NotSql as error:
        yield Site(file, 1, 1).finding(UNREAD, f"no SQL of PostgreSQL: {error}", "warning")
        return
    yield from judge(found)
    if found:
        yield from _reverse(path, file, text, section is not None)


def _reverse(path: Path, file: str, text: str, sectioned: bool) -> Iterator[Finding]:
    rule = RULES["no-reverse"]
    if sectioned and _DOWN_SECTION.search(text) is None:
        yield Site(file, 1, 1).finding(rule, "there is no down section", "warning")
    match = re.search(r"(^|[._-])up([._-])", path.name)
    if match is None:
        return
    down = path.with_name(
        path.name[: match.start()] + match[1] + "down" + match[2] + path.name[match.end() :]
    )
    if not down.exists():
        yield Site(file, 1, 1).finding(rule, f"there is no {down.name}", "warning")
