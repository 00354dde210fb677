"""Who gets which pack: tasks that are named on the command line, by the card, or that depend on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal as OneOf

import msgspec

from backwright.spec.diagnostics import Place, SpecificationError, diagnose, register
from backwright.task import cards
from backwright.task.cards import Card

NO_PACK = register(
    "BW940",
    "There is no hand-over pack for this task",
    "A pack is made for those who test (QA-…), build a front end (FE-…) or run the service (DO-…); one that is "
    "addressed to somebody else would not be read.",
    "backwright handover --to BE-002",
)

Kind = OneOf["FE", "DO", "QA"]
KINDS: tuple[Kind, ...] = ("FE", "DO", "QA")


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """One pack and the tasks that it is for; none: whoever needs it."""

    kind: Kind
    tasks: tuple[str, ...]


def addresses(card: Card | None, others: Iterable[Card], to: Sequence[str]) -> tuple[Address, ...]:
    """The packs to write. Raises SpecificationError (BW940).

    With `to`, only those of the tasks named there. Otherwise all of them: for the tasks that the received card hands
    over to, and for those whose cards depend on it.
    """
    if to:
        named = [_known(task) for task in to]
        return tuple(each for each in _by_kind(named) if each.tasks)
    return _by_kind(_waiting(card, others))


def _known(task: str) -> str:
    found = cards.ids(task.strip().upper())
    if len(found) != 1 or found[0] != task.strip().upper() or _kind(found[0]) is None:
        message = f"nothing is handed over to {task!r}"
        mend = f"name a task that begins with {', '.join(f'{kind}-' for kind in KINDS)}"
        raise SpecificationError([diagnose(NO_PACK, Place("", 0, 0), message, mend)])
    return found[0]


def _waiting(card: Card | None, others: Iterable[Card]) -> list[str]:
    if card is None:
        return []
    named = [task for text in card.hand_over for task in cards.ids(text)]
    behind = [other.id for other in others if card.id in cards.ids(" ".join(other.dependencies))]
    return [*named, *behind]


def _by_kind(tasks: Iterable[str]) -> tuple[Address, ...]:
    alike = sorted(set(tasks))
    return tuple(
        Address(kind=kind, tasks=tuple(task for task in alike if _kind(task) == kind)) for kind in KINDS
    )


def _kind(task: str) -> Kind | None:
    prefix = task.partition("-")[0]
    return next((kind for kind in KINDS if kind == prefix), None)
