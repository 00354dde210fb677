"""The hazards of one action of ALTER TABLE."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from backwright.review.findings import Severity
from backwright.review.sql.reading import Word, find, name, starts, without

Words = Sequence[Word]


class Hazard(msgspec.Struct, frozen=True):
    """A rule by name, what was met, and how bad. `locks`: it waits for a lock that blocks others."""

    rule: str
    message: str
    severity: Severity = "error"


_VOLATILE = {
    "random",
    "gen_random_uuid",
    "gen_random_bytes",
    "uuid_generate_v1",
    "uuid_generate_v1mc",
    "uuid_generate_v4",
    "uuidv4",
    "uuidv7",
    "clock_timestamp",
    "timeofday",
    "nextval",
    "txid_current",
    "setseed",
}
_STABLE = {
    "now",
    "transaction_timestamp",
    "statement_timestamp",
    "current_setting",
    "current_date",
    "lower",
    "upper",
    "trim",
    "coalesce",
    "concat",
    "date_trunc",
    "timezone",
    "to_char",
    "to_timestamp",
    "to_date",
    "make_date",
    "make_interval",
    "interval",
    "jsonb_build_object",
    "jsonb_build_array",
    "json_build_object",
    "json_build_array",
    "to_jsonb",
    "to_json",
    "to_tsvector",
    "array_fill",
    "round",
    "abs",
    "cast",
    "row",
    "md5",
    "numeric",
    "decimal",
    "varchar",
    "char",
    "timestamp",
    "timestamptz",
    "bit",
    "current_timestamp",
    "localtimestamp",
    "time",
}
_ENDS = {"NOT", "NULL", "CONSTRAINT", "CHECK", "UNIQUE", "PRIMARY", "REFERENCES", "GENERATED", "COLLATE"}
_SERIAL = {"SERIAL", "BIGSERIAL", "SMALLSERIAL", "SERIAL4", "SERIAL8", "SERIAL2"}
_KEPT_TYPES = {"TEXT", "VARCHAR", "CHARACTER"}


def action(words: Words, checked: set[str]) -> Iterator[Hazard]:
    """What is hazardous about it. `checked`: columns that a validated CHECK has proved to be not null."""
    if starts(words, "ADD"):
        yield from _added(words[1:])
    elif starts(words, "ALTER"):
        yield from _altered(without(words[1:], "COLUMN"), checked)
    elif starts(words, "RENAME"):
        yield from _renamed(words[1:])
    elif starts(words, "DROP") and not starts(words, "DROP", "CONSTRAINT"):
        column, _ = name(without(without(words[1:], "COLUMN"), "IF", "EXISTS"))
        yield Hazard("column-dropped", f"`{column}` is dropped")
    elif starts(words, "SET", "SCHEMA"):
        yield Hazard("table-renamed", "the table goes to another schema")
    elif starts(words, "SET", "LOGGED|UNLOGGED|TABLESPACE"):
        yield Hazard("table-rewritten", f"SET {words[1].upper} rewrites the table")
    elif starts(words, "DISABLE", "TRIGGER", "ALL"):
        yield Hazard("table-rewritten", "foreign keys are not looked at while triggers are off")


def _added(words: Words) -> Iterator[Hazard]:
    named = starts(words, "CONSTRAINT")
    body = words[2:] if named else words
    if starts(body, "CHECK|UNIQUE|PRIMARY|FOREIGN|EXCLUDE|NOT"):
        yield from _constraint(body)
        return
    column, rest = name(without(without(words, "COLUMN"), "IF", "NOT", "EXISTS"))
    yield from _column(column, rest)


def _constraint(body: Words) -> Iterator[Hazard]:
    valid = find(body, "NOT", "VALID") is None
    kind = body[0].upper
    if kind == "FOREIGN" and valid:
        yield Hazard("foreign-key-validated-at-once", "a foreign key without NOT VALID")
    elif kind in {"CHECK", "NOT"} and valid:
        yield Hazard("check-validated-at-once", "a check without NOT VALID")
    elif kind in {"UNIQUE", "PRIMARY", "EXCLUDE"} and find(body, "USING", "INDEX") is None:
        words = {"PRIMARY": "a primary key", "UNIQUE": "a unique key", "EXCLUDE": "an exclusion"}[kind]
        yield Hazard("unique-without-index", f"{words} whose index is built now")


def _column(column: str, rest: Words) -> Iterator[Hazard]:
    default = _default(rest)
    generated = find(rest, "GENERATED")
    kind = rest[0].upper if rest else ""
    rewriting = kind in _SERIAL or generated is not None
    if kind in _SERIAL:
        yield Hazard(
            "column-default-rewrites", f"`{column}` is {rest[0].text.lower()}: a number for each row"
        )
    elif generated is not None and starts(rest[generated:], "GENERATED", "ALWAYS", "AS", "("):
        if find(rest, "VIRTUAL") is None:
            yield Hazard("column-default-rewrites", f"`{column}` is computed and stored for each row")
    elif generated is not None:
        yield Hazard("column-default-rewrites", f"`{column}` is an identity: a number for each row")
    elif default:
        yield from _volatile(column, default)
    not_null = find(rest, "NOT", "NULL") is not None or find(rest, "PRIMARY", "KEY") is not None
    if not_null and not default and not rewriting:
        yield Hazard("not-null-without-default", f"`{column}` is NOT NULL without a default")
    if find(rest, "UNIQUE") is not None or find(rest, "PRIMARY", "KEY") is not None:
        yield Hazard("unique-without-index", f"`{column}` is a key, whose index is built now")
    if find(rest, "REFERENCES") is not None and default:
        yield Hazard("foreign-key-validated-at-once", f"`{column}` has a default and a foreign key")


def _default(rest: Words) -> Words:
    start = find(rest, "DEFAULT")
    if start is None:
        return ()
    depth = 0
    for number in range(start + 1, len(rest)):
        word = rest[number]
        depth += (word.text in "([") - (word.text in ")]") if word.text and not word.literal else 0
        if depth == 0 and word.upper in _ENDS and not (word.upper == "NULL" and number == start + 1):
            return rest[start + 1 : number]
    return rest[start + 1 :]


def _volatile(column: str, default: Words) -> Iterator[Hazard]:
    for number, word in enumerate(default[:-1]):
        called = default[number + 1].text == "(" and not word.literal and word.text.isidentifier()
        if not called:
            continue
        function = word.text.lower()
        if function in _VOLATILE:
            yield Hazard(
                "column-default-rewrites", f"`{column}` has the default {function}(), another for each row"
            )
            return
        if function not in _STABLE:
            message = f"`{column}` has the default {function}(), which may be another for each row"
            yield Hazard("column-default-rewrites", message, "warning")
            return


def _altered(words: Words, checked: set[str]) -> Iterator[Hazard]:
    column, rest = name(words)
    if starts(rest, "SET", "NOT", "NULL"):
        if column not in checked:
            yield Hazard("set-not-null", f"`{column}` becomes NOT NULL")
    elif starts(rest, "TYPE") or starts(rest, "SET", "DATA", "TYPE"):
        kind = rest[1:] if starts(rest, "TYPE") else rest[3:]
        mild = bool(kind) and kind[0].upper in _KEPT_TYPES and find(kind, "USING") is None
        severity: Severity = "warning" if mild else "error"
        yield Hazard("column-type-changed", f"`{column}` becomes {_text(kind)}", severity)
    elif starts(rest, "ADD", "GENERATED"):
        yield Hazard("column-default-rewrites", f"`{column}` becomes an identity", "warning")


def _text(words: Words) -> str:
    end = find(words, "USING")
    return " ".join(word.text for word in words[:end]).replace(" ( ", "(").replace(" )", ")")


def _renamed(words: Words) -> Iterator[Hazard]:
    if starts(words, "TO"):
        yield Hazard(
            "table-renamed", f"the table is called {words[1].text if len(words) > 1 else ''} from now on"
        )
    elif not starts(words, "CONSTRAINT"):
        column, rest = name(without(words, "COLUMN"))
        later = rest[1].text if len(rest) > 1 else ""
        yield Hazard("column-renamed", f"`{column}` is called `{later}` from now on")
