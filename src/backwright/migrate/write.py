"""Writes the files of one migration: plain SQL up and down for each database, the plan, and the model."""

from __future__ import annotations

from backwright.migrate import postgresql, sqlite
from backwright.migrate.expansion import EARLIER, Expansion, contracting, moving
from backwright.migrate.move import Move, Step, down, up
from backwright.migrate.naming import clock
from backwright.migrate.schema import DIALECTS
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
        files |= _both_ways(moving(before, after, dialect, stamp), before)
    files["plan.json"] = show.as_json(plan)
    files["model.json"] = snapshot.encode(after).decode()
    if before is not None and in_two_steps(before, after):
        files[EARLIER] = snapshot.encode(before).decode()
    return files


def write_contraction(plan: Plan, found: Expansion, after: Model, stamp: str) -> dict[str, str]:
    """The files of the migration that takes away what an expansion has left. `after` is the model at hand."""
    files: dict[str, str] = {}
    for dialect in DIALECTS:
        files |= _both_ways(contracting(found, dialect, stamp), found.before)
    return {**files, "plan.json": show.as_json(plan), "model.json": snapshot.encode(after).decode()}


def _both_ways(forward: Move, before: Model | None) -> dict[str, str]:
    return {
        f"up.{forward.dialect}.sql": _sql(forward),
        f"down.{forward.dialect}.sql": _sql(down(forward, before)),
    }


def changes_data(before: Model | None, after: Model) -> bool:
    """Whether a migration between the models has any step at all."""
    return any(bool(list(steps(up(before, after, dialect, "0")))) for dialect in DIALECTS)


def steps(move: Move) -> list[Step]:
    """The steps of a move in its own dialect."""
    found = postgresql.steps(move) if move.dialect == "postgresql" else sqlite.steps(move)
    return [step for step in found if step.statements]


def _sql(move: Move) -> str:
    found = steps(move)
    if not found:
        return "-- Nothing to do: the stored data stays as it is.\n"
    parts = [
        f"-- step {number}{_manner(step)}: {step.title}\n" + "\n".join(step.statements)
        for number, step in enumerate(found, start=1)
    ]
    return "\n\n".join(parts) + "\n"


def _manner(step: Step) -> str:
    return "" if step.manner == "in a transaction" else f", {step.manner}"
