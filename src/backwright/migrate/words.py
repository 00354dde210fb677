"""What the steps of a migration do, in words: the comment over each."""

from __future__ import annotations

from backwright.migrate.move import Alteration, Move
from backwright.migrate.schema import Table


def created(table: Table, move: Move) -> str:
    """`create order`, or that its rows come back."""
    if move.direction == "down":
        return f"create {table.name} again, with its rows from {move.kept(table.name)}"
    return f"create {table.name}"


def dropped(table: Table, move: Move) -> str:
    """`drop order`, and where its rows are kept."""
    if move.direction == "up":
        return f"drop {table.name}, keeping its rows in {move.kept(table.name)}"
    return f"drop {table.name}"


def altered(change: Alteration, move: Move) -> str:
    """`order: rename due to deadline; add priority`."""
    parts = [f"rename {old} to {new}" for new, old in change.renamed.items()]
    if move.direction == "up":
        parts += [f"add {name}" for name in change.added]
        parts += [
            f"drop {name}, keeping its values in {move.kept(change.former_name, name)}"
            for name in change.removed
        ]
    else:
        parts += [f"add {name} again, with its values from the retained table" for name in change.added]
        parts += [f"drop {name}" for name in change.removed]
    parts += [f"change {new}" for new, old in change.columns.items() if _differs(change, new, old)]
    indexes = _indexes(change)
    return f"{change.after.name}: {'; '.join([*parts, *indexes]) or 'names of constraints and indexes'}"


def _differs(change: Alteration, new: str, old: str) -> bool:
    before, after = change.before.column(old), change.after.column(new)
    rules = [
        [check.rule for check in table.checks if check.column == name]
        for table, name in ((change.before, old), (change.after, new))
    ]
    same = (before.type, before.nullable, before.default) == (after.type, after.nullable, after.default)
    return not same or rules[0] != rules[1]


def _indexes(change: Alteration) -> list[str]:
    now = {old: new for new, old in change.columns.items()}
    former = {tuple(now.get(t.column) for t in index.terms): index.name for index in change.before.indexes}
    later = {tuple(t.column for t in index.terms): index.name for index in change.after.indexes}
    gone = [f"drop index {name}" for form, name in former.items() if form not in later and all(form)]
    return [*gone, *(f"add index {name}" for form, name in later.items() if form not in former)]
