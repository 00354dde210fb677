"""The hazards of a migration: statement by statement, with what the statements before it made or set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backwright.review.findings import Finding
from backwright.review.sql.access import widened
from backwright.review.sql.alter import Hazard, action
from backwright.review.sql.blocks import inner
from backwright.review.sql.changing import changes, hazards
from backwright.review.sql.reading import Statement, Word, commas, find, name, starts, without
from backwright.review.sql.rules import RULES


class _State:
    """What is known from the statements so far."""

    def __init__(self) -> None:
        self.created: set[str] = set()
        self.checked: set[str] = set()
        self.not_null_checks: dict[str, str] = {}
        self.unvalidated: set[str] = set()
        self.values: set[str] = set()
        self.types_away: set[str] = set()
        self.timeout = False
        self.waits: Statement | None = None


def judge(statements: Sequence[Statement], *, plain: bool = True) -> Iterator[Finding]:
    """The findings of one migration. `plain`: it is SQL that runs as it stands, so a lock timeout belongs into it."""
    state = _State()
    for statement in (each for whole in statements for each in inner(whole)):
        for hazard in _hazards(statement, state):
            yield statement.site.finding(RULES[hazard.rule], hazard.message, hazard.severity)
        if starts(statement.words, "COMMIT|ROLLBACK|END") or not statement.transaction:
            state.unvalidated.clear() if not statement.has("NOT", "VALID") else None
            state.values.clear() if not statement.has("ADD", "VALUE") else None
    if plain and state.waits is not None:
        message = "the statement waits for its lock without a limit"
        yield state.waits.site.finding(RULES["no-lock-timeout"], message, "warning")


def _hazards(statement: Statement, state: _State) -> Iterator[Hazard]:
    words = statement.words
    first = words[0].upper
    if first in {"SET", "SELECT"} and any(word.text.lower() == "lock_timeout" for word in words):
        state.timeout = True
    if statement.transaction and statement.has("CONCURRENTLY") and first in {"CREATE", "DROP", "REINDEX"}:
        yield Hazard("concurrently-in-transaction", f"{first} … CONCURRENTLY is refused in a transaction")
    if state.values and first not in {"ALTER", "BEGIN", "COMMIT"} and statement.transaction:
        used = {word.text for word in words if word.literal} & state.values
        for value in sorted(used):
            yield Hazard("enum-value-used-at-once", f"'{value}' was added in the same transaction")
    yield from widened(words)
    match first:
        case "CREATE":
            yield from _create(words, state, statement)
        case "ALTER":
            yield from _alter(words, state, statement)
        case "DROP":
            yield from _drop(words, state, statement)
        case "UPDATE" | "DELETE" | "WITH" | "MERGE":
            for change in changes(words):
                yield from hazards(change, state.created)
        case _:
            yield from _other(words, state, statement)


def _waits(statement: Statement, state: _State) -> None:
    if not state.timeout and state.waits is None:
        state.waits = statement


def _create(words: Sequence[Word], state: _State, statement: Statement) -> Iterator[Hazard]:
    rest = words[1:]
    while starts(rest, "GLOBAL|LOCAL|TEMP|TEMPORARY|UNLOGGED|OR|REPLACE|UNIQUE|MATERIALIZED|FOREIGN"):
        rest = rest[1:]
    if starts(rest, "TABLE|VIEW"):
        table, _ = name(without(rest[1:], "IF", "NOT", "EXISTS"))
        state.created.add(table)
    elif starts(rest, "TYPE"):
        kind, _ = name(rest[1:])
        if kind in state.types_away:
            yield Hazard("enum-value-removed", f"the type `{kind}` is made anew")
    elif starts(rest, "INDEX"):
        on = find(rest, "ON")
        table, _ = name(without(rest[on + 1 :], "ONLY")) if on is not None else ("", ())
        if table not in state.created and not starts(rest, "INDEX", "CONCURRENTLY"):
            _waits(statement, state)
            yield Hazard("index-not-concurrent", f"an index of `{table}` without CONCURRENTLY")


def _alter(words: Sequence[Word], state: _State, statement: Statement) -> Iterator[Hazard]:
    if starts(words, "ALTER", "TYPE"):
        yield from _alter_type(words[2:], state)
        return
    if not starts(words, "ALTER", "TABLE"):
        return
    table, rest = name(without(without(words[2:], "IF", "EXISTS"), "ONLY"))
    if starts(rest[:1]) and rest and rest[0].text == "*":
        rest = rest[1:]
    if table in state.created:
        return
    actions = list(commas(rest))
    if not all(starts(part, "VALIDATE") for part in actions):
        _waits(statement, state)
    for part in actions:
        _remember(part, state)
        if starts(part, "VALIDATE", "CONSTRAINT") and len(part) > 2:
            yield from _validated(part[2].text.lower(), state, statement)
        yield from action(part, state.checked)
        if starts(part, "RENAME", "TO") and len(part) > 2:
            state.created.discard(table)


def _remember(part: Sequence[Word], state: _State) -> None:
    """Constraints that are not validated yet, and which of them say that a column is not null."""
    if not starts(part, "ADD", "CONSTRAINT") or len(part) < 4:
        return
    constraint = part[2].text.lower()
    if find(part, "NOT", "VALID") is not None:
        state.unvalidated.add(constraint)
    at = find(part, "IS", "NOT", "NULL")
    if starts(part[3:], "CHECK") and at is not None:
        column = part[at - 1].text.lower()
        if find(part, "NOT", "VALID") is None:
            state.checked.add(column)
        else:
            state.not_null_checks[constraint] = column


def _validated(constraint: str, state: _State, statement: Statement) -> Iterator[Hazard]:
    if statement.transaction and constraint in state.unvalidated:
        yield Hazard("validated-in-same-transaction", f"`{constraint}` was added in this transaction")
    if constraint in state.not_null_checks:
        state.checked.add(state.not_null_checks[constraint])


def _alter_type(words: Sequence[Word], state: _State) -> Iterator[Hazard]:
    kind, rest = name(words)
    if starts(rest, "ADD", "VALUE"):
        value = next((word.text for word in rest if word.literal), None)
        if value is not None:
            state.values.add(value)
    elif starts(rest, "RENAME", "VALUE"):
        yield Hazard("enum-value-removed", f"a value of `{kind}` is renamed")
    elif starts(rest, "RENAME", "TO"):
        state.types_away.add(kind)


_DROPPED = {"TABLE", "SCHEMA", "DATABASE", "OWNED"}


def _drop(words: Sequence[Word], state: _State, statement: Statement) -> Iterator[Hazard]:
    rest = without(words[1:], "MATERIALIZED")
    kind = rest[0].upper if rest else ""
    if kind == "INDEX":
        if not starts(rest, "INDEX", "CONCURRENTLY"):
            _waits(statement, state)
            yield Hazard("index-change-not-concurrent", "DROP INDEX without CONCURRENTLY")
        return
    if kind == "TYPE":
        dropped, _ = name(without(rest[1:], "IF", "EXISTS"))
        state.types_away.add(dropped)
    target, _ = name(without(rest[1:], "IF", "EXISTS"))
    if kind == "TABLE" and target in state.created:
        return
    if kind in _DROPPED:
        _waits(statement, state)
        yield Hazard("table-dropped", f"{kind.lower()} `{target}` is dropped")
    elif find(words, "CASCADE") is not None:
        yield Hazard("table-dropped", f"{kind.lower()} `{target}` is dropped with all that depends on it")


_BLOCKING = {"EXCLUSIVE", "SHARE"}


def _other(words: Sequence[Word], state: _State, statement: Statement) -> Iterator[Hazard]:
    match words[0].upper:
        case "TRUNCATE":
            table, _ = name(without(without(words[1:], "TABLE"), "ONLY"))
            if table in state.created:
                return
            if find(words, "CASCADE") is not None:
                yield Hazard("truncate", f"`{table}` and every table that refers to it are emptied")
            else:
                yield Hazard("truncate", f"`{table}` is emptied", "warning")
        case "VACUUM" if find(words, "FULL") is not None:
            yield Hazard("table-rewritten", "VACUUM FULL writes the table again")
        case "CLUSTER":
            yield Hazard("table-rewritten", "CLUSTER writes the table again")
        case "LOCK" if not _mild_lock(words):
            _waits(statement, state)
            yield Hazard("table-rewritten", "the table is locked", "warning")
        case "REINDEX" if find(words, "CONCURRENTLY") is None:
            yield Hazard("index-change-not-concurrent", "REINDEX without CONCURRENTLY")
        case "REFRESH" if find(words, "CONCURRENTLY") is None and find(words, "NO", "DATA") is None:
            yield Hazard(
                "index-change-not-concurrent", "REFRESH MATERIALIZED VIEW without CONCURRENTLY", "warning"
            )
        case _:
            return


def _mild_lock(words: Sequence[Word]) -> bool:
    """Whether the mode lets others write: ACCESS SHARE, ROW SHARE, ROW EXCLUSIVE."""
    return any(
        find(words, *mode) is not None
        for mode in (("ACCESS", "SHARE"), ("ROW", "SHARE"), ("ROW", "EXCLUSIVE"))
    )
