"""What a `DO` block runs: the statements between its control words, and texts that it hands to EXECUTE.

A text that is put together while the block runs is read as far as it stands there: `%I` and the like are names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backwright.review.sql.reading import NotSql, Statement, Word, starts, statements

_CONTROL = "BEGIN|THEN|ELSE|LOOP"
_DOES = "ALTER|CLUSTER|CREATE|DELETE|DROP|INSERT|LOCK|MERGE|REFRESH|REINDEX|SET|TRUNCATE|UPDATE|VACUUM|WITH"
_DOLLARS = re.compile(r"\$(\w*)\$(.*)\$\1\$", re.DOTALL)
_EXECUTED = re.compile(r"\bEXECUTE\s+(?:format\s*\(\s*)?'((?:[^']|'')*)'", re.IGNORECASE)
_HOLE = re.compile(r"%(?:\d+\$)?[IsL]")


def inner(statement: Statement) -> Iterator[Statement]:
    """The statement; or, of a DO block, what it runs, each at the place of the block and in its transaction."""
    if not statement.starts("DO"):
        yield statement
        return
    for text in (word.text for word in statement.words[1:] if word.literal):
        quoted = _DOLLARS.search(text)
        yield from _of_text(text if quoted is None else quoted[2], statement)


def _of_text(text: str, block: Statement) -> Iterator[Statement]:
    for executed in _EXECUTED.finditer(text):
        yield from _of_text(_HOLE.sub("unknown_name", executed[1].replace("''", "'")), block)
    try:
        found = statements(text, block.site.file, transaction=True, at=block.site)
    except NotSql:
        return
    for each in found:
        words = each.words[_beginning(each.words) :]
        if starts(words, _DOES):
            yield Statement(words, block.site, transaction=True)


def _beginning(words: tuple[Word, ...]) -> int:
    """Where the statement begins behind `BEGIN`, `IF … THEN` and the like."""
    behind = [at + 1 for at in range(len(words)) if starts(words[at:], _CONTROL, _DOES)]
    return behind[-1] if behind else 0
