"""What the steps of a migration do, in words: the comment over each."""

from __future__ import annotations

from backwright.migrate.conversions import SAME
from backwright.migrate.move import Alteration, Move
from backwright.migrate.schema import Table


def created(table: Table, move: Move) -> str:
    """`create order`, or that its rows come back."""
    if links := move.fed(table):
        return f"create {table.name}, for links in place of {links.reference} of {links.owner}"
    if move.direction == "down":
        return f"create {table.name} again, with its rows from {move.kept(table.name)}"
    return f"create {table.name}"


def dropped(table: Table, move: Move) -> str:
    """`drop order`, and where its rows are kept."""
    if move.direction == "up" and not move.moved(table.name):
        return f"drop {table.name}, keeping its rows in {move.kept(table.name)}"
    return f"drop {table.name}"


def altered(change: Alteration, move: Move) -> str:
    """`order: rename due to deadline; add priority`."""
    parts = [f"rename {old} to {new}" for new, old in change.renamed.items()]
    if move.direction == "up":
        parts += [_added(change, name, move) or f"add {name}" for name in change.added]
        parts += [
            f"drop {name}"
            if move.becoming(change.after.name, name)
            else f"drop {name}, keeping its values in {move.kept(change.former_name, name)}"
            for name in change.removed
        ]
    else:
        parts += [
            _added(change, name, move) or f"add {name} again, with its values from the retained table"
            for name in change.added
        ]
        parts += [f"drop {name}" for name in change.removed]
    parts += [_carried(change, new, move) for new in change.carries]
    stays = (each for each in change.columns.items() if each[0] not in change.carries)
    parts += [f"change {new}" for new, old in stays if _differs(change, new, old)]
    parts += ["refer to what has another name"] if change.follows else []
    indexes = _indexes(change)
    said = [*parts, *_references(change), *_conditions(change), *indexes]
    return f"{change.after.name}: {'; '.join(said) or 'names of constraints and indexes'}"


def _added(change: Alteration, name: str, move: Move) -> str:
    """`add label_id from the links in task_labels`, where it is so."""
    links = move.source(change.after.name, name)
    return f"add {name} from the links in {links.links}" if links else ""


def _carried(change: Alteration, new: str, move: Move) -> str:
    """`convert size to bigint, keeping what would not come back in …`."""
    carry, old = change.carries[new], change.columns[new]
    before, after = change.before.column(old).type, change.after.column(new).type
    done = (
        f"convert {new} to {after}"
        if carry.there != SAME and before != after
        else f"fill {new} where it is null"
    )
    if carry.there != SAME and before == after:
        done = f"convert {new}"
    if carry.keeps and move.direction == "up":
        return f"{done}, keeping what would not come back in {move.kept(change.former_name, old)}"
    return f"{done}, with the values that were kept" if carry.keeps else done


def _differs(change: Alteration, new: str, old: str) -> bool:
    before, after = change.before.column(old), change.after.column(new)
    rules = [
        [check.rule for check in table.checks if check.column == name]
        for table, name in ((change.before, old), (change.after, new))
    ]
    same = (before.type, before.nullable, before.default) == (after.type, after.nullable, after.default)
    return not same or rules[0] != rules[1]


def _references(change: Alteration) -> list[str]:
    """References of columns that stay, and that mean something else."""
    forms = []
    for table, now in ((change.before, change.now), (change.after, {})):
        forms.append(
            {
                (tuple(now.get(each, each) for each in key.columns), key.table, key.keys, key.on_delete): key
                for key in table.foreign_keys
            }
        )
    former, later = forms
    stays = change.columns
    new = [key.columns[-1] for form, key in later.items() if form not in former and key.columns[-1] in stays]
    gone = [
        change.now[key.columns[-1]]
        for form, key in former.items()
        if form not in later and key.columns[-1] in change.now
    ]
    return [f"change where {name} leads" for name in dict.fromkeys([*new, *gone])]


def _conditions(change: Alteration) -> list[str]:
    former, later = (
        {check.rule: check.name for check in table.checks if not check.column}
        for table in (change.before, change.after)
    )
    gone = [f"drop check {name}" for rule, name in former.items() if rule not in later]
    return [*gone, *(f"add check {name}" for rule, name in later.items() if rule not in former)]


def _indexes(change: Alteration) -> list[str]:
    now = change.now
    former = {
        (tuple(now.get(t.column) for t in index.terms), index.unique, bool(index.live)): index.name
        for index in change.before.indexes
    }
    later = {
        (tuple(t.column for t in index.terms), index.unique, bool(index.live)): index.name
        for index in change.after.indexes
    }
    gone = [f"drop index {name}" for form, name in former.items() if form not in later and all(form[0])]
    return [*gone, *(f"add index {name}" for form, name in later.items() if form not in former)]
