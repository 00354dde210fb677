# ruff: noqa: S608 (SQL is what this module writes, from validated names and its own literals)
"""Two columns that say the same to two versions of a service, kept in step while both serve (PostgreSQL).

Whatever one version writes, a trigger writes for the other one before the row is stored. A version speaks where its
column changes to something that the other column does not say already; so what digits go on the way stay where they
were, until somebody writes another value. What only one of the versions could say is refused meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backwright.emit.sql import quoted
from backwright.migrate.keeping import BATCH, none_without_counterpart
from backwright.migrate.literals import text
from backwright.migrate.move import Direction, Step, Twins
from backwright_runtime.database.names import shortened


def _name(table: str) -> str:
    """Of the trigger and its function."""
    return quoted(shortened(f"backwright_{table}_in_step"))


def kept_in_step(table: str, twins: Sequence[Twins], direction: Direction) -> Iterator[str]:
    """The trigger. On the way up rows lack the later column until they are filled, on the way down the earlier."""
    parts = "\n".join(_spoken(each, direction) for each in twins)
    yield (
        f"CREATE FUNCTION {_name(table)}() RETURNS trigger LANGUAGE plpgsql AS $in_step$\n"
        f"BEGIN\n{parts}\n    RETURN NEW;\nEND\n$in_step$;"
    )
    yield (
        f"CREATE TRIGGER {_name(table)} BEFORE INSERT OR UPDATE ON {quoted(table)}\n"
        f"    FOR EACH ROW EXECUTE FUNCTION {_name(table)}();"
    )


def parted(table: str) -> Iterator[str]:
    """From here on each column says what it says."""
    yield f"DROP TRIGGER {_name(table)} ON {quoted(table)};"
    yield f"DROP FUNCTION {_name(table)}();"


def unfit(twins: Sequence[Twins], direction: Direction) -> Iterator[Step]:
    """Nothing that is stored may be without a counterpart."""
    for each in twins:
        column, conversion = (
            (each.former, each.carry.there) if direction == "up" else (each.later, each.carry.back)
        )
        if misfit := conversion.misfit(quoted(column)):
            title = f"{each.table}: every {column} has a counterpart"
            yield Step(title, tuple(none_without_counterpart(quoted(each.table), misfit)))


def caught_up(table: str, twins: Sequence[Twins], direction: Direction) -> Iterator[Step]:
    """Rows that were there before the trigger, some at a time. (Not by their key: it may hold null.)"""
    name = quoted(table)
    for each in twins:
        former, later, carry = quoted(each.former), quoted(each.later), each.carry
        if direction == "up":
            target, value = later, carry.value(former)
            behind = f"{later} IS NULL" + ("" if carry.fill else f" AND {former} IS NOT NULL")
        else:
            target, value = former, carry.back.of(later)
            behind = (
                f"{former} IS DISTINCT FROM {value}\n"
                f"        AND {later} IS DISTINCT FROM {carry.there.where_fit(former, carry.value(former))}"
            )
        yield Step(
            f"{table}: {each.later if direction == 'up' else each.former} of rows that are there",
            (
                f"UPDATE {name}\nSET {target} = {value}\nWHERE ctid IN (\n    SELECT ctid FROM {name}\n"
                f"    WHERE {behind}\n    LIMIT {BATCH}\n    FOR UPDATE\n);",
            ),
            "in batches",
        )


def _spoken(twins: Twins, direction: Direction) -> str:
    """Which of the two versions speaks, and what it says to the other one."""
    carry = twins.carry
    former, later = f"NEW.{quoted(twins.former)}", f"NEW.{quoted(twins.later)}"
    was_former, was_later = f"OLD.{quoted(twins.former)}", f"OLD.{quoted(twins.later)}"
    there, back = (
        carry.there.where_fit(former, carry.value(former)),
        carry.back.where_fit(later, carry.back.of(later)),
    )
    unfilled = (
        f"{later} IS NULL AND {was_later} IS NULL"
        if direction == "up"
        else f"{former} IS NULL AND {was_former} IS NULL AND {later} IS NOT NULL"
    )
    earlier_speaks = (
        f"{later} IS NOT DISTINCT FROM {was_later} AND {former} IS DISTINCT FROM {was_former}\n"
        f"            AND {former} IS DISTINCT FROM {back}"
    )
    later_speaks = f"{later} IS DISTINCT FROM {was_later} AND {later} IS DISTINCT FROM {there}"
    if direction == "up":
        earlier_speaks = f"({unfilled}) OR ({earlier_speaks})"
    else:
        later_speaks = f"({unfilled}) OR ({later_speaks})"
    return (
        f"    IF (CASE TG_OP WHEN 'INSERT' THEN {later} IS NULL\n        ELSE {earlier_speaks} END) THEN\n"
        f"{_refusing(twins, carry.there.misfit(former))}"
        f"        {later} := {carry.value(former)};\n"
        f"    ELSIF (CASE TG_OP WHEN 'INSERT' THEN {later} IS DISTINCT FROM {there}\n"
        f"        ELSE {later_speaks} END) THEN\n"
        f"{_refusing(twins, carry.back.misfit(later))}"
        f"        {former} := {carry.back.of(later)};\n"
        "    END IF;"
    )


def _refusing(twins: Twins, misfit: str) -> str:
    if not misfit:
        return ""
    constraint = shortened(f"{twins.table}_{twins.later}_in_step")
    words = f"{twins.former} and {twins.later} of {twins.table} cannot both say this value"
    return (
        f"        IF ({misfit}) THEN\n"
        f"            RAISE EXCEPTION {text(words)} USING ERRCODE = 'check_violation',\n"
        f"                TABLE = {text(twins.table)}, CONSTRAINT = {text(constraint)};\n"
        "        END IF;\n"
    )
