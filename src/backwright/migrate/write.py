"""Writes the files of one migration: plain SQL up and down for each database, the plan, and the model."""

from __future__ import annotations

from backwright.migrate import parting, postgresql, rekeying, sqlite
from backwright.migrate.expansion import EARLIER, Expansion, contracting, moving
from backwright.migrate.move import Move, Step, down
from backwright.migrate.naming import clock
from backwright.migrate.schema import DIALECTS, Dialect
from backwright.model import snapshot
from backwright.model.types import Model
from backwright.plan import show
from backwright.plan.plan import Plan
from backwright.plan.two_steps import in_two_steps


def write(plan: Plan, before: Model | None, after: Model, stamp: str | None = None) -> dict[str, str]:
    """The files of the migration folder whose name begins with `stamp`: file name to text.

    Raises ValueError when the plan holds a change that cannot be carried out.
    """
    if plan.refused:
        raise ValueError("\n".join(diagnostic.text() for diagnostic in plan.refused))
    stamp = stamp or clock().strftime("%Y%m%d%H%M%S")
    files: dict[str, str] = {}
    for dialect in DIALECTS:
        files |= _both_ways(moves(before, after, dialect, stamp))
    files["plan.json"] = show.as_json(plan)
    files["model.json"] = snapshot.encode(after).decode()
    if before is not None and in_two_steps(before, after):
        files[EARLIER] = snapshot.encode(before).decode()
    return files


def write_contraction(plan: Plan, found: Expansion, after: Model, stamp: str) -> dict[str, str]:
    """The files of the migration that takes away what an expansion has left. `after` is the model at hand."""
    files: dict[str, str] = {}
    for dialect in DIALECTS:
        files |= _both_ways([(contracting(found, dialect, stamp), found.before)])
    return {**files, "plan.json": show.as_json(plan), "model.json": snapshot.encode(after).decode()}


Moves = list[tuple[Move, Model | None]]
"""The moves of a migration in order, each with the model that it begins from."""


def moves(before: Model | None, after: Model, dialect: Dialect, stamp: str) -> Moves:
    """What a migration does: where rows get other keys or fields move, that first, and then the rest."""
    if before is None:
        return [(moving(before, after, dialect, stamp), before)]
    if (apart := parting.between(before, after)) is not None:
        first = parting.first(before, apart, after, dialect, stamp)
        return [(first, before), (parting.rest(before, apart, after, dialect, stamp), apart)]
    between = rekeying.between(before, after, dialect)
    if between is None:
        return [(moving(before, after, dialect, stamp), before)]
    first = rekeying.rekeying(before, between, after, dialect, stamp)
    rest = rekeying.rest(before, between, after, dialect, stamp)
    return [(first, before), (rest, between)]


def _both_ways(found: Moves) -> dict[str, str]:
    dialect = found[0][0].dialect
    return {
        f"up.{dialect}.sql": _sql([step for move, _ in found for step in steps(move)]),
        f"down.{dialect}.sql": _sql(
            [step for move, before in reversed(found) for step in steps(down(move, before))]
        ),
    }


def changes_data(before: Model | None, after: Model) -> bool:
    """Whether a migration between the models has any step at all."""
    return any(bool(steps(move)) for dialect in DIALECTS for move, _ in moves(before, after, dialect, "0"))


def steps(move: Move) -> list[Step]:
    """The steps of a move in its own dialect."""
    found = postgresql.steps(move) if move.dialect == "postgresql" else sqlite.steps(move)
    return [step for step in (*move.ahead, *found, *move.then) if step.statements]


def _sql(found: list[Step]) -> str:
    if not found:
        return "-- Nothing to do: the stored data stays as it is.\n"
    parts = [
        f"-- step {number}{_manner(step)}: {step.title}\n" + "\n".join(step.statements)
        for number, step in enumerate(found, start=1)
    ]
    return "\n\n".join(parts) + "\n"


def _manner(step: Step) -> str:
    return "" if step.manner == "in a transaction" else f", {step.manner}"
