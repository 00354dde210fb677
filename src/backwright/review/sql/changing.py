"""UPDATE and DELETE: which rows they reach, also where they stand behind or inside of a WITH."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from backwright.review.sql.alter import Hazard
from backwright.review.sql.reading import Word, name, starts, without

Words = Sequence[Word]
_MAIN = "SELECT|INSERT|UPDATE|DELETE|MERGE|VALUES|TABLE"


class Outside(msgspec.Struct, frozen=True):
    """The words that stand in no parentheses: a WHERE of a subquery says nothing about the rows that are changed."""

    words: Words

    def find(self, *expected: str) -> int | None:
        depth = 0
        for number, word in enumerate(self.words):
            if depth == 0 and starts(self.words[number:], *expected):
                return number
            depth += _step(word)
        return None


def changes(words: Words) -> Iterator[Words]:
    """Every UPDATE, DELETE and MERGE of a statement."""
    if starts(words, "UPDATE|DELETE|MERGE"):
        yield words
    elif starts(words, "WITH"):
        opened, depth = 0, 0
        for number, word in enumerate(words):
            if depth == 0 and starts(words[number:], _MAIN):
                yield from changes(words[number:])
                return
            step = _step(word)
            if step > 0 and depth == 0:
                opened = number
            depth += step
            if step < 0 and depth == 0 and starts(words[opened - 1 :], "AS|MATERIALIZED"):
                yield from changes(words[opened + 1 : number])


def _step(word: Word) -> int:
    if word.literal:
        return 0
    return (word.text == "(") - (word.text == ")")


def hazards(words: Words, created: set[str]) -> Iterator[Hazard]:
    """What one UPDATE or DELETE does to all rows. `created`: tables that the same migration makes."""
    if starts(words, "MERGE"):
        yield from _merged(words, created)
        return
    updates = words[0].upper == "UPDATE"
    rest = without(words[1:], "ONLY") if updates else without(without(words[1:], "FROM"), "ONLY")
    table, _ = name(rest)
    if not updates and table == "pg_enum":
        yield Hazard("enum-value-removed", "a value is deleted from pg_enum")
        return
    if table in created:
        return
    where = Outside(words).find("WHERE")
    what = "changed" if updates else "deleted"
    if where is None or _always(words[where + 1 :]):
        yield Hazard("backfill-without-batches", f"every row of `{table}` is {what} at once")
    elif _only_null(words[where + 1 :]):
        yield Hazard("backfill-without-batches", f"all such rows of `{table}` are {what} at once")


def _merged(words: Words, created: set[str]) -> Iterator[Hazard]:
    """Rows that match are changed at once; how many these are, only the source knows."""
    table, _ = name(without(without(words[1:], "INTO"), "ONLY"))
    outside = Outside(words)
    for verb, what in (("UPDATE", "changed"), ("DELETE", "deleted")):
        if table not in created and outside.find("THEN", verb) is not None:
            message = f"all rows of `{table}` that match are {what} at once"
            yield Hazard("backfill-without-batches", message, "warning")


def _always(condition: Words) -> bool:
    """Whether the condition is one for show: TRUE, `1 = 1`."""
    shown = [word.text.lower() for word in condition[: Outside(condition).find("RETURNING")]]
    return shown == ["true"] or (len(shown) == 3 and shown[0] == shown[2] and shown[1] == "=")


def _only_null(condition: Words) -> bool:
    _, rest = name(condition)
    rest = rest[: Outside(rest).find("RETURNING")]
    return len(rest) in {2, 3} and starts(rest, "IS") and rest[-1].upper == "NULL"
